"""Sheets of damaged photographs that a person can check beside real scans.

python -m cleanplate_training.data.damage SHARD... --stamps FOLDER -o SHEETS
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.damage.kinds import KINDS
from cleanplate_training.data.damage.mark import laid
from cleanplate_training.data.damage.old_photograph import Damaged, OldPhotograph
from cleanplate_training.data.damage.stamps import open_stamps
from cleanplate_training.data.pixels import encode_png
from cleanplate_training.data.shards import ShardSet

_MARKED = np.array([255, 0, 60], np.float32)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write ``photographs-NN.png`` (damaged, mask drawn in, undamaged) and ``kinds.png`` (each kind alone)."""
    parser = argparse.ArgumentParser(prog="python -m cleanplate_training.data.damage", description=__doc__)
    parser.add_argument("shards", type=Path, nargs="+")
    parser.add_argument("--stamps", type=Path, help="folder of KIND/*.png with alpha")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=12, help="photographs shown")
    parser.add_argument("--side", type=int, default=384)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(options.seed)
    samples = ShardSet(options.shards)
    pictures = [
        square(samples[int(place)].picture, options.side) for place in rng.integers(0, len(samples), options.count)
    ]
    age = OldPhotograph(open_stamps(options.stamps, "train") if options.stamps else None)
    strips = [_strip(age(picture, rng)) for picture in pictures]
    for number in range(0, len(strips), 6):
        rows = [np.hstack(strips[place : place + 2]) for place in range(number, min(number + 6, len(strips)) - 1, 2)]
        path = options.out / f"photographs-{number // 6:02}.png"
        path.write_bytes(encode_png(np.vstack(rows)))
    (options.out / "kinds.png").write_bytes(encode_png(_kinds(pictures, rng)))


def square(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return the middle of a picture as a square."""
    height, width = picture.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    part = picture[top : top + short, left : left + short]
    return np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA if side < short else cv2.INTER_CUBIC))


def _strip(made: Damaged) -> NDArray[np.uint8]:
    marked = made.picture.astype(np.float32)
    marked[made.mask] = 0.35 * marked[made.mask] + 0.65 * _MARKED
    return np.hstack([made.picture, marked.astype(np.uint8), made.undamaged])


def _kinds(pictures: Sequence[NDArray[np.uint8]], rng: np.random.Generator) -> NDArray[np.uint8]:
    rows = []
    for place, draw in enumerate(KINDS.values()):
        row = []
        for column in range(5):
            ground = pictures[(place + column) % len(pictures)]
            light = cv2.cvtColor(ground, cv2.COLOR_RGB2GRAY)[..., None].repeat(3, axis=2)
            grey = np.asarray(light / 255, np.float32)
            seen = laid(grey, draw(rng, *grey.shape[:2]), (0.97, 0.95, 0.88))
            row.append(np.asarray(np.clip(seen, 0, 1) * 255, np.uint8))
        rows.append(np.hstack(row))
    return np.vstack(rows)


if __name__ == "__main__":
    main()
