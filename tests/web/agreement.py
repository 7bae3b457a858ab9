"""What Python makes of twenty pictures, and how near to it comes what a browser made of them.

``python -m tests.web.agreement write FOLDER`` writes the pictures, holes in them and Python's answers, with the
networks that ship; ``python -m tests.web.agreement compare FOLDER`` reads the browser's answers from
``FOLDER/browser``, prints the differences as JSON, and ends with 1 if one is over its tolerance. The pictures are
variants of the bundled examples: parts of them, mirrored, enlarged, darkened, and their people before landscapes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from cleanplate.inpaint.engine import Completion, EngineOptions, create_engine
from cleanplate.tasks.background import Blur, replace_background
from cleanplate.tasks.cutout import cutout
from cleanplate.tasks.eraser import erase
from cleanplate.tasks.fill import fill
from cleanplate.types import Image, Mask

EXAMPLES = Path(__file__).parents[2] / "examples"
COLOUR = (0, 177, 64)
"""The page's first colour behind people."""
BLOCK = 16
BEHIND = ("colour", "blur", "picture")
LIMITS = {
    "alpha, mean": 0.0005,
    "alpha, share that differs by over 0.1": 0.001,
    "colour, mean levels": 0.1,
    "blur, mean levels": 0.1,
    "picture, mean levels": 0.1,
    "fill of one completion, mean levels in the hole": 0.5,
    "fill, levels outside the hole": 0.0,
    "own search, error against that of Python": 1.5,
}
"""Of each picture alone; but the last, which is the mean over all, as patch search goes by chance."""


@dataclass(frozen=True)
class Case:
    """A picture with somebody in it, and a hole to fill."""

    name: str
    image: Image
    hole: Mask


class Remembering:
    """An engine that keeps what it completes, window by window."""

    def __init__(self) -> None:
        self._engine = create_engine("patchmatch", EngineOptions())
        self.name, self.device, self.notes = self._engine.name, self._engine.device, self._engine.notes
        self.working_size = self._engine.working_size
        self.made: list[NDArray[np.uint8]] = []

    def complete(self, image: NDArray[np.uint8], hole: Mask, *, avoid: Mask, seed: int) -> Completion:
        """As patch search does."""
        done = self._engine.complete(image, hole, avoid=avoid, seed=seed)
        self.made.append(done.image)
        return done


def opened(name: str) -> NDArray[np.uint8]:
    """An example."""
    return np.asarray(Pillow.open(EXAMPLES / name).convert("RGB"))


def sized(picture: NDArray[Any], long_side: int) -> NDArray[Any]:
    """Brought to a size."""
    scale = long_side / max(picture.shape[:2])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(picture), None, fx=scale, fy=scale, interpolation=way))


def before(landscape: NDArray[np.uint8], person: NDArray[np.uint8], alpha: NDArray[np.float32], share: float) -> Image:
    """A person in the middle of a landscape, at its lower edge; ``share`` of its height."""
    scale = share * landscape.shape[0] / person.shape[0]
    person, alpha = (
        cv2.resize(each, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for each in (person, alpha)
    )
    left = (landscape.shape[1] - person.shape[1]) // 2
    result = landscape.astype(np.float32)
    part = result[-person.shape[0] :, left : left + person.shape[1]]
    part += alpha[..., None] * (person - part)
    return cast("Image", np.rint(result).astype(np.uint8))


def pictures() -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Twenty, from 0.1 to 3.8 megapixels."""
    astronaut, beach = opened("astronaut.png"), opened("beach.jpg")
    yield "astronaut", astronaut
    yield "astronaut-mirrored", astronaut[:, ::-1]
    yield "astronaut-head", astronaut[:330, 60:400]
    yield "astronaut-large", sized(astronaut, 1400)
    yield "astronaut-dark", (astronaut * 0.45).astype(np.uint8)
    yield "astronaut-wide", astronaut[:300]
    yield "astronaut-grey", np.repeat(astronaut.mean(axis=2).astype(np.uint8)[..., None], 3, axis=2)
    yield "beach", beach
    yield "beach-mirrored", beach[:, ::-1]
    yield "beach-man", beach[140:, 280:680]
    yield "beach-group", beach[200:, 60:330]
    yield "beach-large", sized(beach, 2400)
    yield "beach-small", sized(beach, 400)
    yield "beach-warm", np.clip(beach * np.array([1.1, 1.0, 0.8]), 0, 255).astype(np.uint8)
    woman, man = cutout(cast("Image", astronaut)), cutout(cast("Image", np.ascontiguousarray(beach[120:, 280:680])))
    for name in ("mountain-path", "dandelions", "bridge-cables"):
        landscape = sized(opened(f"{name}.jpg"), 1400)
        yield f"woman-{name}", before(landscape, woman.image, woman.alpha, 0.75)
        yield f"man-{name}", before(landscape, man.image, man.alpha, 0.6)


def cases() -> list[Case]:
    """The pictures with a hole each: an ellipse in the upper left, where mostly background is, of 2 to 3 %."""
    found = []
    for number, (name, picture) in enumerate(pictures()):
        image = cast("Image", np.ascontiguousarray(picture))
        height, width = image.shape[:2]
        centre = round(width * (0.12 + 0.02 * (number % 3))), round(height * (0.2 + 0.03 * (number % 4)))
        axes = round(width * 0.07), round(height * 0.1)
        hole = cv2.ellipse(np.zeros((height, width), np.uint8), centre, axes, 20 * number, 0, 360, 1, -1) > 0
        found.append(Case(f"{number:02d}-{name}", image, hole))
    return found


def write(folder: Path) -> None:
    """Pictures, holes, Python's answers, and each window's completion."""
    folder.mkdir(parents=True, exist_ok=True)
    landscape = sized(opened("mountain-path.jpg"), 900)
    _save(folder / "behind.png", landscape)
    listed = []
    for case in cases():
        save = {"": case.image, ".hole": case.hole.astype(np.uint8) * 255}
        # The page alone asks the matting network only.
        save[".cutout"] = cutout(case.image, confirm=False).rgba
        save[".colour"] = replace_background(case.image, COLOUR, confirm=False).image
        save[".blur"] = replace_background(case.image, Blur(12), confirm=False).image
        save[".picture"] = replace_background(case.image, cast("Image", landscape), confirm=False).image
        erased = erase(case.image, case.hole, engine="patchmatch")
        save[".erased"], save[".grown"] = erased.image, erased.mask.astype(np.uint8) * 255
        engine = Remembering()
        save[".filled"] = fill(case.image, erased.mask, engine)[0]
        for number, completion in enumerate(engine.made):
            save[f".completion{number}"] = completion
        for suffix, pixels in save.items():
            _save(folder / f"{case.name}{suffix}.png", pixels)
        listed.append({"name": case.name, "windows": len(engine.made)})
    (folder / "cases.json").write_text(json.dumps(listed), encoding="utf-8")


def _save(path: Path, pixels: NDArray[Any]) -> None:
    Pillow.fromarray(np.ascontiguousarray(pixels)).save(path, compress_level=1)


def compare(folder: Path) -> dict[str, Any]:
    """Differences by picture, their worst, and which are over their limit."""
    found = {}
    for case in json.loads((folder / "cases.json").read_text(encoding="utf-8")):
        found[case["name"]] = differences(folder, case["name"])
    errors = [(each.pop("error"), each.pop("error of Python")) for each in found.values()]
    worst = {name: max(each[name] for each in found.values()) for name in next(iter(found.values()))}
    mine, theirs = (sum(each[i] for each in errors) for i in (0, 1))
    worst["own search, error against that of Python"] = round(mine / theirs, 3)
    over = {name: worst[name] for name, limit in LIMITS.items() if worst[name] > limit}
    return {"pictures": found, "worst": worst, "limits": LIMITS, "over": over}


def differences(folder: Path, name: str) -> dict[str, float]:
    """Of one picture."""

    def both(kind: str, mode: str = "RGB") -> list[NDArray[np.float32]]:
        files = (folder / f"{name}.{kind}.png", folder / "browser" / f"{name}.{kind}.png")
        return [np.asarray(Pillow.open(file).convert(mode), np.float32) for file in files]

    alphas = np.abs(np.subtract(*(each[..., 3] for each in both("cutout", "RGBA")))) / 255
    truth = np.asarray(Pillow.open(folder / f"{name}.png").convert("RGB"), np.float32)
    hole = np.asarray(Pillow.open(folder / f"{name}.grown.png")) > 0
    ours, theirs = both("erased")
    filled = np.abs(np.subtract(*both("filled")))
    return {
        "alpha, mean": _said(alphas.mean()),
        "alpha, share that differs by over 0.1": _said((alphas > 0.1).mean()),
        **{
            f"{kind}, mean levels": _said(np.abs(np.subtract(*both(kind))).mean())
            for kind in ("colour", "blur", "picture")
        },
        "fill of one completion, mean levels in the hole": _said(filled[hole].mean()),
        "fill, levels outside the hole": _said(max(filled[~hole].max(), np.abs(theirs - truth)[~hole].max())),
        "error": _said(_error(theirs, truth, hole)),
        "error of Python": _said(_error(ours, truth, hole)),
    }


def _error(filled: NDArray[np.float32], truth: NDArray[np.float32], hole: Mask) -> float:
    """How far means over blocks are from what was there before: texture may be another, colours may not."""
    known = hole.astype(np.float32)
    share = cv2.blur(known, (BLOCK, BLOCK))
    mean = cv2.blur((filled - truth) * known[..., None], (BLOCK, BLOCK)) / np.maximum(share, 1e-3)[..., None]
    return float(np.abs(mean[hole]).mean())


def _said(value: Any) -> float:
    return round(float(value), 5)


if __name__ == "__main__":
    place = Path(sys.argv[2])
    if sys.argv[1] == "write":
        write(place)
    else:
        result = compare(place)
        sys.stdout.write(json.dumps(result, indent=1) + "\n")
        sys.exit(1 if result["over"] else 0)
