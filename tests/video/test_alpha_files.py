"""Alpha videos are decoded again and compared with the alpha that was meant."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cleanplate.encode.frame_folder import TIMES
from cleanplate.errors import OutputError
from tests.video.clips import BLUE, RED, Clip, disc_centre, look, tone_begins


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return Clip(
        frames=9, height=97, width=131, codec="libvpx-vp9", options={"crf": "4", "b": "0"}, sound="libopus"
    ).write(tmp_path_factory.mktemp("clips") / "clip.webm")


def meant(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Where alpha is surely 1 and surely 0."""
    rows, columns = np.mgrid[:97, :131]
    x, y = disc_centre(number, 97, 131)
    far = np.hypot(columns - x, rows - y)
    return far < 97 // 4 - 4, far > 97 // 4 + 5


@pytest.mark.parametrize(("kind", "name"), [("prores", "out.mov"), ("vp9", "out.webm")])
def test_alpha_is_in_the_file(render, clip, tmp_path, kind, name):
    report = render(clip, tmp_path / name, alpha=kind)
    seen = look(tmp_path / name)
    assert report.codec == kind
    assert seen.format.startswith("yuva")
    assert seen.size == (131, 97)
    assert len(seen.alpha) == 9
    for number, alpha in enumerate(seen.alpha):
        inside, outside = meant(number)
        assert alpha[inside].min() > 0.9
        assert alpha[outside].max() < 0.1
    assert tone_begins(tmp_path / name) == pytest.approx(tone_begins(clip), abs=0.007)


@pytest.mark.parametrize(("kind", "name"), [("prores", "out.mov"), ("vp9", "out.webm")])
def test_the_old_background_is_not_in_the_file(render, clip, tmp_path, kind, name):
    """Neither far from the person nor mixed into the edge."""
    render(clip, tmp_path / name, alpha=kind)
    seen = look(tmp_path / name)
    frame, alpha = seen.frames[3].astype(int), seen.alpha[3]
    blueness = frame[..., 2] - frame[..., 0]
    assert blueness[alpha < 0.02].max() < 60
    assert blueness[(alpha > 0.1)].max() < 40
    x, y = disc_centre(3, 97, 131)
    assert np.abs(frame[y, x] - RED).max() < 16


def test_pictures_with_alpha(render, clip, tmp_path):
    report = render(clip, tmp_path / "frames", alpha="png")
    names = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert names == [*(f"{number:06d}.png" for number in range(1, 10)), TIMES]
    with Image.open(tmp_path / "frames" / "000004.png") as picture:
        pixels = np.asarray(picture)
    assert pixels.shape == (97, 131, 4)
    inside, outside = meant(3)
    assert pixels[inside, 3].min() > 247
    assert pixels[outside, 3].max() < 8
    assert np.abs(pixels[inside, :3].astype(int).mean(axis=0) - RED).max() < 14
    lines = (tmp_path / "frames" / TIMES).read_text().splitlines()
    assert [float(line) for line in lines[1:]] == pytest.approx(range(0, 360, 40))
    assert any("sound" in note for note in report.notes)


def test_folders_of_others_stay(render, clip, tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    (folder / "000099.png").write_bytes(b"old frame")
    with pytest.raises(OutputError, match="not empty"):
        render(clip, folder, alpha="png")
    render(clip, folder, alpha="png", overwrite=True)
    names = {path.name for path in folder.iterdir()}
    assert "mine.txt" in names
    assert "000006.png" in names
    assert "000099.png" not in names
    assert {path.name for path in tmp_path.iterdir()} == {"frames"}


def test_side_by_side(render, clip, tmp_path):
    report = render(clip, tmp_path / "out.webm", alpha="vp9", side_by_side=tmp_path / "both.mp4")
    seen = look(tmp_path / "both.mp4")
    assert seen.size == (262, 98)
    assert len(seen.frames) == 9
    assert report.outputs == [str(tmp_path / "out.webm"), str(tmp_path / "both.mp4")]
    left, right = seen.frames[0][4, 4].astype(int), seen.frames[0][4, 250].astype(int)
    assert np.abs(left - BLUE).max() < 20
    assert abs(right[0] - right[2]) < 12  # grey squares
