"""Damaged and forged uploads of every type are answered in words, and the server goes on."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.conftest import photo

KINDS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")
FILES = {kind: photo(48, 64, kind=kind) for kind in KINDS}
RIGHT = {200, 400, 413, 415, 422}


@st.composite
def damaged(draw):
    """A picture file with bytes changed, cut, doubled or put in; sometimes the start of another type."""
    data = bytearray(FILES[draw(st.sampled_from(KINDS))])
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        how = draw(st.sampled_from(("change", "cut", "put in", "large number", "start")))
        if how == "change" and data:
            data[place] = draw(st.integers(0, 255))
        elif how == "cut":
            del data[place:]
        elif how == "put in":
            data[place:place] = draw(st.binary(max_size=12))
        elif how == "large number":
            data[place : place + 4] = b"\xff\xff\xff\x7f"
        else:
            start = FILES[draw(st.sampled_from(KINDS))]
            data[: min(place, 40)] = start[: min(place, 40)]
    return bytes(data)


def refused_in_words(client, route, files, data):
    answer = client.post(f"/api/v1/{route}", files=files, data=data)
    assert answer.status_code in RIGHT, answer.text
    if answer.status_code != 200:
        assert answer.json()["message"]


FEW = settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None)
MANY = settings(max_examples=2000, suppress_health_check=list(HealthCheck), deadline=None)


@FEW
@given(data=damaged())
def test_a_damaged_picture(client, data):
    refused_in_words(client, "erase", {"image": ("p", data)}, {"box": "20,20,40,40"})


@FEW
@given(data=damaged())
def test_a_damaged_mask(client, data):
    refused_in_words(client, "erase", {"image": ("p", FILES["JPEG"]), "mask": ("m", data)}, {})


@FEW
@given(
    data=st.binary(max_size=200) | st.text(max_size=60).map(str.encode) | st.just(b'[{"points":[[1e999,1]],"size":1}]')
)
def test_damaged_strokes(client, data):
    refused_in_words(client, "erase", {"image": ("p", FILES["JPEG"]), "strokes": ("s", data)}, {})


@FEW
@given(
    text=st.text(max_size=40), field=st.sampled_from(("box", "spot", "polygon", "click", "format", "engine", "grow"))
)
def test_any_text_in_any_field(client, text, field):
    answer = client.post("/api/v1/erase", files={"image": ("p", FILES["JPEG"])}, data={field: text, "spot": "9,9,3"})
    assert answer.status_code in {*RIGHT, 501}, answer.text


@pytest.mark.slow
@MANY
@given(data=damaged())
def test_very_many_damaged_pictures(client, data):
    refused_in_words(client, "erase", {"image": ("p", data)}, {"box": "20,20,40,40"})
