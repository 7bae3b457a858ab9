"""Erase: only the selection changes, what was erased leaves no trace, and every size and shape works."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cleanplate
from cleanplate.errors import ArrayError, EngineError, SelectionError
from cleanplate.tasks.eraser import automatic_growth, erase
from tests.inpaint.pictures import disc, gravel, slope

MAGENTA = (255, 0, 255)


def _with_blob(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """The picture with a magenta thing where ``hole`` is, softened at its rim as a camera would."""
    rim = cleanplate.mask.growth.grow(hole, 1) & ~hole
    top = np.iinfo(image.dtype).max // 255
    painted = image.copy()
    painted[hole] = np.array(MAGENTA, image.dtype) * top
    painted[rim] = (painted[rim].astype(int) + np.array(MAGENTA) * top) // 2
    return painted


def _magenta(image: np.ndarray) -> np.ndarray:
    levels = image.astype(int) // (np.iinfo(image.dtype).max // 255)
    return (levels[..., 0] - levels[..., 1] > 60) & (levels[..., 2] - levels[..., 1] > 60)


@pytest.mark.parametrize("engine", ["patchmatch", "telea"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_only_the_mask_changes_and_the_thing_is_gone(engine: str, dtype: type) -> None:
    hole = disc(240, 320, (150, 120), 30)
    image = _with_blob(slope(240, 320, dtype=dtype), hole)
    before = image.copy(), hole.copy()
    result = erase(image, hole, engine=engine)
    assert result.image.dtype == dtype
    assert (result.image[~result.mask] == image[~result.mask]).all()
    assert (result.mask | ~hole).all()
    assert not _magenta(result.image).any()
    assert (image == before[0]).all()
    assert (hole == before[1]).all()
    assert result.engine == engine
    assert {"mask", "complete", "aggregate", "total"} <= result.timings.keys()


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(1, 120),
    width=st.integers(2, 120),
    wide=st.booleans(),
    seed=st.integers(0, 1000),
    share=st.floats(0.0, 0.9),
    grow=st.sampled_from([None, -2, 0, 1, 5]),
)
def test_any_size_dtype_and_mask(
    height: int, width: int, wide: bool, seed: int, share: float, grow: int | None
) -> None:
    image = gravel(height, width, seed=seed % 3, dtype=np.uint16 if wide else np.uint8)
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.bool_)
    top, left = rng.integers(0, height), rng.integers(0, width)
    mask[top : top + 1 + int(share * height), left : left + 1 + int(share * width)] = True
    mask ^= rng.random(mask.shape) < 0.01
    try:
        result = erase(image, mask, grow=grow)
    except SelectionError:
        return
    assert result.image.shape == image.shape
    assert (result.image[~result.mask] == image[~result.mask]).all()


def test_the_result_does_not_depend_on_threads_or_runs() -> None:
    image = gravel(400, 500)
    mask = disc(400, 500, (100, 100), 20) | disc(400, 500, (400, 300), 30) | disc(400, 500, (390, 60), 15)
    one, two = erase(image, mask, threads=1), erase(image, mask, threads=3)
    assert len(one.windows) == 3
    assert (one.image == two.image).all()


def test_erased_colours_have_no_influence() -> None:
    hole = disc(300, 400, (200, 150), 60)
    image = gravel(300, 400)
    other = image.copy()
    other[hole] = 255 - other[hole]
    assert (erase(image, hole).image == erase(other, hole).image).all() or _differs_only_in_ramp(image, other, hole)


def _differs_only_in_ramp(image: np.ndarray, other: np.ndarray, hole: np.ndarray) -> bool:
    """The ramp at the seam blends with what was there, so only its few outermost pixels may show a difference."""
    one, two = erase(image, hole), erase(other, hole)
    inner = cleanplate.mask.growth.grow(one.mask, -4)
    return bool((one.image[inner] == two.image[inner]).all())


def test_a_wire_across_the_picture_goes_without_blur() -> None:
    image = gravel(900, 1400)
    mask = np.zeros((900, 1400), np.bool_)
    for x in range(1400):
        mask[100 + x // 2 : 106 + x // 2, x] = True
    image[mask] = 255
    result = erase(image, mask)
    assert max(report.factor for report in result.windows) <= 3
    texture = np.abs(np.diff(result.image.astype(float), axis=1)).mean(axis=2)
    inside = result.mask[:, 1:] & result.mask[:, :-1]
    assert texture[inside].mean() > 0.7 * texture[~inside].mean()


def test_neighbouring_things_do_not_feed_each_other() -> None:
    """Two blobs, one of them selected, the other to be avoided: its colour must not be copied."""
    image = (slope(300, 500) + gravel(300, 500) // 16).astype(np.uint8)
    kept = disc(300, 500, (300, 150), 45)
    image[kept] = MAGENTA
    hole = disc(300, 500, (180, 150), 40)
    result = erase(image, hole, avoid=kept)
    assert not _magenta(result.image)[result.mask].any()


def test_an_island_left_inside_the_selection_is_closed_and_said() -> None:
    hole = disc(240, 320, (160, 120), 50)
    island = disc(240, 320, (160, 120), 4)
    image = _with_blob(slope(240, 320), hole)
    result = erase(image, hole & ~island)
    assert (result.mask[island]).all()
    assert not _magenta(result.image).any()
    assert any("island" in note for note in result.notes)


@pytest.mark.parametrize(
    "shape", [(32, 32), (40, 3000), (2500, 24), (1, 200), (200, 1)], ids=lambda shape: "x".join(map(str, shape))
)
def test_extreme_shapes(shape: tuple[int, int]) -> None:
    image = gravel(*shape)
    mask = np.zeros(shape, np.bool_)
    mask[: shape[0] // 3 + 1, : shape[1] // 3 + 1] = True
    if mask.all():
        mask[-1, -1] = False
    result = erase(image, mask, grow=0)
    assert (result.image[~result.mask] == image[~result.mask]).all()


def test_forty_percent_of_the_picture() -> None:
    image, mask = gravel(300, 400), np.zeros((300, 400), np.bool_)
    mask[:, 100:260] = True
    result = erase(image, mask)
    assert (result.image[~result.mask] == image[~result.mask]).all()
    spread = result.image[result.mask].std()
    assert 0.5 * image.std() < spread < 1.5 * image.std()


def test_nothing_selected_gives_the_picture_back_and_says_so() -> None:
    image = gravel(50, 60)
    result = erase(image, np.zeros((50, 60), np.bool_))
    assert (result.image == image).all()
    assert result.image is not image
    assert result.notes == ["nothing is selected"]


def test_everything_selected_is_refused() -> None:
    image = gravel(50, 60)
    with pytest.raises(SelectionError, match=r"everything is selected.*select less"):
        erase(image, np.ones((50, 60), np.bool_))
    with pytest.raises(SelectionError, match="everything outside the selection is to be avoided"):
        erase(image, disc(50, 60, (30, 20), 5), avoid=np.ones((50, 60), np.bool_))


def test_bad_arrays_are_refused_by_name() -> None:
    image, mask = gravel(50, 60), disc(50, 60, (30, 20), 5)
    with pytest.raises(ArrayError, match=r"image: must have shape H x W x 3"):
        erase(image[..., 0], mask)
    with pytest.raises(ArrayError, match=r"mask: is 60 x 50 but the picture is 50 x 60"):
        erase(image, mask.T)
    with pytest.raises(ArrayError, match=r"mask: must be bool"):
        erase(image, mask.astype(np.uint8))
    with pytest.raises(ArrayError, match=r"avoid: is 60 x 50"):
        erase(image, mask, avoid=mask.T)
    with pytest.raises(EngineError, match="unknown engine"):
        erase(image, mask, engine="magic")


def test_views_of_other_arrays_are_taken_as_they_are() -> None:
    """BGR turned to RGB by a reversed view, transposed masks, read-only arrays: all common, none contiguous."""
    image, mask = gravel(120, 160)[..., ::-1], disc(160, 120, (60, 80), 15).T
    image.flags.writeable = mask.flags.writeable = False
    expected = erase(np.ascontiguousarray(image), np.ascontiguousarray(mask))
    assert (erase(image, mask, avoid=np.zeros((160, 120), np.bool_).T).image == expected.image).all()


def test_seeds_give_alternatives() -> None:
    image, mask = gravel(200, 200), disc(200, 200, (100, 100), 40)
    assert (erase(image, mask, seed=0).image != erase(image, mask, seed=1).image).any()


def test_growth_follows_the_size_of_the_selection() -> None:
    assert automatic_growth(disc(100, 100, (50, 50), 5)) == 2
    assert automatic_growth(disc(1200, 1200, (600, 600), 400)) == 8
    assert automatic_growth(disc(4000, 4000, (2000, 2000), 1900)) == 12
