"""Figures of mattes of video: how right, how steady, and how soon right again after a cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cleanplate.types import Alpha
from evaluation.matting.clips import Clip, joined
from evaluation.matting.methods import Method
from evaluation.metrics import dtssd, iou, mad

Row = dict[str, Any]
_NEAR = 1.1, 2.0
"""An alpha counts as recovered when its MAD x 1000 is at most 1.1 times, plus 2, that of a fresh start."""


def mattes(method: Method, clip: Clip, *, remember: bool) -> list[Alpha]:
    """Alphas of all frames, each given the one before where ``remember`` is set."""
    found: list[Alpha] = []
    for frame in clip.frames:
        previous = found[-1] if remember and found else None
        found.append(method.alpha(frame, previous))
    return found


def measured(method: Method, clip: Clip, *, remember: bool) -> Row:
    """Figures of one clip: mean IoU and MAD of its frames, and dtSSD."""
    found = mattes(method, clip, remember=remember)
    pairs = list(zip(found, clip.truth, strict=True))
    return {
        "set": clip.group,
        "clip": clip.name,
        "method": f"{method.name}, {'with' if remember else 'without'} the alpha before",
        "frames": len(found),
        "iou": float(np.mean([iou(one > 0.5, two > 0.5) for one, two in pairs])),
        "mad": float(np.mean([1000 * mad(one, two) for one, two in pairs])),
        "dtssd": 100 * dtssd(found, clip.truth),
    }


def recovery(method: Method, first: Clip, second: Clip, *, frames: int = 10) -> int:
    """Frames after a cut until the alpha is as good as from a fresh start; ``frames`` if it is not by then."""
    short = Clip(second.group, second.name, second.frames[:frames], second.truth[:frames])
    fresh = mattes(method, short, remember=True)
    after = mattes(method, joined(first, short), remember=True)[len(first.frames) :]
    for number, (one, two, truth) in enumerate(zip(after, fresh, short.truth, strict=True)):
        if 1000 * mad(one, truth) <= _NEAR[0] * 1000 * mad(two, truth) + _NEAR[1]:
            return number
    return len(short.frames)


def table(rows: Sequence[Row]) -> list[str]:
    """Markdown: one table a set, one line a method, frames counting alike."""
    lines: list[str] = []
    for group in dict.fromkeys(row["set"] for row in rows):
        own = [row for row in rows if row["set"] == group]
        clips = len({row["clip"] for row in own})
        heads = "| method | frames | IoU | MAD x 1000 | dtSSD x 100 |"
        lines += ["", f"### {group} ({clips} clips)", "", heads, "|---|---|---|---|---|"]
        for name in dict.fromkeys(row["method"] for row in own):
            part = [row for row in own if row["method"] == name]
            weights = [row["frames"] for row in part]
            mean = {key: np.average([row[key] for row in part], weights=weights) for key in ("iou", "mad", "dtssd")}
            lines.append(f"| {name} | {sum(weights)} | {mean['iou']:.3f} | {mean['mad']:.1f} | {mean['dtssd']:.2f} |")
    return lines
