"""``cleanplate restore`` and ``cleanplate colorize`` from the outside: files, pages, pipes, folders, refusals."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from cleanplate.batch.executor import Serial
from cleanplate.weights import folders
from tests.cli.pictures import listing
from tests.prints.graphs import light_is_warm, mean_fills, old_photograph, true_damage, white_is_damage

FIND = ("--weights-defects", "white.onnx", "--weights-fill", "mean.onnx")
ALL = (*FIND, "--weights-colour", "warm.onnx")
OUTPUTS = {"scan_restored", "scan_restored_colour", "scan_colour", "scan_defects"}


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No worker processes, and no installed weights."""
    monkeypatch.setattr("cleanplate.cli.many.executor_for", lambda wishes, pictures: Serial())
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / ".data"))
    monkeypatch.setattr(folders, "BUNDLED", tmp_path / ".bundled")


@pytest.fixture
def folder(tmp_path):
    """Three networks, ``scan.png`` (grey) and ``clean.jpg``."""
    white_is_damage(tmp_path / "white.onnx")
    mean_fills(tmp_path / "mean.onnx")
    light_is_warm(tmp_path / "warm.onnx")
    Image.fromarray(old_photograph()[..., 0]).save(tmp_path / "scan.png", dpi=(600, 600))
    Image.fromarray(old_photograph(damaged=False)).save(tmp_path / "clean.jpg", quality=90)
    return tmp_path


def pixels(path):
    with Image.open(path) as image:
        return image.mode, np.asarray(image), image.info.get("dpi")


def test_a_grey_scan_gives_four_files(cleanplate, folder):
    ran = cleanplate("restore", "scan.png", *ALL, "-o", "album")
    assert ran.code == 0, ran.stderr
    assert listing(folder / "album") == {f"{name}.png" for name in OUTPUTS}
    assert "% of 0.0 megapixels filled in" in ran.stdout
    mode, restored, dpi = pixels(folder / "album/scan_restored.png")
    assert mode == "L"  # grey stays grey
    assert dpi == pytest.approx((600, 600), abs=0.1)
    _, mask, _ = pixels(folder / "album/scan_defects.png")
    source = old_photograph()[..., 0]
    assert mask.dtype == np.uint8
    assert (restored[mask == 0] == source[mask == 0]).all()
    assert restored[true_damage()].max() < 200
    for name in ("scan_restored_colour", "scan_colour"):
        mode, coloured, dpi = pixels(folder / f"album/{name}.png")
        assert mode == "RGB"
        assert (coloured[..., 0] != coloured[..., 2]).any()
        assert dpi == pytest.approx((600, 600), abs=0.1)


def test_an_edited_mask_is_given_back(cleanplate, folder):
    assert cleanplate("restore", "scan.png", *ALL, "-o", "album", "--no-colour").code == 0
    assert listing(folder / "album") == {"scan_restored.png", "scan_defects.png"}
    edited = np.zeros((120, 160), np.uint8)
    edited[80:100, 40:66] = 255
    Image.fromarray(edited).save(folder / "edited.png")
    ran = cleanplate("restore", "scan.png", "--mask", "edited.png", "--no-colour", "-o", "again")
    assert ran.code == 0, ran.stderr
    assert "no network for filling damage is installed" in ran.stdout
    restored = pixels(folder / "again/scan_restored.png")[1]
    assert (restored != old_photograph()[..., 0]).sum() == pytest.approx(20 * 26, rel=0.3)
    assert (pixels(folder / "again/scan_defects.png")[1] == edited).all()
    wrong = cleanplate("restore", "clean.jpg", "--mask", "scan.png", "--mask", "scan.png", "--no-colour")
    assert (wrong.code, "1 page(s) but 2 mask(s)" in wrong.error) == (4, True)


def test_a_clean_photograph_comes_back_byte_for_byte(cleanplate, folder):
    ran = cleanplate("restore", "clean.jpg", *ALL, "-o", "album")
    assert ran.code == 0
    assert "no damage in 0.0 megapixels" in ran.stdout
    assert "note: no damage was found" in ran.stdout
    assert (folder / "album/clean_restored.jpg").read_bytes() == (folder / "clean.jpg").read_bytes()
    assert not pixels(folder / "album/clean_defects.png")[1].any()


def test_nothing_is_ever_overwritten(cleanplate, folder):
    assert cleanplate("restore", "scan.png", *FIND, "--no-colour").code == 0
    assert {"scan_restored.png", "scan_defects.png"} <= listing(folder)
    again = cleanplate("restore", "scan.png", *FIND, "--no-colour")
    assert (again.code, "exists already" in again.error) == (5, True)
    assert cleanplate("restore", "scan.png", *FIND, "--no-colour", "--overwrite").code == 0
    words = ("restore", "scan.png", "--mask", "scan_defects.png", "--no-colour", "--only", "defects", "--overwrite")
    own = cleanplate(*words, "-o", "scan_defects.png")
    assert (own.code, "is an input" in own.error) == (5, True)
    (folder / "half").mkdir()
    (folder / "half/scan_defects.png").write_bytes(b"mine")
    assert cleanplate("restore", "scan.png", *FIND, "--no-colour", "-o", "half").code == 5
    assert listing(folder / "half") == {"scan_defects.png"}
    assert (folder / "half/scan_defects.png").read_bytes() == b"mine"


def test_one_output_alone_and_pipes(cleanplate, folder):
    ran = cleanplate("restore", "scan.png", *ALL, "--only", "restored_colour", "-o", "one.jpg")
    assert ran.code == 0, ran.stderr
    assert pixels(folder / "one.jpg")[0] == "RGB"
    assert not {name for name in listing(folder) if name.startswith("scan_")}
    piped = cleanplate("restore", "-", *FIND, stdin=(folder / "scan.png").read_bytes())
    assert piped.code == 0, piped.stderr
    assert Image.open(io.BytesIO(piped.stdout_bytes)).mode == "L"
    ran = cleanplate("restore", "scan.png", *FIND, "--only", "defects", "-o", "new")
    assert ran.code == 0, ran.stderr
    assert listing(folder / "new") == {"scan.png"}  # as in a folder that is there
    mask = cleanplate("restore", "scan.png", *FIND, "--only", "defects", "-o", "-")
    assert np.asarray(Image.open(io.BytesIO(mask.stdout_bytes)))[true_damage()].min() == 255
    several = cleanplate("restore", "scan.png", *ALL, "-o", "one.png")
    assert (several.code, "add --only restored" in several.error) == (2, True)
    unknown = cleanplate("restore", "scan.png", *ALL, "--only", "everything")
    assert (unknown.code, "use restored, restored_colour, colour, defects" in unknown.error) == (2, True)


@pytest.mark.parametrize("words", [("--only", "colour,defects"), ("--only", "defects", "--only", "colour")])
def test_several_outputs_can_be_chosen(cleanplate, folder, words):
    ran = cleanplate("restore", "scan.png", *ALL, *words, "-o", "album")
    assert ran.code == 0, ran.stderr
    assert listing(folder / "album") == {"scan_colour.png", "scan_defects.png"}
    piped = cleanplate("restore", "scan.png", *ALL, *words, "-o", "-")
    assert (piped.code, "names 2 results, but a pipe takes one" in piped.error) == (2, True)
    grey = cleanplate("restore", "scan.png", *FIND, *words, "--no-colour", "-o", "grey")
    assert (grey.code, "--only colour: needs colours" in grey.error) == (2, True), grey.error


def test_all_pages_of_a_deep_tiff(cleanplate, folder):
    deep = [Image.fromarray(np.roll(old_photograph()[..., 0], 9 * n, 1).astype(np.uint16) * 257) for n in range(3)]
    deep[0].save(folder / "scan.tif", save_all=True, append_images=deep[1:], dpi=(1200, 1200))
    ran = cleanplate("restore", "scan.tif", *ALL, "-o", "album", "--json")
    assert ran.code == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert (report["pages"], report["status"], report["size"]) == (3, "restored", [160, 120])
    assert listing(folder / "album") == {
        "scan_restored.tif", "scan_restored_colour.tif", "scan_colour.tif",
        "scan_defects.png", "scan_defects-2.png", "scan_defects-3.png",
    }  # fmt: skip
    for name in ("scan_restored", "scan_colour"):
        with Image.open(folder / f"album/{name}.tif") as image:
            assert image.n_frames == 3
            for page in range(3):
                image.seek(page)
                assert image.info["dpi"] == pytest.approx((1200, 1200), abs=0.1)
                if name == "scan_restored":
                    values = np.asarray(image)
                    assert values.dtype == np.uint16
                    assert values[np.roll(true_damage(), 9 * page, 1)].max() < 200 * 257
    masks = [word for n in ("", "-2", "-3") for word in ("--mask", f"album/scan_defects{n}.png")]
    assert cleanplate("restore", "scan.tif", *masks, *FIND[2:], "--no-colour", "-o", "again").code == 0
    assert (folder / "again/scan_restored.tif").read_bytes() == (folder / "album/scan_restored.tif").read_bytes()
    refused = cleanplate("restore", "scan.tif", *ALL, "--format", "png", "-o", "png")
    assert (refused.code, "has 3 pages, which PNG cannot hold" in refused.error) == (2, True)
    assert cleanplate("colorize", "scan.tif", "--weights", "warm.onnx", "-o", "c.tif").code == 0
    with Image.open(folder / "c.tif") as image:
        assert image.n_frames == 3


def test_turned_alpha_and_cropped_pictures(cleanplate, folder):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(old_photograph(sepia=True))).save(folder / "turned.jpg", exif=exif, quality=98)
    assert cleanplate("restore", "turned.jpg", *ALL, "-o", "album").code == 0
    assert pixels(folder / "album/turned_defects.png")[1].shape == (120, 160)  # upright, as people see it
    framed = np.full((200, 260, 4), 250, np.uint8)
    framed[40:160, 50:210, :3] = old_photograph()
    framed[..., 3] = 255
    framed[100:110, 100:110, 3] = 80
    Image.fromarray(framed).save(folder / "framed.png")
    ran = cleanplate("restore", "framed.png", *ALL, "--crop", "--fading", "-o", "album", "--json", "--sensitivity", "0")
    assert ran.code == 0, ran.stderr
    left, top, right, bottom = json.loads(ran.stdout)["cropped"]
    mode, cropped, _ = pixels(folder / "album/framed_restored.png")
    assert mode == "RGBA"
    assert cropped.shape == (bottom - top, right - left, 4)
    assert cropped[105 - top, 105 - left, 3] == 80
    assert pixels(folder / "album/framed_defects.png")[1].shape == (200, 260)


def test_folders_mirror_their_sources_and_are_resumed(cleanplate, folder):
    (folder / "in/sub").mkdir(parents=True)
    for name in ("a.png", "sub/b.png"):
        Image.fromarray(old_photograph()).save(folder / "in" / name)
    (folder / "in/broken.png").write_bytes(b"no picture")
    words = ("restore", "in", *FIND, "--no-colour", "-o", "out", "--recursive")
    first = cleanplate(*words)
    assert (first.code, "1 of 3 failed" in first.stderr) == (7, True)
    made = {"a_restored.png", "a_defects.png", "sub/b_restored.png", "sub/b_defects.png", "cleanplate.manifest.jsonl"}
    assert listing(folder / "out") == made
    (folder / "in/broken.png").unlink()
    second = cleanplate(*words)
    assert second.code == 0, second.stderr
    assert "2 done before and skipped" in second.stdout
    again = cleanplate("restore", "in", "--mask", "out", "--no-colour", "-o", "out2", "--recursive", *FIND[2:])
    assert again.code == 0, again.stderr
    assert (folder / "out2/a_restored.png").read_bytes() == (folder / "out/a_restored.png").read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("restore", "scan.png"), 6, "network that finds damage ('defects-lite0'), and none is installed"),
        (("restore", "scan.png", *FIND), 6, "network that predicts colours ('colour-lite0-l1')"),
        (("colorize", "scan.png"), 6, "give one by --weights-colour FILE"),
        (("restore", "missing.png", *ALL), 3, "does not exist"),
        (("restore", "scan.png", *FIND, "--no-colour", "--hints", "h.json"), 2, "--no-colour wants none"),
        (("restore", "scan.png", *ALL, "--hints", "missing.json"), 3, "missing.json: does not exist"),
        (("restore", "scan.png", *ALL, "--hints", "h.json"), 4, "outside the picture"),
        (("restore", "scan.png", "--mask", "warm.onnx", "--no-colour"), 3, "warm.onnx"),
        (("restore", "scan.png", "--weights-defects", "warm.onnx", "--no-colour"), 6, "takes one picture"),
    ],
)
def test_refusals_name_the_thing_and_the_fix(cleanplate, folder, words, code, said):
    (folder / "h.json").write_text('[{"x": 999, "y": 1, "colour": "#ff0000"}]')
    before = listing(folder)
    ran = cleanplate(*words)
    assert (ran.code, said in ran.error) == (code, True), ran.stderr
    assert listing(folder) == before


def test_colorize_keeps_type_depth_and_light(cleanplate, folder):
    assert cleanplate("colorize", "scan.png", "--weights", "warm.onnx").code == 0
    mode, coloured, dpi = pixels(folder / "scan-colour.png")
    assert (mode, dpi) == ("RGB", pytest.approx((600, 600), abs=0.1))
    light = coloured @ np.array([0.299, 0.587, 0.114])
    assert np.abs(light - old_photograph()[..., 0]).max() < 1
    grey = Image.fromarray(old_photograph()[..., 0])
    grey.save(folder / "grey.jpg", quality=95)
    assert cleanplate("colorize", "grey.jpg", "--weights", "warm.onnx", "-o", "c.jpg").code == 0
    assert pixels(folder / "c.jpg")[0] == "RGB"
    (folder / "h.json").write_text('[{"x": 80, "y": 60, "colour": "#0000ff"}]')
    assert cleanplate("colorize", "scan.png", "--weights", "warm.onnx", "--hints", "h.json", "-o", "blue.png").code == 0
    assert pixels(folder / "blue.png")[1][60, 80, 2] > coloured[60, 80, 2] + 20
