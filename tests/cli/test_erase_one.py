"""``cleanplate erase`` with one picture."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tests.cli.pictures import listing, photo_pixels, read

TELEA = ("--engine", "telea")
DISC = ("--spot", "60,40,16")


def test_spot_is_erased_and_the_rest_is_untouched(cleanplate, photo, tmp_path):
    ran = cleanplate("erase", photo, *DISC, "-o", "clean.png")
    assert ran.code == 0, ran.stderr
    before, after = read(photo), read(tmp_path / "clean.png")
    changed = (before != after).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert changed[40, 60]
    assert after[40, 60].min() > 40  # the disc was nearly black
    assert np.hypot(columns - 60, rows - 40).max() < 16 + 13  # spot and largest automatic growth
    assert ran.stdout.count("\n") == 1
    assert "photo.png -> clean.png: erased" in ran.stdout
    assert "(patchmatch on cpu)" in ran.stdout
    assert listing(tmp_path) == {"photo.png", "clean.png"}


def test_without_output_the_result_lies_beside_the_input(cleanplate, photo, tmp_path):
    assert cleanplate("erase", "photo.png", *DISC, *TELEA).code == 0
    assert listing(tmp_path) == {"photo.png", "photo-clean.png"}


def test_output_may_be_a_folder(cleanplate, photo, tmp_path):
    (tmp_path / "out").mkdir()
    assert cleanplate("erase", photo, *DISC, *TELEA, "-o", "out").code == 0
    assert listing(tmp_path / "out") == {"photo.png"}


def test_every_kind_of_selection_together(cleanplate, photo, tmp_path):
    mask = np.zeros((90, 120), np.uint8)
    mask[5:10, 100:110] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    (tmp_path / "paint.json").write_text('[{"points": [[10, 80], [30, 80]], "size": 6}]')
    boxes = ("--box", "2,2,8,8", "--box", "90%,90%,95%,95%")
    others = ("--spot", "60,40,3", "--polygon", "30,30 40,30 35,40", "--strokes", "paint.json", "--mask", "mask.png")
    ran = cleanplate(
        "erase", photo, *boxes, *others, "--grow", "0", *TELEA, "--save-mask", "all.png", "-o", "clean.png"
    )
    assert ran.code == 0, ran.stderr
    selected = read(tmp_path / "all.png")[..., 0] == 255
    for row, column in ((4, 4), (83, 110), (40, 60), (32, 35), (80, 20), (7, 105)):
        assert selected[row, column]
    assert not selected[60, 60]
    changed = (read(photo) != read(tmp_path / "clean.png")).any(axis=2)
    assert not (changed & ~selected).any()


def test_saved_mask_selects_the_same_again(cleanplate, photo, tmp_path):
    cleanplate("erase", photo, *DISC, "--save-mask", "m.png", "-o", "one.png")
    cleanplate("erase", photo, "--mask", "m.png", "-o", "two.png")
    assert np.array_equal(read(tmp_path / "one.png"), read(tmp_path / "two.png"))


def test_inverted_mask(cleanplate, photo, tmp_path):
    keep = np.full((90, 120), 255, np.uint8)
    keep[30:50, 50:70] = 0
    Image.fromarray(keep).save(tmp_path / "keep.png")
    ran = cleanplate("erase", photo, "--mask", "keep.png", "--invert-mask", "--json", *TELEA, "-o", "clean.png")
    assert json.loads(ran.stdout)["selected_pixels"] == 400


def test_snap_says_what_it_did(cleanplate, photo):
    ran = cleanplate("erase", photo, "--box", "40,20,80,60", "--snap", *TELEA, "-o", "clean.png")
    assert ran.code == 0
    assert "note: box 40,20,80,60: tightened to the object inside" in ran.stdout


def test_json_report(cleanplate, photo):
    ran = cleanplate("erase", photo, *DISC, *TELEA, "--json", "--seed", "3", "-o", "clean.png")
    report = json.loads(ran.stdout)
    assert set(report) == {
        "status", "source", "format", "size", "selected_pixels", "mask_pixels", "mask_box", "engine", "device", "seed",
        "outputs", "sheet", "saved_mask", "windows", "steps", "timings", "notes", "people",
    }  # fmt: skip
    assert (report["status"], report["size"], report["seed"]) == ("erased", [120, 90], 3)
    assert report["engine"] == "telea"
    assert report["outputs"] == ["clean.png"]
    assert report["mask_pixels"] > report["selected_pixels"] > 700
    left, top, right, bottom = report["mask_box"]
    assert left < 44 < 76 < right
    assert top < 24 < 56 < bottom
    assert report["timings"]["total"] >= report["timings"]["erase"]


def test_dry_run_only_shows_the_selection(cleanplate, photo, tmp_path):
    ran = cleanplate("erase", photo, *DISC, "--dry-run", "-o", "clean.png")
    assert ran.code == 0
    assert listing(tmp_path) == {"photo.png", "clean.overlay.jpg"}
    shown = read(tmp_path / "clean.overlay.jpg").astype(int)
    assert shown[40, 60, 0] > shown[40, 60, 1] + 60  # red
    assert "nothing erased" in ran.stdout


def test_candidates_differ_and_are_numbered(cleanplate, photo, tmp_path):
    assert cleanplate("erase", photo, *DISC, "--candidates", "3", "-o", "clean.png").code == 0
    assert listing(tmp_path) == {"photo.png", "clean.png", "clean-2.png", "clean-3.png"}
    one, two = read(tmp_path / "clean.png"), read(tmp_path / "clean-2.png")
    assert not np.array_equal(one, two)
    cleanplate("erase", photo, *DISC, "--seed", "1", "-o", "again.png")
    assert np.array_equal(two, read(tmp_path / "again.png"))


def test_one_taken_name_of_several_stops_all(cleanplate, photo, tmp_path):
    (tmp_path / "clean-2.png").write_bytes(b"mine")
    ran = cleanplate("erase", photo, *DISC, *TELEA, "--candidates", "3", "-o", "clean.png")
    assert ran.code == 5
    assert listing(tmp_path) == {"photo.png", "clean-2.png"}


def test_side_by_side(cleanplate, photo, tmp_path):
    assert cleanplate("erase", photo, *DISC, *TELEA, "--side-by-side", "sheet.jpg", "-o", "clean.png").code == 0
    sheet = read(tmp_path / "sheet.jpg")
    assert sheet.shape[0] == 90
    assert sheet.shape[1] > 3 * 120
    middle = sheet[40, 120 + 8 + 60].astype(int)
    assert middle[0] > middle[1] + 100  # the hole is drawn in a colour


def test_nothing_selected_copies_the_bytes(cleanplate, photo, tmp_path):
    Image.fromarray(np.zeros((90, 120), np.uint8)).save(tmp_path / "empty.png")
    ran = cleanplate("erase", photo, "--mask", "empty.png", "-o", "clean.png")
    assert ran.code == 0
    assert "nothing is selected" in ran.stdout
    assert (tmp_path / "clean.png").read_bytes() == photo.read_bytes()


def test_other_ending_converts(cleanplate, photo, tmp_path):
    assert cleanplate("erase", photo, *DISC, *TELEA, "-o", "clean.jpg").code == 0
    with Image.open(tmp_path / "clean.jpg") as image:
        assert image.format == "JPEG"
    Image.fromarray(np.zeros((90, 120), np.uint8)).save(tmp_path / "empty.png")
    assert cleanplate("erase", photo, "--mask", "empty.png", "-o", "copy.jpg").code == 0
    with Image.open(tmp_path / "copy.jpg") as image:
        assert image.format == "JPEG"


def test_in_place_replaces_the_input(cleanplate, photo, tmp_path):
    before = photo.read_bytes()
    assert cleanplate("erase", photo, *DISC, *TELEA, "--in-place").code == 0
    assert photo.read_bytes() != before
    assert listing(tmp_path) == {"photo.png"}


def test_overwrite(cleanplate, photo, tmp_path):
    target = tmp_path / "clean.png"
    target.write_bytes(b"mine")
    ran = cleanplate("erase", photo, *DISC, *TELEA, "-o", target)
    assert ran.code == 5
    assert "--overwrite" in ran.error
    assert target.read_bytes() == b"mine"
    assert cleanplate("erase", photo, *DISC, *TELEA, "-o", target, "--overwrite").code == 0
    assert read(target).shape == (90, 120, 3)


@pytest.mark.parametrize("flags", [(), ("--overwrite",)])
@pytest.mark.parametrize("target", ["photo.png", "./sub/../photo.png", "link.png", "mask.png"])
def test_an_input_is_never_the_output(cleanplate, photo, tmp_path, target, flags):
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.png").symlink_to(photo)
    Image.fromarray(np.full((90, 120), 255, np.uint8) * (np.arange(120) < 20)).save(tmp_path / "mask.png")
    before = {name: (tmp_path / name).read_bytes() for name in ("photo.png", "mask.png")}
    ran = cleanplate("erase", photo, "--mask", "mask.png", *TELEA, "-o", target, *flags)
    assert ran.code == 5
    assert "never overwritten" in ran.error
    assert before == {name: (tmp_path / name).read_bytes() for name in before}


def test_avoid_is_never_copied_from(cleanplate, tmp_path):
    pixels = np.full((90, 120, 3), 120, np.uint8) + np.random.default_rng(1).integers(
        0, 9, (90, 120, 3), dtype=np.uint8
    )
    pixels[:, :50] = (250, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    Image.fromarray((np.arange(120) < 50) * np.full((90, 120), 255, np.uint8)).save(tmp_path / "red.png")
    ran = cleanplate("erase", "photo.png", "--box", "70,30,90,60", "--avoid", "red.png", "-o", "clean.png")
    assert ran.code == 0, ran.stderr
    filled = read(tmp_path / "clean.png")[32:58, 72:88]
    assert filled[..., 1].min() > 90


def test_pipe_in_and_out(cleanplate, photo, tmp_path):
    ran = cleanplate("erase", "-", *DISC, "-o", "-", stdin=photo.read_bytes())
    assert ran.code == 0, ran.stderr
    cleanplate("erase", photo, *DISC, "-o", "file.png")
    assert ran.stdout_bytes == (tmp_path / "file.png").read_bytes()
    assert "standard input -> standard output: erased" in ran.stderr
    assert listing(tmp_path) == {"photo.png", "file.png"}


def test_report_of_a_pipe_goes_to_stderr(cleanplate, photo):
    ran = cleanplate("erase", "-", *DISC, *TELEA, "--json", stdin=photo.read_bytes())
    assert ran.stdout_bytes.startswith(b"\x89PNG")
    assert json.loads(ran.stderr)["outputs"] == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "nothing says what to erase"),
        ((*DISC, "--in-place", "-o", "x.png"), "--in-place: cannot go together with -o"),
        ((*DISC, "--candidates", "2", "--in-place"), "--candidates"),
        ((*DISC, "--candidates", "2", "-o", "-"), "--candidates"),
        ((*DISC, "-o", "clean.xyz"), "'.xyz'"),
        ((*DISC, "--side-by-side", "sheet.gif", "-o", "c.png"), "--side-by-side"),
        ((*DISC, "--save-mask", "mask.jpg", "-o", "c.png"), "--save-mask"),
        ((*DISC, "--watch"), "--watch"),
        ((*DISC, "--snap"), "--snap: "),
        ((*DISC, "--invert-mask"), "--invert-mask: "),
    ],
)
def test_contradictory_options(cleanplate, photo, tmp_path, arguments, says):
    ran = cleanplate("erase", photo, *arguments)
    assert ran.code == 2
    assert says in ran.error
    assert listing(tmp_path) == {"photo.png"}


@pytest.mark.parametrize("arguments", [("--nope",), ("--quality", "0"), ("--candidates", "0"), ("--grow", "much")])
def test_unknown_options_end_with_the_usage_code(cleanplate, photo, arguments):
    ran = cleanplate("erase", photo, *DISC, *arguments)
    assert ran.code == 2
    assert "Traceback" not in ran.stderr


def test_unknown_engine(cleanplate, photo, tmp_path):
    ran = cleanplate("erase", photo, *DISC, "--engine", "magic", "-o", "c.png")
    assert ran.code == 6
    assert "magic" in ran.error
    assert "patchmatch" in ran.error
    assert listing(tmp_path) == {"photo.png"}


def test_strip_gps_also_when_nothing_is_selected(cleanplate, tmp_path):
    image = Image.fromarray(photo_pixels())
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 0.0), 3: "E", 4: (11.0, 34.0, 0.0)})
    image.save(tmp_path / "photo.jpg", exif=exif)
    Image.fromarray(np.zeros((90, 120), np.uint8)).save(tmp_path / "empty.png")
    ran = cleanplate("erase", "photo.jpg", "--mask", "empty.png", "--strip-gps", "-o", "clean.jpg")
    assert ran.code == 0, ran.stderr
    with Image.open(tmp_path / "photo.jpg") as before, Image.open(tmp_path / "clean.jpg") as after:
        assert before.getexif().get_ifd(0x8825)
        assert not after.getexif().get_ifd(0x8825)
