"""Finding, cutting out and replacing over HTTP give what the Python API gives."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from cleanplate.errors import MissingExtraError
from cleanplate.tasks.cutout_file import background_file, cutout_file
from cleanplate.tasks.matte_options import BackgroundOptions, Behind, CutoutOptions, MatteOptions
from cleanplate.tasks.segment_file import SegmentOptions, segment_file
from tests.detect.graphs import GREEN, RED, colour_people
from tests.detect.streets import street, with_person
from tests.matting.pictures import red_is_person, two_people


def encoded(pixels, kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


@pytest.fixture
def matting(serving, tmp_path):
    weights = red_is_person(tmp_path / "matte.onnx")
    return serving(matte_weights=weights), MatteOptions(weights=weights)


def test_cutting_out(matting):
    client, matte = matting
    data = encoded(two_people(), "JPEG")
    answer = client.post("/api/v1/cutout", files={"image": ("us.jpg", data)})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    assert "us-cutout.png" in answer.headers["content-disposition"]
    assert answer.content == cutout_file(data, None, CutoutOptions(matte)).data


def test_one_of_two(matting):
    client, _ = matting
    data = encoded(two_people())
    both, first = (
        np.asarray(Image.open(io.BytesIO(client.post("/api/v1/cutout", files={"image": data}, data=fields).content)))
        for fields in ({}, {"person": "1"})
    )
    assert 0 < (first[..., 3] > 0).sum() < (both[..., 3] > 0).sum()
    assert client.post("/api/v1/cutout", files={"image": data}, data={"person": "7"}).status_code == 422


def test_edges_that_are_solved_for_or_not_installed(matting, monkeypatch):
    from cleanplate.tasks import cutout as task

    asked = []

    def solved(image, known, *, solver):
        asked.append(solver)
        raise MissingExtraError("needs pymatting", fix="pip install 'cleanplate[trimap]'")

    monkeypatch.setattr(task, "solved", solved)
    client, _ = matting
    answer = client.post("/api/v1/cutout", files={"image": encoded(two_people())}, data={"edges": "knn"})
    assert asked == ["knn"]
    assert answer.status_code == 501
    assert "trimap" in answer.json()["fix"]
    wrong = client.post("/api/v1/cutout", files={"image": encoded(two_people())}, data={"edges": "sharp"})
    assert wrong.status_code == 422


@pytest.mark.parametrize("plain", ["#00b140", "blur:6", "white"])
def test_a_plain_background(matting, plain):
    client, matte = matting
    data = encoded(two_people())
    answer = client.post("/api/v1/background", files={"image": ("us.png", data)}, data={"with": plain})
    assert answer.status_code == 200, answer.text
    assert answer.content == background_file(data, None, BackgroundOptions(Behind(plain), matte)).data


def test_a_picture_as_background(matting):
    client, _ = matting
    behind = np.full((50, 50, 3), (10, 20, 200), np.uint8)
    files = {"image": encoded(two_people()), "picture": encoded(behind)}
    made = np.asarray(Image.open(io.BytesIO(client.post("/api/v1/background", files=files).content)))
    assert abs(made[5, 5].astype(int) - (10, 20, 200)).max() <= 2
    assert made[80, 100, 0] > 180


def test_transparent_is_a_cutout(matting):
    client, _ = matting
    files = {"image": ("us.jpg", encoded(two_people(), "JPEG"))}
    answer = client.post("/api/v1/background", files=files, data={"with": "transparent"})
    assert Image.open(io.BytesIO(answer.content)).mode == "RGBA"


@pytest.mark.parametrize(
    "fields", [{}, {"with": "/etc/passwd"}, {"with": "~/a.png"}, {"with": "a.mp4"}, {"with": "blur:-1"}]
)
def test_nothing_but_plain_backgrounds_can_be_named(matting, fields):
    """A path would let a client read the server's files."""
    client, _ = matting
    answer = client.post("/api/v1/background", files={"image": encoded(two_people())}, data=fields)
    assert answer.status_code == 422


@pytest.fixture
def finding(serving, tmp_path):
    weights = colour_people(tmp_path / "people.onnx")
    return serving(people_weights=weights), weights


def crowd():
    picture = street()
    with_person(picture, RED, 60, 150, 250)
    with_person(picture, GREEN, 300, 150, 250)
    return encoded(picture)


def test_finding_people(finding):
    client, weights = finding
    data = crowd()
    answer = client.post("/api/v1/segment", files={"image": ("street.png", data)})
    assert answer.status_code == 200, answer.text
    expected = segment_file(data, options=SegmentOptions(weights=weights), name="street.png").to_json()
    assert answer.json() == json.loads(json.dumps(expected))
    assert answer.json()["instances"]


def test_a_click_erases_who_is_there(finding):
    client, _ = finding
    data = crowd()
    found = client.post("/api/v1/segment", files={"image": data}).json()["instances"]
    left, top, right, bottom = found[0]["box"]
    click = f"{(left + right) // 2},{(top + bottom) // 2}"
    answer = client.post("/api/v1/erase", files={"image": data}, data={"click": click})
    assert answer.status_code == 200, answer.text
    before, after = (np.asarray(Image.open(io.BytesIO(each))).astype(int) for each in (data, answer.content))
    changed = (before != after).any(-1)
    assert changed[(top + bottom) // 2, (left + right) // 2]
    other = found[-1]["box"]
    assert not changed[(other[1] + other[3]) // 2, (other[0] + other[2]) // 2]


def test_a_click_on_nobody_says_who_is_near(finding):
    client, _ = finding
    answer = client.post("/api/v1/erase", files={"image": crowd()}, data={"click": "630,10"})
    assert answer.status_code == 422
    assert "--box" in answer.json()["message"] or "box" in answer.json()["message"]
