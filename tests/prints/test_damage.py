"""Looking for damage: the same whatever the tiling, in any size, and hairlines that survive."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from cleanplate.prints.damage import cut, damage_probability, shrunk
from cleanplate.prints.marks import marks, threshold_for
from cleanplate.prints.network import open_network
from cleanplate.runtime.contract import InputContract
from cleanplate.runtime.network import Network
from cleanplate.runtime.session import start
from tests.prints.graphs import old_photograph, true_damage, white_is_damage
from tests.runtime.graphs import convolutions


@pytest.fixture(scope="module")
def looking_around(tmp_path_factory):
    """A network that looks 7 px far, as probabilities."""
    path = convolutions(tmp_path_factory.mktemp("nets") / "convolutions.onnx")
    network = Network(start(path, device="cpu", threads=1), InputContract(multiple_of=2))
    return lambda pixels: 1 / (1 + np.exp(-network(pixels)[..., 0]))


@pytest.fixture(scope="module")
def white(tmp_path_factory):
    return open_network(white_is_damage(tmp_path_factory.mktemp("nets") / "white.onnx"), threads=1)


@pytest.mark.parametrize("size", [(300, 420), (257, 391)])
@pytest.mark.parametrize("tile_pixels", [20_000, 40_000, 70_000])
def test_the_result_is_the_same_whatever_the_tiling(looking_around, size, tile_pixels):
    image = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    whole = looking_around(image)
    rows, columns = cut(*size, tile_pixels=tile_pixels, radius=16)
    assert len(rows) * len(columns) > 1
    tiled = damage_probability(image, looking_around, tile_pixels=tile_pixels, radius=16)
    assert whole.std() > 0.02  # it does say something
    np.testing.assert_allclose(tiled, whole, atol=2e-6)


def test_tiles_closer_than_the_network_looks_differ(looking_around):
    """The test above can fail."""
    image = np.random.default_rng(1).integers(0, 256, (300, 420, 3), dtype=np.uint8)
    near = damage_probability(image, looking_around, tile_pixels=20_000, radius=0)
    assert np.abs(near - looking_around(image)).max() > 1e-3


@pytest.mark.parametrize("size", [(2048, 1536), (1536, 2048), (1365, 2048), (8000, 12000), (500, 30000), (40, 90)])
def test_tiles_cover_the_picture_within_the_limit(size):
    rows, columns = cut(*size, tile_pixels=1_400_000, radius=256)
    for length, cuts in zip(size, (rows, columns), strict=True):
        total = np.zeros(max(each.stop for each in cuts))
        for each in cuts:
            total[each.start : each.stop] += each.weights
        assert length <= len(total) < length + 32
        np.testing.assert_allclose(total, 1, atol=1e-6)
    largest = max(r.stop - r.start for r in rows) * max(c.stop - c.start for c in columns)
    assert largest <= 1_400_000


def test_deep_and_eight_bit_pictures_are_seen_alike(white):
    image = old_photograph()
    eight, deep = (damage_probability(each, white) for each in (image, image.astype(np.uint16) * 257))
    np.testing.assert_allclose(eight, deep, atol=1e-5)


def test_flips_give_the_same_for_a_network_that_does_not_care(white):
    image = old_photograph()
    np.testing.assert_allclose(
        damage_probability(image, white, flips=True), damage_probability(image, white), atol=1e-6
    )


def test_flips_average_four_views():
    def left_is_bad(pixels):
        return np.linspace(1, 0, pixels.shape[1], dtype=np.float32)[None].repeat(len(pixels), axis=0)

    np.testing.assert_allclose(damage_probability(old_photograph(), left_is_bad, flips=True), 0.5, atol=1e-6)


def test_large_pictures_are_shrunk_unless_native_size_is_wanted(white):
    image = old_photograph(300, 500)
    assert damage_probability(image, white, long_side=250).shape == (150, 250)
    assert damage_probability(image, white, long_side=None).shape == (300, 500)
    assert shrunk(image, 500) is image


@pytest.mark.parametrize("thickness", [1, 2, 3])
def test_hairlines_survive_marking(white, thickness):
    canvas = np.zeros((200, 300), np.uint8)
    cv2.line(canvas, (5, 10), (290, 180), 1, thickness)
    image = np.where(canvas[..., None] > 0, 255, 90).astype(np.uint8).repeat(3, axis=2)
    found = marks(damage_probability(image, white), 0.5, height=200, width=300)
    assert found[canvas > 0].all()
    assert found.sum() < 4 * max(2, thickness) * 300  # a line, and not all around it


def test_marks_at_small_size_cover_what_is_marked_at_full_size():
    small = np.zeros((60, 80), np.float32)
    small[20:40, 30] = 0.95
    large = marks(small, 0.5, height=240, width=320)
    assert large[84:156, 120:124].all()
    assert large.mean() < 0.08


def test_weak_neighbours_of_sure_damage_belong_to_it_but_specks_do_not():
    probability = np.zeros((40, 60), np.float32)
    probability[10, 5:20], probability[10, 20:40] = 0.97, 0.6
    probability[30, 5:40] = 0.6  # nothing sure anywhere near
    probability[20, 50] = 0.97  # a single pixel
    found = marks(probability, 0.5, height=40, width=60)
    assert found[10, 5:40].all()
    assert not found[15:].any()


def test_doubtful_marks_count_where_a_picture_is_evidently_damaged():
    doubt = np.zeros((200, 300), np.float32)
    doubt[50, 20:90] = 0.9
    assert not marks(doubt, 0.5, height=200, width=300).any()
    damaged = doubt.copy()
    damaged[150, 20:280] = 0.99
    found = marks(damaged, 0.5, height=200, width=300)
    assert found[50, 20:90].all()
    assert found[150, 20:280].all()


def test_wide_bright_things_are_no_evidence_of_damage():
    picture = np.zeros((200, 300), np.float32)
    picture[50, 20:90] = 0.9
    cv2.circle(picture, (200, 120), 30, 0.999, -1)
    found = marks(picture, 0.5, height=200, width=300)
    assert not found[50].any()  # a white hat does not make the cable beside it a scratch
    assert found[120, 200]  # sure all over, so it is marked itself


def test_compact_marks_that_are_doubtful_on_the_average_are_left_out():
    picture = np.zeros((200, 300), np.float32)
    picture[150, 20:280] = 0.99
    cv2.circle(picture, (200, 60), 12, 0.7, -1)
    picture[60, 196:204] = 0.99
    cv2.line(picture, (20, 20), (150, 100), 0.7, 5)
    picture[60, 80:90] = np.maximum(picture[60, 80:90], np.where(picture[60, 80:90] > 0, 0.99, 0))
    found = marks(picture, 0.5, height=200, width=300)
    assert not found[40:80, 180:220].any()
    assert found[60, 85]
    assert found[90, 130]  # as doubtful, but long
    sure = np.where(picture > 0, np.float32(0.99), 0)
    assert marks(sure, 0.5, height=200, width=300)[60, 200]


def test_a_broad_mark_counts_where_nothing_of_the_picture_is_left_inside():
    probability = np.zeros((240, 320), np.float32)
    cv2.circle(probability, (100, 120), 25, 0.999, -1)
    cv2.line(probability, (200, 10), (300, 230), 0.999, 2)
    probability[::3] = np.maximum(probability[::3], 0.3)  # doubts all over the picture
    picture = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    for seen in (picture, picture.astype(np.uint16) * 257):
        face = marks(probability, 0.5, height=240, width=320, seen=seen)
        assert not face[:, :150].any()
        assert face[120, 250]  # a scratch elsewhere stays
        hole = seen.copy()
        hole[probability > 0.5] = np.iinfo(seen.dtype).max
        assert marks(probability, 0.5, height=240, width=320, seen=hole)[120, 100]


def test_where_everything_is_in_doubt_only_what_stands_out_is_marked():
    """Grass: short bright blades everywhere. The same marks on a plain ground are damage."""
    rng = np.random.default_rng(0)
    blades = np.zeros((240, 320), np.float32)
    for x, y in rng.uniform((0, 0), (320, 240), (4000, 2)).astype(int).tolist():
        cv2.line(blades, (x, y), (x + int(rng.integers(-3, 4)), y + 10), float(rng.uniform(0.2, 0.8)), 1)
    few = np.zeros_like(blades)
    few[60, 40:100] = 0.96
    few[150:154, 200:204] = 0.999
    alone = marks(few, 0.5, height=240, width=320)
    assert alone[60, 40:100].all()
    among = marks(np.maximum(blades, few), 0.5, height=240, width=320)
    assert not among[60, 40:100].all()
    assert among.mean() < 0.01
    asked = marks(np.maximum(blades, few), threshold_for(1, 0.5), height=240, width=320, neutral=0.5)
    assert asked[60, 40:100].all()  # whoever asks for everything suspicious gets it


def test_doubts_count_more_in_a_picture_in_colours():
    probability = np.zeros((240, 320), np.float32)
    probability[30:90, 40:100] = 0.3
    probability[60, 40:100] = 0.97
    grey = np.full((240, 320, 3), 128, np.uint8)
    colours = grey.copy()
    colours[:, :160], colours[:, 160:] = (200, 60, 40), (20, 130, 160)
    assert marks(probability, 0.5, height=240, width=320, seen=grey)[60, 40:100].all()
    assert not marks(probability, 0.5, height=240, width=320, seen=colours).any()


def test_a_few_sure_pixels_are_no_damage_of_a_clean_picture():
    probability = np.zeros((240, 320), np.float32)
    probability[100:102, 50:53] = 0.9999
    assert not marks(probability, 0.5, height=240, width=320).any()
    probability[100:104, 50:54] = 0.9999
    assert marks(probability, 0.5, height=240, width=320)[101, 51]


def test_less_sensitivity_marks_less_of_the_same():
    rng = np.random.default_rng(0)
    smooth = cv2.GaussianBlur(rng.normal(0, 1, (300, 400)).astype(np.float32), (0, 0), 2)
    probability = 1 / (1 + np.exp(-(smooth / smooth.std() * 4 - 4)))
    found = [
        marks(probability, threshold_for(each, 0.8), height=300, width=400, neutral=0.8)
        for each in (0, 0.3, 0.5, 0.8, 1)
    ]
    for less, more in itertools.pairwise(found):
        assert less.sum() < more.sum()


def test_sensitivity_moves_the_threshold_around_that_of_the_network():
    values = [threshold_for(each, 0.8) for each in (0, 0.25, 0.5, 0.75, 1)]
    assert values == sorted(values, reverse=True)
    assert values[2] == pytest.approx(0.8)
    assert values[0] > 0.99 > 0.1 > values[4] > 0


def test_clean_pictures_have_no_marks(white):
    clean = old_photograph(damaged=False)
    assert not marks(damage_probability(clean, white), 0.5, height=120, width=160).any()
    found = marks(damage_probability(old_photograph(), white), 0.5, height=120, width=160)
    assert found[true_damage()].all()
