"""Before and after for people who read about restoring: bundled photographs, aged and damaged, then restored.

python -m evaluation.restoration.showcase -o docs/images

The damage is drawn by the generator that the networks learn from; scans of real prints may not be in the repository.
Crops of the four landscapes are among the photographs that the networks that ship learned from; the portrait and the
beach are not. All keep their licences, which ``examples/README.md`` states; the sheets are changed versions under the
same terms.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import cleanplate
from cleanplate_training.data.damage.old_photograph import OldPhotograph
from cleanplate_training.data.pixels import decode_rgb, file_bytes

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@dataclass(frozen=True)
class Shown:
    """A bundled photograph.

    Attributes:
        file: Its name.
        middle: Of the square that is shown, as shares of width and height.
        seed: Of the damage.
    """

    file: str
    middle: tuple[float, float]
    seed: int


SHOWN = (
    Shown("astronaut.png", (0.5, 0.5), 3),
    Shown("beach.jpg", (0.5, 0.5), 5),
    Shown("mountain-path.jpg", (0.5, 0.5), 8),
    Shown("dandelions.jpg", (0.5, 0.5), 11),
    Shown("bridge-cables.jpg", (0.5, 0.5), 13),
    Shown("nuthatch.jpg", (0.45, 0.5), 17),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write ``restore-NAME.jpg`` for each photograph: scan, restored, restored in colour."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.restoration.showcase", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--only", nargs="+", help="names without ending")
    parser.add_argument("--seed", type=int, default=0, help="other damage")
    for step in ("defects", "fill", "colour"):
        parser.add_argument(f"--weights-{step}", type=Path)
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    for shown in SHOWN:
        name = Path(shown.file).stem
        if options.only and name not in options.only:
            continue
        scan = damaged(shown, options.seed)
        result = cleanplate.restore(
            scan,
            weights_defects=options.weights_defects,
            weights_fill=options.weights_fill,
            weights_colour=options.weights_colour,
        )
        assert result.restored_colour is not None
        sheet = np.asarray(np.hstack([scan, result.restored, result.restored_colour]), np.uint8)
        _, encoded = cv2.imencode(".jpg", sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])
        (options.output / f"restore-{name}.jpg").write_bytes(encoded.tobytes())
        print(name, f"{100 * result.defects.mean():.1f} % marked", *result.notes, sep="; ")


def damaged(shown: Shown, seed: int = 0, *, side: int = 512) -> NDArray[np.uint8]:
    """Return the photograph as a damaged print, uint8 ``side`` x ``side`` x 3."""
    picture = decode_rgb(file_bytes(EXAMPLES / shown.file), name=shown.file)
    height, width = picture.shape[:2]
    short = min(height, width)
    left = int(np.clip(shown.middle[0] * width - short / 2, 0, width - short))
    top = int(np.clip(shown.middle[1] * height - short / 2, 0, height - short))
    part = cv2.resize(picture[top : top + short, left : left + short], (side, side), interpolation=cv2.INTER_AREA)
    age = OldPhotograph(marks=(5, 9), whole=0.0, colour=0.0, aged=1.0, most=0.12)
    return age(np.asarray(part), np.random.default_rng(1000 * seed + shown.seed)).picture


if __name__ == "__main__":
    main()
