"""``segment`` and the people options of ``erase``, as typed."""

from __future__ import annotations

import inspect
import json

import numpy as np
import pytest
from PIL import Image

from cleanplate.cli.erase import erase
from cleanplate.cli.segment import segment
from cleanplate.detect.instances import MIN_SCORE
from cleanplate.detect.run_lengths import mask_of
from tests.cli.pictures import listing, read
from tests.detect.graphs import BLUE, GREEN, RED, colour_people
from tests.detect.streets import street, with_person

NETWORK = ("--people-weights", "people.onnx")
TELEA = ("--engine", "telea")


@pytest.fixture
def scene(tmp_path):
    """``street.png`` with a main subject and two passers-by, ``people.onnx``; the pixels of the three."""
    colour_people(tmp_path / "people.onnx", [RED, GREEN, BLUE])
    picture = street(480, 640)
    truth = [
        with_person(picture, BLUE, 40, 200, 100),
        with_person(picture, RED, 250, 60, 390),
        with_person(picture, GREEN, 560, 220, 90),
    ]
    Image.fromarray(picture).save(tmp_path / "street.png")
    return truth


@pytest.mark.parametrize("command", [segment, erase])
def test_commands_ask_for_the_same_score_as_the_library(command):
    assert inspect.signature(command).parameters["min_score"].default == MIN_SCORE


def test_segment_draws_and_lists(cleanplate, scene, tmp_path):
    ran = cleanplate("segment", "street.png", "-o", "overlay.jpg", "--json", "people.json", "--weights", "people.onnx")
    assert ran.code == 0, ran.stderr
    assert "street.png -> overlay.jpg + people.json: 3 x person in" in ran.stdout
    assert "2: person 90%, box 250," in ran.stdout
    assert "nearest" in ran.stdout
    listed = json.loads((tmp_path / "people.json").read_text(encoding="utf-8"))
    assert listed["size"] == [640, 480]
    assert [each["id"] for each in listed["instances"]] == [1, 2, 3]
    assert set(listed["instances"][0]) == {"id", "label", "score", "box", "area", "distance_rank", "segmentation"}
    for each, truth in zip(listed["instances"], scene, strict=True):
        assert (mask_of(each["segmentation"]) & truth).sum() > 0.95 * truth.sum()
    shown, before = read(tmp_path / "overlay.jpg").astype(int), read(tmp_path / "street.png").astype(int)
    assert shown.shape == before.shape
    assert (np.abs(shown - before).max(axis=2) > 40).mean() > 0.01


def test_segment_to_standard_output(cleanplate, scene, tmp_path):
    ran = cleanplate(
        "segment", "-", "--json", "-", "--weights", "people.onnx", stdin=(tmp_path / "street.png").read_bytes()
    )
    assert len(json.loads(ran.stdout)["instances"]) == 3
    assert listing(tmp_path) == {"street.png", "people.onnx"}


def test_segment_of_nothing(cleanplate, scene, tmp_path):
    Image.fromarray(street()).save(tmp_path / "empty.png")
    ran = cleanplate("segment", "empty.png", "--weights", "people.onnx")
    assert ran.code == 0
    assert "nothing was found" in ran.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("-o", "street.png"), 5, "is an input"),
        (("-o", "overlay.gif"), 2, "cannot be overlay.gif"),
        (("-o", "taken.jpg"), 5, "exists already"),
        (("-o", "-"), 2, "name a file for the picture"),
        (("--label", "dog"), 4, "do not know 'dog'; they know: person"),
        (("--look", "hard"), 2, "choose one of: once, closer, everywhere"),
        (("--weights", "gone.onnx"), 6, "there is no such file"),
    ],
)
def test_segment_says_what_is_wrong(cleanplate, scene, tmp_path, words, code, said):
    (tmp_path / "taken.jpg").write_bytes(b"mine")
    weights = () if "--weights" in words else ("--weights", "people.onnx")
    before = {name: (tmp_path / name).read_bytes() for name in listing(tmp_path)}
    ran = cleanplate("segment", "street.png", *weights, *words)
    assert ran.code == code
    assert said in ran.error
    assert {name: (tmp_path / name).read_bytes() for name in listing(tmp_path)} == before


def test_passersby_go_and_it_is_said_who_stays(cleanplate, scene, tmp_path):
    ran = cleanplate("erase", "street.png", "--passersby", *NETWORK, *TELEA, "-o", "clean.png")
    assert ran.code == 0, ran.stderr
    assert "note: erased 2 people: 1, 3" in ran.stdout
    assert "note: kept 1 person: 2 (main subject: the most important, large, in the middle)" in ran.stdout
    before, after = read(tmp_path / "street.png"), read(tmp_path / "clean.png")
    assert (before[scene[1]] == after[scene[1]]).all()
    for gone in (scene[0], scene[2]):
        assert (np.abs(before[gone].astype(int) - after[gone]).max(axis=1) > 30).all()


def test_the_json_report_says_why(cleanplate, scene):
    ran = cleanplate("erase", "street.png", "--passersby", *NETWORK, *TELEA, "--json", "-o", "clean.png")
    people = json.loads(ran.stdout)["people"]
    assert [each["erased"] for each in people] == [True, False, True]
    assert people[0]["reason"].startswith("passer-by: ")
    assert people[1]["reason"].startswith("main subject: ")
    assert "segmentation" not in people[0]


@pytest.mark.parametrize(
    ("words", "erased"),
    [
        (("--click", "300,200"), [2]),
        (("--click", "10%,55%"), [1]),
        (("--instance", "1", "--instance", "3"), [1, 3]),
        (("--people",), [1, 2, 3]),
        (("--keep", "2"), [3]),
        (("--label", "person"), [1, 2, 3]),
        (("--passersby", "--instance", "2", "--box", "0,0,20,20"), [1, 2, 3]),
    ],
)
def test_ways_to_choose(cleanplate, scene, words, erased):
    ran = cleanplate("erase", "street.png", *words, *NETWORK, *TELEA, "--json", "-o", "clean.png")
    assert ran.code == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert [each["id"] for each in report["people"] if each["erased"]] == erased


def test_numbers_count_in_the_upright_picture(cleanplate, scene, tmp_path):
    with Image.open(tmp_path / "street.png") as upright:
        exif = Image.Exif()
        exif[0x0112] = 6
        upright.rotate(90, expand=True).save(tmp_path / "turned.jpg", quality=98, exif=exif)
    ran = cleanplate("erase", "turned.jpg", "--click", "300,200", *NETWORK, *TELEA, "--json", "-o", "clean.jpg")
    assert ran.code == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert report["size"] == [640, 480]
    assert [each["erased"] for each in report["people"]] == [False, True, False]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--click", "200,20"), 4, "the nearest are 2 (person,"),
        (("--click", "200"), 4, "'200' is not x,y"),
        (("--click", "700,20"), 4, "lies outside the picture"),
        (("--instance", "9"), 4, "there is no instance 9"),
        (("--instance", "0"), 2, "ids begin at 1"),
        (("--label", "dog"), 4, "do not know 'dog'; they know: person"),
    ],
)
def test_what_is_not_there_is_one_line_and_leaves_nothing(cleanplate, scene, tmp_path, words, code, said):
    ran = cleanplate("erase", "street.png", *words, *NETWORK, "-o", "clean.png")
    assert ran.code == code
    assert said in ran.error
    assert not (tmp_path / "clean.png").exists()


def test_a_picture_without_people_is_copied(cleanplate, scene, tmp_path):
    Image.fromarray(street(seed=9)).save(tmp_path / "empty.png")
    ran = cleanplate("erase", "empty.png", "--passersby", *NETWORK, "-o", "clean.png")
    assert ran.code == 0, ran.stderr
    assert "nothing is selected, so the input was copied as it is" in ran.stdout
    assert "note: no person was found" in ran.stdout
    assert (tmp_path / "clean.png").read_bytes() == (tmp_path / "empty.png").read_bytes()


def test_a_folder(cleanplate, scene, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes((tmp_path / "street.png").read_bytes())
    Image.fromarray(street(seed=9)).convert("L").save(tmp_path / "in" / "grey.png")
    weights = ("--people-weights", tmp_path / "people.onnx")
    ran = cleanplate("erase", "in", "--passersby", *weights, *TELEA, "--json", "-o", "out")
    assert ran.code == 0, ran.stderr
    files = {file["source"]: file for file in json.loads(ran.stdout)["files"]}
    assert files["a.png"]["status"] == "erased"
    assert files["grey.png"]["status"] == "copied"
    assert "no person was found" in files["grey.png"]["notes"]


def test_dry_run_shows_them(cleanplate, scene, tmp_path):
    ran = cleanplate("erase", "street.png", "--passersby", *NETWORK, "--dry-run", "-o", "clean.png")
    assert ran.code == 0, ran.stderr
    shown = read(tmp_path / "clean.overlay.jpg").astype(int)
    before = read(tmp_path / "street.png").astype(int)
    changed = np.abs(shown - before).max(axis=2) > 40
    # Selected red, avoided blue.
    assert changed[scene[0]].mean() > 0.9
    assert shown[scene[1]][:, 2].mean() > before[scene[1]][:, 2].mean() + 60


def test_without_weights_it_says_how_to_get_them(cleanplate, scene, monkeypatch, tmp_path):
    monkeypatch.setattr("cleanplate.weights.choice.whereabouts", lambda record: None)
    ran = cleanplate("erase", "street.png", "--passersby", "-o", "clean.png")
    assert ran.code == 6
    assert (
        "network that finds people ('people-lite0'), and none is installed; give one by --people-weights FILE"
        in ran.error
    )
