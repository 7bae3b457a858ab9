"""What stands behind the person: colours, pictures, clips that loop, blur."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cleanplate.errors import ArgumentError, MissingInputError
from cleanplate.tasks.backdrop import Blur, parse_backdrop
from tests.video.clips import BLUE, Clip, look


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return Clip(frames=20, sound=None).write(tmp_path_factory.mktemp("clips") / "clip.mp4")


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("#00b140", (0, 177, 64)),
        ("00B140", (0, 177, 64)),
        ("#fff", (255, 255, 255)),
        ("black", (0, 0, 0)),
        ("blur", Blur(12.0)),
        ("blur:30", Blur(30.0)),
    ],
)
def test_words(text, meaning):
    assert parse_backdrop(text) == meaning


@pytest.mark.parametrize("text", ["blur:", "blur:x", "blur:-3", "blur:9999", "#00b14", "#ggg", "transparent"])
def test_wrong_words(text):
    with pytest.raises(ArgumentError):
        parse_backdrop(text)


def test_a_file_that_is_not_there():
    with pytest.raises(MissingInputError, match="colour"):
        parse_backdrop("beach.jpg")


def corner(path):
    return [frame[3, 3].astype(int) for frame in look(path).frames]


def test_a_picture(render, clip, tmp_path):
    Image.fromarray(np.full((300, 500, 3), (250, 200, 40), np.uint8)).save(tmp_path / "yellow.png")
    render(clip, tmp_path / "out.mp4", background=str(tmp_path / "yellow.png"))
    assert all(np.abs(colour - (250, 200, 40)).max() < 8 for colour in corner(tmp_path / "out.mp4"))


def test_sixteen_bit_pictures_and_their_turning(render, clip, tmp_path):
    import cv2

    cv2.imwrite(str(tmp_path / "deep.png"), np.full((50, 90, 3), (10 * 257, 120 * 257, 240 * 257), np.uint16))
    render(clip, tmp_path / "out.mp4", background=str(tmp_path / "deep.png"))
    assert np.abs(corner(tmp_path / "out.mp4")[0] - (240, 120, 10)).max() < 8


@pytest.mark.parametrize("tags", [(1, 1, 1, 1), (6, 6, 6, 1), (1, 1, 1, 2)])
def test_a_clip_loops_at_its_own_pace_in_its_own_colours(render, clip, tmp_path, tags):
    """Four frames of 80 ms against frames of 40 ms: each stands twice, and they come again after eight."""
    greys = [40, 90, 150, 220]

    def draw(number, *, height, width):
        return np.full((height, width, 3), greys[number], np.uint8)

    behind = Clip(times=(0, 1024, 2048, 3072), tags=tags, height=120, width=90, draw=draw, sound=None)
    behind.write(tmp_path / "behind.mp4")
    with_last = [greys[min(3, number // 2)] for number in range(20)]
    render(clip, tmp_path / "out.mp4", background=str(tmp_path / "behind.mp4"))
    seen = [colour[0] for colour in corner(tmp_path / "out.mp4")]
    assert np.abs(np.array(seen[:7]) - with_last[:7]).max() < 6
    length = 7  # three frames of 80 ms and a last one of 40 ms
    assert np.abs(np.array(seen[length : 2 * length]) - seen[:length]).max() < 6


def test_blur_softens_the_background_only(render, tmp_path):
    from tests.video.clips import scene

    def draw(number, *, height, width):
        image = scene(number, height=height, width=width)
        stripes = np.zeros((height, width), bool)
        stripes[:, ::16] = stripes[:, 1::16] = True
        image[stripes & (np.abs(image.astype(int) - BLUE).max(axis=2) == 0)] = (20, 30, 90)
        return image

    source = Clip(frames=3, draw=draw, sound=None).write(tmp_path / "stripes.mp4")
    render(source, tmp_path / "out.mp4", background="blur:60")
    before, after = look(source).frames[0].astype(int), look(tmp_path / "out.mp4").frames[0].astype(int)
    assert np.ptp(after[5, 60:, 2]) < 0.4 * np.ptp(before[5, 60:, 2])
    assert np.abs(after[48, 32] - before[48, 32]).max() < 8
