"""Colours: light stays, edges hold, hints arrive."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from cleanplate.colour.hints import ColourHint, check_hints, hint_planes, parse_hints
from cleanplate.colour.joining import chroma_model, joined, joined_alike
from cleanplate.colour.network import open_network
from cleanplate.colour.prediction import predicted
from cleanplate.colour.ycc import chroma, chroma_of, is_grey, light, rgb
from cleanplate.errors import EngineError, SelectionError
from tests.prints.graphs import light_is_warm, old_photograph, white_is_damage


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    return open_network(light_is_warm(tmp_path_factory.mktemp("nets") / "warm.onnx"), threads=1)


def test_ycc_goes_there_and_back():
    colours = np.random.default_rng(0).random((30, 40, 3), np.float32)
    np.testing.assert_allclose(rgb(light(colours), chroma(colours)), colours, atol=2e-6)
    assert chroma_of(1, 0, 0) == pytest.approx(tuple(chroma(np.array([[[1, 0, 0]]], np.float32))[0, 0]))


def test_colours_beyond_rgb_become_paler_and_keep_their_light():
    y = np.linspace(0, 1, 50, dtype=np.float32)[None]
    result = rgb(y, np.full((1, 50, 2), (-0.4, 0.5), np.float32))
    assert result.min() >= -1e-6
    assert result.max() <= 1 + 1e-6
    np.testing.assert_allclose(light(result), y, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(90, 120), (700, 900), (1, 50), (3, 2)])
def test_light_is_never_touched(warm, dtype, size):
    image = old_photograph(*size) if min(size) > 20 else np.random.default_rng(0).integers(0, 256, (*size, 3))
    image = (image.astype(np.uint32) * (257 if dtype == np.uint16 else 1)).astype(dtype)
    result = joined(image, predicted(image, warm, working_size=128))
    assert result.dtype == dtype
    top = np.iinfo(dtype).max
    assert np.abs(light(result) - light(image)).max() * top <= (0.51 if dtype == np.uint8 else 0.6)
    assert not is_grey(result)


def test_colours_end_at_edges():
    """Two halves of different light and colour, joined at sixteen times the size: nothing bleeds beyond the edge."""
    y = np.where(np.arange(640) < 317, 0.3, 0.7).astype(np.float32)[None].repeat(320, axis=0)
    image = np.rint(np.dstack([y] * 3) * 255).astype(np.uint8)
    small = light(cv2.resize(image, (40, 20), interpolation=cv2.INTER_AREA))
    share = ((small - 0.3) / 0.4)[..., None]
    coloured = joined(image, chroma_model(small, (1 - share) * (0.2, -0.1) + share * np.float32((-0.1, 0.2))))
    found = chroma(coloured.astype(np.float32) / 255)
    assert np.abs(found[:, :316] - (0.2, -0.1)).max() < 0.03
    assert np.abs(found[:, 318:] - (-0.1, 0.2)).max() < 0.03
    plain = cv2.resize(((1 - share) * (0.2, -0.1) + share * (-0.1, 0.2)).astype(np.float32), (640, 320))
    assert np.abs(plain[:, :316] - (0.2, -0.1)).max() > 0.05  # what linear enlarging does


def test_bands_do_not_show(warm):
    image = np.full((600, 40, 3), 128, np.uint8)
    result = joined(image, predicted(image, warm, working_size=64))
    assert (result == result[0, 0]).all()


def test_two_versions_get_the_same_colours_that_end_at_the_edges_of_the_first(warm):
    clean, damaged = old_photograph(damaged=False), old_photograph()
    model = predicted(clean, warm, working_size=512)
    first, second = joined_alike(clean, damaged, model, threads=2)
    assert (first == joined(clean, model)).all()
    same = (damaged == clean).all(axis=2)
    assert (second[same] == first[same]).all()
    assert not same.all()
    np.testing.assert_allclose(light(second), light(damaged), atol=0.51 / 255)
    # Scratches are white, where no chroma fits; what is left of theirs has the direction of the clean picture's.
    faded = np.clip(damaged.astype(int) // 2 + 40, 0, 255).astype(np.uint8)
    first, second = joined_alike(clean, faded, model)
    wanted, found = (chroma(each.astype(np.float32) / 255) for each in (first, second))
    np.testing.assert_allclose(found, wanted, atol=0.01)


@pytest.mark.parametrize(
    ("height", "width", "seen"),
    [(600, 600, (192, 192)), (400, 900, (128, 288)), (90, 120, (90, 120)), (10, 4000, (2, 768))],
)
def test_the_network_sees_as_many_pixels_as_it_learned_from(height, width, seen):
    shapes = []

    def network(luma, hints):
        assert luma.shape == hints.shape[:2]
        shapes.append(luma.shape)
        return np.zeros((*luma.shape, 2), np.float32)

    predicted(np.zeros((height, width, 3), np.uint8), network, working_size=192)
    assert shapes == [seen, tuple(round(0.7 * side) for side in seen)]


def test_two_looks_are_averaged_at_their_place():
    """A network that gives what is bright a colour, more of it in the smaller look: a mirror image would show."""

    def network(luma, hints):
        return np.repeat((0.2 if luma.shape[1] == 100 else 0.1) * luma[..., None], 2, axis=2).astype(np.float32)

    image = np.zeros((80, 100, 3), np.uint8)
    image[:, :30] = 127
    found = chroma(joined(image, predicted(image, network, working_size=200)).astype(np.float32) / 255)
    assert np.abs(found[:, 33:]).max() < 0.02
    assert np.abs(found[20:60, 5:25] - 0.15 * 127 / 255).max() < 0.01


def test_hints_reach_the_network_at_their_place(warm):
    image = old_photograph(400, 600, damaged=False)
    blue = joined(image, predicted(image, warm, hints=[ColourHint(450, 100, (0, 0, 255))], working_size=300))
    plain = joined(image, predicted(image, warm, working_size=300))
    assert (
        chroma(blue.astype(np.float32) / 255)[100, 450, 0] > chroma(plain.astype(np.float32) / 255)[100, 450, 0] + 0.1
    )
    assert (blue[:, :400] == plain[:, :400]).all()


def test_hint_planes_hold_chroma_and_where():
    planes = hint_planes([ColourHint(59, 39, (255, 0, 0))], 40, 60, small=(20, 30))
    assert planes[19, 29] == pytest.approx((*chroma_of(1, 0, 0), 1))
    assert planes[..., 2].sum() == 16  # a square of 7, cut off at the corner
    assert not planes[:10].any()


def test_hints_are_read_from_json():
    text = json.dumps([{"x": 4, "y": 5.5, "colour": "#8A5a3c"}, {"x": 1, "y": 2, "color": [40, 70, 160]}])
    assert parse_hints(text) == [ColourHint(4, 5.5, (138, 90, 60)), ColourHint(1, 2, (40, 70, 160))]
    assert parse_hints("[]") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("{}", "must be a JSON list"),
        ("[3]", "point 1: is no point"),
        ('[{"x": 1, "y": 2}]', "point 1: needs x, y and colour"),
        ('[{"x": "1", "y": 2, "colour": "#ffffff"}]', "must be numbers"),
        ('[{"x": NaN, "y": 2, "colour": "#ffffff"}]', "must be numbers"),
        ('[{"x": 1, "y": 2, "colour": "red"}]', "cannot have the colour 'red'"),
        ('[{"x": 1, "y": 2, "colour": [0, 0, 256]}]', "cannot have the colour"),
    ],
)
def test_broken_hints_are_named(text, said):
    with pytest.raises(SelectionError, match=said):
        parse_hints(text)


def test_hints_beside_the_picture_are_refused():
    with pytest.raises(SelectionError, match="outside the picture of 60 x 40"):
        check_hints([ColourHint(60, 10, (1, 2, 3))], 40, 60)


def test_networks_for_something_else_are_refused(tmp_path):
    with pytest.raises(EngineError, match="takes luma and hints"):
        open_network(white_is_damage(tmp_path / "white.onnx"))
