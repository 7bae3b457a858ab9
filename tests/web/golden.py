"""Writes what each stage of filling makes of a small made-up picture, for the TypeScript stages to be compared with.

``python tests/web/golden.py`` writes ``web/test/local/golden.json``; a test checks that it is up to date. Arrays are
base64 of their little-endian bytes. Completion is given, not computed: patch search is random, everything after it is
not.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.compose.backdrop import out_of_focus
from cleanplate.compose.seam import feather
from cleanplate.inpaint.correspondence import search
from cleanplate.inpaint.engine import Completion
from cleanplate.inpaint.membrane import levelled
from cleanplate.inpaint.residual import aggregate
from cleanplate.inpaint.shrink import shrink
from cleanplate.mask.growth import grow
from cleanplate.mask.windows import plan_windows
from cleanplate.matting.foreground import foreground_colours
from cleanplate.matting.network import open_network
from cleanplate.matting.portrait import without_specks, working_size
from cleanplate.matting.refine import refine
from cleanplate.tasks.fill import fill
from cleanplate.types import Mask

FILE = Path(__file__).parents[2] / "web/test/local/golden.json"


class Known:
    """An engine without chance: each cell of the hole takes the mean of its row's known cells."""

    name = "rows"
    device = "cpu"
    working_size = 48
    notes: tuple[str, ...] = ()

    def complete(self, image: NDArray[np.uint8], hole: Mask, *, avoid: Mask, seed: int) -> Completion:
        """Fill the hole row by row."""
        known = ~(hole | avoid)
        count = known.sum(axis=1)
        total = (image.astype(np.int64) * known[..., None]).sum(axis=1)
        mean = (total // np.maximum(count, 1)[:, None]).astype(np.uint8)
        return Completion(np.where(hole[..., None], mean[:, None, :], image))


def packed(array: NDArray[Any]) -> dict[str, Any]:
    """An array as JSON."""
    data = array.view(np.uint8) if array.dtype == np.bool_ else array
    return {
        "shape": list(array.shape),
        "dtype": str(data.dtype),
        "data": base64.b64encode(np.ascontiguousarray(data).tobytes()).decode(),
    }


def scene(height: int, width: int) -> NDArray[np.uint8]:
    """A picture with a gradient, waves and grain; made of whole numbers, so that it is the same everywhere."""
    y, x = np.mgrid[:height, :width]
    grain = (x * 7919 + y * 104729 + (x * y) % 97 * 31) % 41
    planes = [60 + y * 100 // height + grain, 120 - x * 60 // width + grain, 90 + (x // 9 + y // 7) % 2 * 40 + grain]
    return np.dstack(planes).astype(np.uint8)


def blocks(part: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Means of blocks of 20 pixels: grain may come from another of several equally good places, colours may not."""
    height, width = part.shape[0] // 20, part.shape[1] // 20
    return np.asarray(part.reshape(height, 20, width, 20, 3).mean(axis=(1, 3)), np.float32)


def matted(picture: NDArray[np.uint8]) -> dict[str, Any]:
    """What matting makes of a soft disc with a speck beside it, and many small holes as windows."""
    y, x = np.mgrid[:65, :85].astype(np.float32)
    alpha = np.clip((22 - np.hypot(x - 40, y - 34)) / 6, 0, 1).astype(np.float32)
    alpha[2:4, 2:5] = 0.9
    clean = without_specks(alpha)
    full = refine(picture, clean)
    dots = np.zeros(picture.shape[:2], np.bool_)
    dots[40:60, 50:60] = True
    return {
        "alpha": packed(levels(alpha)),
        "clean": packed(levels(clean)),
        "full": packed(levels(full)),
        "colours": packed(foreground_colours(picture, full)),
        "blurred": packed(out_of_focus(picture, full, 30.0)),
        "alone": [list(window.box) for chain in plan_windows(dots) for window in chain],
    }


def seen(height: int, width: int) -> dict[str, list[int]]:
    """Height and width of a picture, and at which the network that ships sees it."""
    return {"picture": [height, width], "network": list(working_size(height, width, area=open_network().area))}


def levels(alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Alpha in 8 bits, which is enough to compare."""
    return np.rint(alpha * 255).astype(np.uint8)


def golden() -> dict[str, Any]:
    """All vectors."""
    picture = scene(130, 170)
    hole = np.zeros((130, 170), np.bool_)
    hole[50:84, 61:107] = True
    hole |= cv2.circle(np.zeros(hole.shape, np.uint8), (100, 84), 13, 1, -1) > 0
    none = np.zeros_like(hole)
    factor = 3
    small = shrink(picture, hole, none, factor)
    completed = Known().complete(
        small.image, small.hole, avoid=none[: small.hole.shape[0], : small.hole.shape[1]], seed=0
    )
    found = search(completed.image, small.hole, small.avoid)
    assert found is not None
    levels = levelled(completed.image, small.mean, small.hole, small.avoid, found)
    box, pixels = aggregate(picture, hole, levels, factor, found)
    far = hole.copy()
    far[8:20, 8:30] = True
    large = scene(640, 900)
    large_hole = np.zeros((640, 900), np.bool_)
    large_hole[200:420, 300:500] = True
    return {
        "picture": packed(picture),
        "hole": packed(hole),
        "factor": factor,
        "small": {name: packed(getattr(small, name)) for name in ("image", "mean", "hole")},
        "completed": packed(completed.image),
        "offsets": packed(found.offsets),
        "levels": packed(levels),
        "filled": {"box": [box.left, box.top, box.right, box.bottom], "pixels": packed(pixels)},
        "feather": packed(feather(hole, 2.0)),
        "grown": packed(grow(hole, 5)),
        "windows": {
            "hole": packed(far),
            "boxes": [[w.box.left, w.box.top, w.box.right, w.box.bottom] for c in plan_windows(far) for w in c],
        },
        "fill": packed(fill(picture, far, Known())[0]),
        "matting": matted(picture),
        "seen": [seen(height, width) for height, width in ((3000, 4000), (4000, 3000), (300, 5000), (90, 60))],
        "divided": packed(blocks(fill(large, large_hole, Known())[0][200:420, 300:500])),
    }


def text() -> str:
    """The file's content."""
    return json.dumps(golden(), separators=(",", ":")) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
