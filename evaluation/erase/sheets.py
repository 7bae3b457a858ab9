"""Contact sheets at 100 %: the measures say how much, these show what."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Mask

SIDE = 320
_LABEL = 18


def tile(picture: NDArray[np.uint8], hole: Mask) -> NDArray[np.uint8]:
    """The part of a picture at 100 % that shows the depth of the hole and its border."""
    return picture[_place(hole)].copy()


def holed(picture: NDArray[np.uint8], hole: Mask) -> NDArray[np.uint8]:
    """The picture with its hole in a colour that no photograph has."""
    shown = picture.copy()
    shown[hole] = (255, 0, 255)
    return shown


def strip(tiles: dict[str, NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """One row of tiles, each with its label."""
    return np.hstack([_labelled(part, label) for label, part in tiles.items()])


def write_sheet(path: Path, strips: list[NDArray[np.uint8]]) -> None:
    """Stack the rows (shorter ones are padded) and write a JPEG."""
    width = max(row.shape[1] for row in strips)
    padded = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in strips]
    _, encoded = cv2.imencode(".jpg", np.vstack(padded)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    path.write_bytes(encoded.tobytes())


def _place(hole: Mask) -> tuple[slice, slice]:
    """A square that shows the deepest part of the hole, moved until it shows border where the hole is larger."""
    depth = cv2.distanceTransform(np.pad(hole, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    height, width = hole.shape
    y, x = (int(v) for v in np.unravel_index(int(depth.argmax()), depth.shape))
    beyond = max(0, int(depth[y, x]) - SIDE // 3)
    left_border = bool((~hole[y, max(0, x - beyond - SIDE) : x]).any())
    x += -beyond if left_border else beyond
    top, left = (
        int(np.clip(y - SIDE // 2, 0, max(0, height - SIDE))),
        int(np.clip(x - SIDE // 2, 0, max(0, width - SIDE))),
    )
    return slice(top, top + SIDE), slice(left, left + SIDE)


def _labelled(part: NDArray[np.uint8], label: str) -> NDArray[np.uint8]:
    framed = np.zeros((SIDE + _LABEL, SIDE + 4, 3), np.uint8)
    framed[_LABEL : _LABEL + part.shape[0], : part.shape[1]] = part
    cv2.putText(framed, label, (2, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
    return framed
