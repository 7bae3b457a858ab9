"""Restoring and colouring over HTTP give what the Python API gives."""

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from cleanplate.tasks.colorize_file import colorize_file
from cleanplate.tasks.restore_file import restore_file
from cleanplate.tasks.restore_options import ColorizeOptions, RestoreOptions, RestoreTargets
from tests.server.print_graphs import all_is_sepia, white_is_damage


def scan(kind="PNG"):
    """A grey slope with a white scratch down column 60."""
    pixels = np.tile(np.linspace(60, 160, 128), (96, 1)).astype(np.uint8)
    pixels[10:80, 59:62] = 255
    file = io.BytesIO()
    Image.fromarray(np.repeat(pixels[..., None], 3, 2)).save(file, kind)
    return file.getvalue()


@pytest.fixture
def networks(tmp_path):
    return {
        "defects_weights": white_is_damage(tmp_path / "defects.onnx"),
        "colour_weights": all_is_sepia(tmp_path / "colour.onnx"),
    }


@pytest.fixture
def restoring(serving, networks):
    options = RestoreOptions(
        weights_defects=networks["defects_weights"], weights_colour=networks["colour_weights"], colour=False
    )
    return serving(**networks), options


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_answer_is_byte_for_byte_that_of_the_api(restoring, kind):
    client, options = restoring
    data = scan(kind)
    answer = client.post("/api/v1/restore", files={"image": ("old.x", data)})
    assert answer.status_code == 200, answer.text
    expected = restore_file(data, RestoreTargets(None, "restored"), options)
    assert answer.content == expected.files["restored"]
    assert answer.headers["content-type"] == f"image/{kind.lower()}"
    report = json.loads(answer.headers["x-cleanplate-report"])
    assert report["status"] == "restored"
    assert report["defect_pixels"] > 150
    assert pixels(answer.content)[40, 60].max() < 200


def test_all_results_come_as_an_archive(restoring):
    client, _ = restoring
    answer = client.post("/api/v1/restore", files={"image": ("old.png", scan())}, data={"result": "all"})
    assert answer.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert set(archive.namelist()) == {f"old-{k}.png" for k in ("restored", "restored_colour", "colour", "defects")}
    for name in ("restored_colour", "colour", "defects"):
        one = client.post("/api/v1/restore", files={"image": ("old.png", scan())}, data={"result": name})
        assert one.content == archive.read(f"old-{name}.png"), name
    plain = client.post("/api/v1/restore", files={"image": ("o.png", scan())}, data={"result": "all", "colour": "no"})
    assert len(zipfile.ZipFile(io.BytesIO(plain.content)).namelist()) == 2


def test_a_mask_says_what_is_damage(restoring):
    client, _ = restoring
    mask = np.zeros((96, 128), np.uint8)
    mask[30:40, 20:30] = 255
    file = io.BytesIO()
    Image.fromarray(mask).save(file, "PNG")
    answer = client.post("/api/v1/restore", files={"image": ("o.png", scan()), "mask": ("m.png", file.getvalue())})
    changed = (pixels(scan()) != pixels(answer.content)).any(-1)
    assert not changed[50, 60]
    assert not changed[mask == 0].any()


def test_colouring(restoring):
    client, options = restoring
    answer = client.post("/api/v1/colorize", files={"image": ("old.jpg", scan("JPEG"))})
    assert answer.status_code == 200, answer.text
    expected = colorize_file(scan("JPEG"), None, ColorizeOptions(weights=options.weights_colour))
    assert answer.content == expected.data
    red, _, blue = pixels(answer.content)[40, 30]
    assert red > blue + 10
    assert "old-colour.jpg" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("route", "files", "fields", "status"),
    [
        ("restore", {}, {"sensitivity": "2"}, 422),
        ("restore", {}, {"result": "everything"}, 422),
        ("restore", {"mask": b"no"}, {}, 415),
        ("restore", {"hints": b"[]"}, {}, 422),
        ("colorize", {"hints": b"{"}, {}, 422),
        ("colorize", {"hints": b'[{"x": 999, "y": 1, "colour": "#112233"}]'}, {}, 422),
    ],
)
def test_wrong_requests(restoring, route, files, fields, status):
    client, _ = restoring
    answer = client.post(f"/api/v1/{route}", files={"image": scan(), **files}, data=fields)
    assert answer.status_code == status, answer.text


def test_without_networks_it_says_so(client):
    answer = client.post("/api/v1/colorize", files={"image": scan()})
    assert answer.status_code in (200, 501)
