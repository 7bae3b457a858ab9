"""Contact sheets of what was measured, at 100 %."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from evaluation.erase.sheets import SIDE, strip
from evaluation.restoration.pictures import Mask, Picture

MOST_ROWS = 16


class Sheet:
    """Rows of tiles that lie side by side; only the first :data:`MOST_ROWS` are kept.

    Args:
        path: PNG to write; None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._rows: list[Picture] = []

    def add(self, tiles: dict[str, Picture], *, around: tuple[int, int] | None = None) -> None:
        """Add a row: the same part of each picture, around row and column ``around`` or the middle."""
        if self.path is None or len(self._rows) >= MOST_ROWS:
            return
        height, width = next(iter(tiles.values())).shape[:2]
        y, x = around or (height // 2, width // 2)
        top = int(np.clip(y - SIDE // 2, 0, max(0, height - SIDE)))
        left = int(np.clip(x - SIDE // 2, 0, max(0, width - SIDE)))
        row = strip({name: each[top : top + SIDE, left : left + SIDE] for name, each in tiles.items()})
        self._rows.append(row[: len(row) - max(0, SIDE - height)])

    def write(self) -> None:
        """Write what was added, if anything."""
        if self.path is None or not self._rows:
            return
        width = max(row.shape[1] for row in self._rows)
        rows = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in self._rows]
        _, encoded = cv2.imencode(".png", np.vstack(rows)[..., ::-1])
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(encoded.tobytes())


def middle_of(mask: Mask) -> tuple[int, int] | None:
    """Row and column of the marked pixel that is nearest to the middle of all marked ones; None if there is none."""
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return None
    nearest = np.hypot(rows - rows.mean(), columns - columns.mean()).argmin()
    return int(rows[nearest]), int(columns[nearest])


def tinted(picture: Picture, found: Mask, truth: Mask) -> Picture:
    """Show marks on a picture: green is found rightly, red is missed, blue is marked by mistake."""
    shown = picture.copy()
    for place, colour in ((found & truth, (0, 220, 0)), (truth & ~found, (255, 0, 0)), (found & ~truth, (0, 80, 255))):
        shown[place] = colour
    return shown
