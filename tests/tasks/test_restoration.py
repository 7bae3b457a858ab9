"""Restoring arrays: what is marked changes, nothing else does, and every missing network is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import cleanplate
from cleanplate.colour.ycc import is_grey, light
from cleanplate.errors import ArgumentError, EngineError, SelectionError
from cleanplate.inpaint import partial
from cleanplate.inpaint.engine import EngineOptions
from cleanplate.tasks import restoration
from cleanplate.weights import folders
from tests.inpaint.generators import generator
from tests.prints.graphs import light_is_warm, mean_fills, old_photograph, true_damage, white_is_damage


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nets")
    return {
        "weights_defects": white_is_damage(folder / "white.onnx"),
        "weights_fill": mean_fills(folder / "mean.onnx"),
        "weights_colour": light_is_warm(folder / "warm.onnx"),
    }


@pytest.fixture
def nothing_installed(monkeypatch, tmp_path):
    """No weights that ship, none that were fetched."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("CLEANPLATE_MODELS", raising=False)
    monkeypatch.setattr(folders, "BUNDLED", tmp_path / "bundled")


@pytest.mark.parametrize("sepia", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_damage_is_found_filled_and_coloured(networks, dtype, sepia):
    image = old_photograph(sepia=sepia).astype(dtype) * dtype(257 if dtype == np.uint16 else 1)
    before = image.copy()
    result = cleanplate.restore(image, threads=1, **networks)
    assert (image == before).all()
    damage = true_damage()
    assert result.defects[damage].all()
    assert result.defects.mean() < 4 * damage.mean()
    assert (result.restored[~result.defects] == image[~result.defects]).all()
    assert light(result.restored)[damage].max() < 0.75  # nothing white is left
    assert is_grey(result.restored) != sepia
    assert result.restored_colour is not None
    assert result.colour is not None
    for coloured, source in ((result.restored_colour, result.restored), (result.colour, image)):
        assert coloured.dtype == dtype
        assert np.abs(light(coloured) - light(source)).max() < 1 / 255
        assert not is_grey(coloured)
    narrow = {"narrow": "continuation"}
    assert result.engines == {"defects": "white.onnx", **narrow, "fill": "mean.onnx", "colour": "warm.onnx"}
    assert result.device == "cpu"
    assert result.timings["total"] > 0
    assert result.box is None


def test_a_clean_picture_comes_back_bit_for_bit(networks):
    image = old_photograph(damaged=False)
    result = cleanplate.restore(image, threads=1, **networks)
    assert (result.restored == image).all()
    assert result.restored is not image
    assert not result.defects.any()
    assert restoration.NOTHING_FOUND in result.notes
    assert "fill" not in result.engines


def test_sensitivity_finds_more_or_less(networks):
    image = old_photograph()
    image[60:64, 100:140] = 232  # bright, not white
    few, many = (cleanplate.restore(image, sensitivity=s, colour=False, **networks).defects for s in (0.2, 0.9))
    assert many.sum() > few.sum() + 100
    with pytest.raises(ArgumentError, match="use 0 to 1"):
        cleanplate.restore(image, sensitivity=1.5, **networks)


def test_a_given_mask_is_filled_exactly_and_needs_no_network(nothing_installed):
    image = old_photograph()
    mask = true_damage()
    result = cleanplate.restore(image, mask, colour=False, threads=1)
    assert (result.defects == mask).all()
    assert (result.restored[~mask] == image[~mask]).all()
    assert (result.restored[mask] != image[mask]).any(axis=1).mean() > 0.9
    assert result.restored_colour is None
    assert result.colour is None
    assert result.engines == {"narrow": "continuation", "fill": "patchmatch"}
    assert any("no network for filling damage" in note for note in result.notes)
    empty = cleanplate.restore(image, np.zeros_like(mask), colour=False)
    assert (empty.restored == image).all()
    assert "nothing is marked" in empty.notes[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"colour": False}, "finds damage ('defects-lite0'), and none is installed; give one by --weights-defects"),
        ({"mask": true_damage()}, "predicts colours ('colour-lite0-l1'), and none is installed; give one by"),
        ({"mask": true_damage(), "colour": False, "engine": "partial"}, "fills damage ('cra-256')"),
    ],
)
def test_a_missing_network_is_named_with_the_option(nothing_installed, arguments, said):
    with pytest.raises(EngineError) as caught:
        cleanplate.restore(old_photograph(), **arguments)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_large_holes_go_to_the_erasers_engine(networks, monkeypatch):
    create = partial.create
    monkeypatch.setattr(partial, "create", lambda options: replace(create(options), largest_radius=4.0))
    image = old_photograph()
    result = cleanplate.restore(image, true_damage(), colour=False, **networks)
    assert result.engines == {"narrow": "continuation", "large": "patchmatch"}
    assert any("1 hole was too large for the fill network and went to engine 'patchmatch'" in n for n in result.notes)
    assert light(result.restored)[true_damage()].max() < 0.75


def test_an_engine_can_be_named_for_all(networks):
    chosen = {name: networks[name] for name in ("weights_defects", "weights_colour")}
    result = cleanplate.restore(old_photograph(), engine="telea", **chosen)
    assert result.engines == {"defects": "white.onnx", "fill": "telea", "colour": "warm.onnx"}
    assert not result.notes
    with pytest.raises(ArgumentError, match="engine 'telea'"):
        cleanplate.restore(old_photograph(), engine="telea", **networks)


def test_fading_and_crop_are_done_on_request(networks):
    framed = np.full((200, 260, 3), 245, np.uint8)
    framed[40:160, 50:210] = np.rint(60 + 0.4 * old_photograph().astype(float)).astype(np.uint8)
    mask = np.zeros((200, 260), bool)
    mask[40:160, 50:210] = true_damage()
    plain = cleanplate.restore(framed, mask, colour=False, **networks)
    assert plain.box is None
    assert (plain.restored[~mask] == framed[~mask]).all()
    done = cleanplate.restore(framed, mask, colour=False, fading=True, crop=True, **networks)
    assert done.box is not None
    assert np.abs(np.subtract(done.box, (50, 40, 210, 160))).max() <= 3
    assert done.restored.shape == framed.shape
    assert done.restored[done.box.slices].min() < 10
    assert restoration.NO_BORDER in cleanplate.restore(old_photograph(), crop=True, colour=False, **networks).notes


def test_everything_marked_is_an_error(networks):
    with pytest.raises(SelectionError, match="everything is marked"):
        cleanplate.restore(old_photograph(), np.ones((120, 160), bool), **networks)


def test_hints_need_colours_and_lie_inside(networks):
    hint = cleanplate.ColourHint(20, 30, (200, 20, 20))
    with pytest.raises(ArgumentError, match="no colours are wanted"):
        cleanplate.restore(old_photograph(), colour=False, hints=[hint], **networks)
    with pytest.raises(SelectionError, match="outside"):
        cleanplate.colorize(old_photograph()[:20], hints=[hint], weights=networks["weights_colour"])


def test_colorize_keeps_light_and_uses_hints(networks):
    image = old_photograph(damaged=False)
    plain = cleanplate.colorize(image, weights=networks["weights_colour"])
    assert np.abs(light(plain.image) - light(image)).max() < 0.6 / 255
    hinted = cleanplate.colorize(
        image, hints=[cleanplate.ColourHint(80, 60, (0, 0, 255))], weights=networks["weights_colour"]
    )
    assert hinted.image[60, 80, 2] > plain.image[60, 80, 2] + 20
    assert hinted.network == "warm.onnx"


@pytest.mark.parametrize("kind", ["partial convolutions", "generator"])
def test_the_engine_never_looks_under_the_hole(networks, tmp_path, kind):
    """A generator of engine ``cra`` fills damage as well: its fine answer, not the coarse one at half the size."""
    weights = generator(tmp_path / "generator.onnx") if kind == "generator" else networks["weights_fill"]
    engine = partial.create(EngineOptions(weights=weights, threads=1))
    image, hole = old_photograph(), np.zeros((120, 160), bool)
    hole[40:90, 50:110] = True
    other = image.copy()
    other[hole] = (1, 200, 3)
    avoid = np.zeros_like(hole)
    one, two = (engine.complete(each, hole, avoid=avoid, seed=0).image for each in (image, other))
    assert (one == two).all()
    assert (one[~hole] == image[~hole]).all()
    apart = np.abs(one.astype(int) - image[~hole].mean(axis=0)).max(axis=2)
    assert apart[55:75, 65:95].max() < 4
    assert apart[hole].max() > 15  # at its border the fill meets what lies around it
