"""What the network is shown, and what becomes of its answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanplate.errors import ArrayError, EngineError, SelectionError, WeightsError
from cleanplate.matting.network import open_network
from cleanplate.matting.parts import only, parts
from cleanplate.matting.portrait import NOBODY, portrait, without_specks, working_size
from tests.matting.pictures import constant, disc_alpha, red_is_person, two_alphas, two_people
from tests.runtime.graphs import lama


@given(st.integers(1, 9000), st.integers(1, 9000))
def test_working_size_keeps_proportions_and_is_bounded(height, width):
    tall, wide = working_size(height, width)
    assert 1 <= tall <= 1024
    assert 1 <= wide <= 1024
    assert tall * wide <= 1.05 * 512 * 512 + 1100
    if min(tall, wide) > 40:
        assert (tall / wide) / (height / width) == pytest.approx(1, abs=0.03)


def test_the_network_sees_rgb_in_0_to_1_padded_to_32(tmp_path):
    network = open_network(red_is_person(tmp_path / "red.onnx"))
    image = two_people()
    alpha = network(image)
    assert alpha.shape == image.shape[:2]
    assert alpha.dtype == np.float32
    assert np.abs(alpha - two_alphas()).mean() < 0.02
    assert np.abs(network(image.astype(np.uint16) * 257) - alpha).max() < 1e-5


def test_fixed_size_other_names_and_logits(tmp_path):
    red_is_person(tmp_path / "other.onnx", ports=("input", "output"), size=(64, 64))
    network = open_network(tmp_path / "other.onnx")
    assert network.fixed
    assert np.abs(network(two_people()) - two_alphas()).mean() < 0.05


def test_nobody_is_an_empty_alpha_and_a_note_never_a_stretched_one(tmp_path):
    for value in (0.0, 0.2, -3.0):
        found = portrait(two_people(), open_network(constant(tmp_path / f"{value}.onnx", value)))
        assert found.empty
        assert found.notes == (NOBODY,)
        assert not found.alpha.any()
    full = portrait(two_people(), open_network(constant(tmp_path / "full.onnx", 7.0)))
    assert (full.alpha == 1).all()


def test_numbers_that_are_none_are_an_error(tmp_path):
    network = open_network(constant(tmp_path / "nan.onnx", np.nan))
    with pytest.raises(EngineError, match="not finite"):
        portrait(two_people(), network)


def test_small_people_get_a_second_look():
    asked = []

    def network(pixels):
        asked.append(pixels.shape[:2])
        return (pixels[..., 0] > 128).astype(np.float32)

    image = np.zeros((2000, 3000, 3), np.uint8)
    image[900:1300, 400:700] = 255
    found = portrait(image, network)
    assert len(found.looks) == len(asked) == 2
    near = found.looks[1]
    assert near.left < 400 < 700 < near.right
    assert near.top < 900 < 1300 < near.bottom
    # The second look enlarges them, and its answer lands where they are.
    scale = found.alpha.shape[0] / 2000
    assert scale > 2 * asked[0][0] / 2000
    rows, columns = np.nonzero(found.alpha > 0.5)
    box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) / scale
    assert box == pytest.approx([400, 900, 700, 1300], abs=4)
    assert len(portrait(image, network, second_look=False).looks) == 1


def test_specks_go_hands_stay():
    alpha = disc_alpha(200, 200, (80, 100), 40)
    alpha[:3, :3] = 1
    alpha[98:102, 122:125] = 1  # a hand beyond a sleeve
    kept = without_specks(alpha)
    assert not kept[:3, :3].any()
    assert kept[99, 123] == 1
    assert (kept[60:140, 40:120] == alpha[60:140, 40:120]).all()


def test_people_who_stand_apart_are_counted_from_the_largest():
    alpha = two_alphas()
    found = parts(alpha)
    assert [box.width for box in found.boxes] == pytest.approx([91, 41], abs=2)
    first, second = only(alpha, 1), only(alpha, 2)
    assert np.abs(first + second - alpha).max() < 1e-6
    assert not first[:, 160:].any()
    assert not second[:, :160].any()
    with pytest.raises(SelectionError, match="no person 3: 2 people stand apart"):
        only(alpha, 3)


def test_refusals(tmp_path, monkeypatch):
    with pytest.raises(ArrayError):
        portrait(np.zeros((4, 4), np.uint8), lambda pixels: pixels)
    with pytest.raises(EngineError, match="takes one picture"):
        open_network(lama(tmp_path / "fill.onnx"))
    (tmp_path / "a.pth").write_bytes(b"x")
    with pytest.raises(WeightsError, match="no ONNX file"):
        open_network(tmp_path / "a.pth")
    with pytest.raises(EngineError, match="for inpaint, in format onnx"):
        open_network(_installed("migan", tmp_path, monkeypatch))


def _installed(name, folder, monkeypatch):
    """A file that the catalog takes for the weights of that name."""
    from cleanplate.matting import network
    from cleanplate.weights.catalog import shipped
    from cleanplate.weights.store import Installed

    record = shipped().named(name)
    monkeypatch.setattr(network, "resolve", lambda wanted: Installed(folder / record.file, record, "given"))
    return name


def test_a_very_likely_body_is_not_translucent(tmp_path, monkeypatch):
    """A segmentation says how likely a pixel is a person, a matte how much of it is one."""
    from dataclasses import replace

    from cleanplate.matting import network
    from cleanplate.weights.catalog import shipped
    from cleanplate.weights.store import Installed

    modnet = shipped().named("modnet-photographic")
    record = replace(modnet, task="segmentation", input=network.FREE)
    for likely, alpha in ((0.9, 1.0), (0.5, 0.5), (0.2, 0.0)):
        file = constant(tmp_path / f"{likely}.onnx", likely)
        monkeypatch.setattr(network, "resolve", lambda wanted, file=file: Installed(file, record, "given"))
        segments = open_network("any")
        assert segments(two_people()) == pytest.approx(alpha, abs=1e-3)
        assert segments.area < 512 * 512, "it learnt from small pictures"
        monkeypatch.setattr(
            network, "resolve", lambda wanted, file=file: Installed(file, replace(record, task="matting"), "given")
        )
        assert open_network("any")(two_people()) == pytest.approx(likely, abs=1e-3)
        assert open_network("any").area == 512 * 512


def test_the_network_that_ships_sees_what_it_learnt_from() -> None:
    assert open_network().area == 384 * 384


@pytest.mark.parametrize("area", [128 * 128, 512 * 512])
def test_the_network_sees_as_many_pixels_as_it_should(area):
    seen = []

    def network(pixels):
        seen.append(pixels.shape[:2])
        return np.ones(pixels.shape[:2], np.float32)

    portrait(np.zeros((900, 1200, 3), np.uint8), network, area=area)
    assert seen[0][0] * seen[0][1] == pytest.approx(area, rel=0.02)
