"""Write networks, pictures and a clip for the browser tests: ``python -m tests.server.browser_fixtures FOLDER``.

The networks find by colour, so that what a test sees does not hang on what a real network happens to find.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tests.detect.graphs import GREEN, RED, colour_people
from tests.detect.streets import street, with_person
from tests.server.print_graphs import all_is_sepia, white_is_damage
from tests.video.clips import Clip
from tests.video.graphs import red_is_person


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    colour_people(folder / "people.onnx")
    red_is_person(folder / "matte.onnx")
    red_is_person(folder / "matte-video.onnx", keeps=0.2)
    white_is_damage(folder / "defects.onnx")
    all_is_sepia(folder / "colour.onnx")
    exif = Image.Exif()
    exif[0x010F] = "cleanplate test"
    crowd(480, 640).save(folder / "street.jpg", quality=95, exif=exif)
    large = crowd(480, 640).resize((4000, 3000), Image.Resampling.BICUBIC)
    large.save(folder / "street-12mp.jpg", quality=90)
    old_photo().save(folder / "old.png")
    Clip(frames=20).write(folder / "walk.mp4")


def crowd(height: int, width: int) -> Image.Image:
    """A street with a red person on the left and a green one on the right."""
    picture = street(height, width)
    with_person(picture, RED, 90, 150, 250)
    with_person(picture, GREEN, 400, 150, 250)
    return Image.fromarray(picture)


def old_photo() -> Image.Image:
    """A grey slope with white scratches."""
    pixels = np.tile(np.linspace(60, 160, 480), (360, 1)).astype(np.uint8)
    cv2.line(pixels, (100, 20), (140, 330), 255, 3)
    cv2.line(pixels, (300, 60), (420, 250), 255, 3)
    return Image.fromarray(np.repeat(pixels[..., None], 3, 2))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
