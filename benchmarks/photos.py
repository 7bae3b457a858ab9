"""Makes the photographs and selections that are timed; run in a process of its own, so that no memory of it counts.

The photographs are the bundled ``mountain-path.jpg``, enlarged, with grain of the final resolution added: timing and
file sizes are like a camera's, the picture is not a camera's at that size.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from benchmarks.pictures import read_photo, write_photo
from evaluation.holes import make_hole

SOURCE = Path(__file__).resolve().parent.parent / "examples" / "mountain-path.jpg"
PARTS, PART_SHARE = 4, 0.009
TENTH_PART = 0.0335
"""Share of each of the four figures that together, as far as they do not overlap, are a tenth."""
_GRAIN = 4.0
_BAND = 256


def make_photo(path: Path, width: int, height: int) -> None:
    """Write a JPEG (quality 92) of that size."""
    picture = np.asarray(cv2.resize(read_photo(str(SOURCE)), (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    rng = np.random.default_rng(0)
    for top in range(0, height, _BAND):
        band = picture[top : top + _BAND]
        grain = rng.normal(0, _GRAIN, band.shape[:2]).astype(np.float32)[..., None]
        picture[top : top + _BAND] = np.clip(band + grain, 0, 255).astype(np.uint8)
    write_photo(str(path), picture)


def make_selection(
    path: Path, width: int, height: int, *, hole_width: int | None = None, part_share: float = PART_SHARE
) -> None:
    """Write a mask with several figures, each ``part_share`` of the photograph (they may overlap).

    With ``hole_width`` the figures have the pixels that they have in a photograph of that width, whatever this one's.
    """
    drawn_width = hole_width or width
    drawn_height = round(drawn_width * height / width)
    drawn = np.zeros((drawn_height, drawn_width), np.bool_)
    for seed in range(PARTS):
        drawn |= make_hole("silhouette", drawn_height, drawn_width, share=part_share, seed=seed)
    mask = np.zeros((height, width), np.uint8)
    top, left = (height - drawn_height) // 2, (width - drawn_width) // 2
    mask[top : top + drawn_height, left : left + drawn_width] = 255 * drawn
    cv2.imwrite(str(path), mask)


def main(folder: Path, sizes: list[str]) -> None:
    """Write ``WxH.jpg``, and as ``WxH.*.png`` masks.

    In ``mask`` figures grow with the photo, in ``same.mask`` they do not; ``tenth.mask`` is a tenth of the photo.
    """
    widths = [int(size.split("x")[0]) for size in sizes]
    for size in sizes:
        width, height = map(int, size.split("x"))
        make_photo(folder / f"{size}.jpg", width, height)
        make_selection(folder / f"{size}.mask.png", width, height)
        make_selection(folder / f"{size}.same.mask.png", width, height, hole_width=min(widths))
        make_selection(folder / f"{size}.tenth.mask.png", width, height, part_share=TENTH_PART)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
