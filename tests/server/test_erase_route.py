"""Erasing over HTTP gives what the Python API gives, in the type that was sent."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from cleanplate.tasks.erase_options import EraseOptions, Targets
from cleanplate.tasks.photo import erase_file
from cleanplate.tasks.selection import Selection
from tests.server.conftest import photo

BOX = "36,36,64,64"


def erase(client, data, *, wait=True, files=None, **fields):
    url = "/api/v1/erase" + ("" if wait else "?wait=false")
    return client.post(url, files={"image": ("holiday.jpg", data), **(files or {})}, data=fields)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_answer_is_byte_for_byte_that_of_the_api(client, kind):
    data = photo(kind=kind)
    answer = erase(client, data, box=BOX)
    expected = erase_file(data, Targets(None), Selection(boxes=(BOX,)), EraseOptions(engine="telea"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == f"image/{kind.lower()}"
    assert answer.content == expected.data


def test_the_report_and_a_name_come_with_the_picture(client):
    answer = erase(client, photo(), box=BOX)
    report = json.loads(answer.headers["x-cleanplate-report"])
    assert report["status"] == "erased"
    assert report["engine"] == "telea"
    assert report["source"] == "holiday.jpg"
    assert "holiday-clean.jpg" in answer.headers["content-disposition"]


def test_shapes_masks_and_strokes_join(client):
    mask = np.zeros((96, 128), np.uint8)
    mask[70:80, 70:80] = 255
    file = io.BytesIO()
    Image.fromarray(mask).save(file, "PNG")
    strokes = json.dumps([{"points": [[10, 80], [20, 80]], "size": 6}]).encode()
    answer = erase(
        client,
        photo(kind="PNG"),
        box=BOX,
        spot="100,20,5",
        polygon="5,5 20,5 5,20",
        grow="0",
        files={"mask": ("m.png", file.getvalue()), "strokes": ("s.json", strokes)},
    )
    assert answer.status_code == 200, answer.text
    before, after = (np.asarray(Image.open(io.BytesIO(d))).astype(int) for d in (photo(kind="PNG"), answer.content))
    changed = (before != after).any(-1)
    for y, x in ((50, 50), (20, 100), (8, 8), (75, 75), (80, 15)):
        assert changed[y - 4 : y + 5, x - 4 : x + 5].any(), (y, x)
    assert not changed[30, 100:].any()


def test_another_type_can_be_asked_for(client):
    answer = erase(client, photo(), box=BOX, format="png")
    assert answer.headers["content-type"] == "image/png"
    assert "holiday-clean.png" in answer.headers["content-disposition"]
    assert Image.open(io.BytesIO(answer.content)).format == "PNG"


@pytest.mark.parametrize(
    ("data", "fields", "status", "says"),
    [
        (b"", {"box": BOX}, 400, "holiday.jpg: is empty"),
        (b"GIF89a" + bytes(20), {"box": BOX}, 415, "is GIF"),
        (photo()[:200], {"box": BOX}, 400, "holiday.jpg"),
        (photo(), {}, 422, "nothing says what to erase"),
        (photo(), {"box": "1,2,3"}, 422, "1,2,3"),
        (photo(), {"box": BOX, "engine": "magic"}, 422, "engine"),
        (photo(), {"box": BOX, "seed": "-1"}, 422, "seed"),
        (photo(), {"box": BOX, "format": "exe"}, 422, "format"),
    ],
)
def test_wrong_requests_are_told_what_is_wrong(client, data, fields, status, says):
    answer = erase(client, data, **fields)
    assert answer.status_code == status
    body = answer.json()
    assert says in body["message"]
    assert set(body) == {"error", "message", "subject", "problem", "fix"}


def test_a_request_without_picture_is_wrong(client):
    assert client.post("/api/v1/erase", data={"box": BOX}).status_code == 422


def test_a_job_can_be_followed_and_fetched(client):
    begun = erase(client, photo(), box=BOX, wait=False)
    assert begun.status_code == 202
    place = begun.headers["location"]
    with client.stream("GET", f"{place}/events") as stream:
        lines = [line for line in stream.iter_lines() if line]
    assert lines[-2] == "event: ended"
    assert json.loads(lines[-1].removeprefix("data: "))["state"] == "done"
    result = client.get(f"{place}/result")
    assert result.content == erase(client, photo(), box=BOX).content
    assert client.delete(place).status_code == 200
    assert client.get(place).status_code == 404


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "C:\\temp\\a.jpg", "a\nb.jpg", "\u202egpj.exe", "x" * 500 + ".jpg", ""]
)
def test_names_of_uploads_are_labels(client, name):
    answer = client.post("/api/v1/erase", files={"image": (name or "n", photo())}, data={"box": BOX})
    shown = answer.headers["content-disposition"]
    assert answer.status_code == 200
    assert "/" not in shown.removeprefix("attachment; filename*=UTF-8''")
    assert "%2F" not in shown
    assert "%5C" not in shown
    assert "%0A" not in shown
    assert len(shown) < 700
