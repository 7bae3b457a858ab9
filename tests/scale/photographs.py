"""Generated photographs in folders, some of them broken, and the figures by which two runs are compared."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from cleanplate.scale.manifest import read_manifest


def jpeg(seed: int, *, width: int = 96, height: int = 64) -> bytes:
    """A soft texture of its own."""
    noise = np.random.default_rng(seed).integers(40, 220, (height // 8, width // 8, 3), np.uint8)
    ok, data = cv2.imencode(".jpg", cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC))
    assert ok
    return data.tobytes()


def photographs(folder: Path, count: int, *, every_broken: int = 0, width: int = 96, height: int = 64) -> None:
    """``count`` photographs in ten sub-folders; each ``every_broken``-th is truncated, no picture, or empty in turn."""
    for number in range(count):
        data = jpeg(number, width=width, height=height)
        if every_broken and number % every_broken == 0:
            data = (data[: len(data) // 2], b"this is no picture", b"")[number // every_broken % 3]
        place = folder / f"{number % 10}" / f"{number:04d}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def results(target: str) -> dict[str, tuple[str, str | None, str | None]]:
    """State, reason and hash of each picture; fails if one has two rows."""
    rows = read_manifest(target)
    assert len({row["key"] for row in rows}) == len(rows)
    return {row["key"]: (row["state"], row["reason"], row["sha256"]) for row in rows}
