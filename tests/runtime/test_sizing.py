"""Pictures come to the size that a network takes, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanplate.errors import ArgumentError, ArrayError
from cleanplate.runtime.contract import InputContract
from cleanplate.runtime.sizing import fitting, pad, unpad

SIDES = st.integers(1, 40)


def noise(*shape: int, dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(0, 255, shape).astype(dtype)


@given(height=SIDES, width=SIDES, more=st.tuples(st.integers(0, 90), st.integers(0, 90)))
def test_reflection_is_that_of_numpy(height: int, width: int, more: tuple[int, int]) -> None:
    picture = noise(height, width, 3)
    padded = pad(picture, (height + more[0], width + more[1]), "reflect")
    assert (padded == np.pad(picture, ((0, more[0]), (0, more[1]), (0, 0)), "reflect")).all()


@given(
    height=SIDES,
    width=SIDES,
    more=st.tuples(st.integers(0, 50), st.integers(0, 50)),
    mode=st.sampled_from(["reflect", "edge"]),
    dtype=st.sampled_from([np.uint8, np.uint16, np.float32, np.bool_]),
)
def test_padding_is_taken_back(height: int, width: int, more: tuple[int, int], mode: str, dtype: type) -> None:
    picture = noise(height, width, dtype=dtype)
    size = height + more[0], width + more[1]
    padded = pad(picture, size, mode)  # type: ignore[arg-type]
    assert padded.shape == size
    assert padded.dtype == dtype
    assert (unpad(padded, (height, width)) == picture).all()


def test_edge_padding_repeats_the_last_pixels() -> None:
    assert pad(np.array([[1, 2], [3, 4]]), (3, 4), "edge").tolist() == [[1, 2, 2, 2], [3, 4, 4, 4], [3, 4, 4, 4]]


CONTRACTS = st.builds(
    InputContract,
    multiple_of=st.sampled_from([1, 2, 8, 32]),
    minimum=st.integers(1, 70),
    maximum=st.one_of(st.none(), st.integers(100, 200)),
    resize=st.sampled_from(["pad", "fit", "stretch"]),
    padding=st.sampled_from(["reflect", "edge"]),
)


@given(height=st.integers(1, 300), width=st.integers(1, 300), contract=CONTRACTS)
def test_any_size_comes_to_one_that_the_network_takes(height: int, width: int, contract: InputContract) -> None:
    fit = fitting(height, width, contract)
    for side in fit.full:
        assert side % contract.multiple_of == 0
        assert side >= contract.minimum
        if contract.maximum is not None:
            assert side <= contract.maximum
    picture = fit.picture(noise(height, width, 3))
    assert picture.shape == (*fit.full, 3)
    assert fit.undo(picture).shape == (height, width, 3)


@given(
    height=st.integers(1, 200),
    width=st.integers(1, 200),
    fixed=st.tuples(st.integers(1, 96), st.integers(1, 96)),
    resize=st.sampled_from(["pad", "fit", "stretch"]),
)
def test_one_fixed_size(height: int, width: int, fixed: tuple[int, int], resize: str) -> None:
    fit = fitting(height, width, InputContract(fixed=fixed, resize=resize))  # type: ignore[arg-type]
    assert fit.full == fixed
    assert fit.scaled[0] <= fixed[0]
    assert fit.scaled[1] <= fixed[1]
    if resize == "pad" and height <= fixed[0] and width <= fixed[1]:
        assert fit.scaled == (height, width)
    if resize != "stretch":
        assert abs(fit.scaled[0] * width - fit.scaled[1] * height) <= max(height, width), "aspect"


@given(height=st.integers(1, 100), width=st.integers(1, 100), multiple=st.sampled_from([1, 8, 32]))
def test_what_is_only_padded_comes_back_bit_for_bit(height: int, width: int, multiple: int) -> None:
    picture = noise(height, width, 3)
    fit = fitting(height, width, InputContract(multiple_of=multiple))
    fitted = fit.picture(picture)
    assert fitted.dtype == np.uint8
    assert (fit.undo(fitted) == picture).all()


@given(height=st.integers(2, 80), width=st.integers(2, 80), data=st.data())
def test_scaled_masks_cover_all_that_is_masked(height: int, width: int, data: st.DataObject) -> None:
    mask = np.zeros((height, width), np.bool_)
    mask[data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))] = True
    fit = fitting(height, width, InputContract(fixed=(24, 24)))
    assert fit.undo(fit.mask(mask).astype(np.float32))[mask].min() > 0


def test_erased_colours_do_not_mix_into_a_scaled_picture() -> None:
    picture = np.full((90, 120, 3), 50, np.uint8)
    hole = np.zeros((90, 120), np.bool_)
    hole[31:58, 17:43] = True
    picture[hole] = 255
    fit = fitting(90, 120, InputContract(fixed=(40, 40)))
    scaled, small_hole = fit.picture(picture, hole=hole), fit.mask(hole)
    assert np.abs(scaled[~small_hole] - 50).max() < 0.01
    assert small_hole.any()
    assert not small_hole.all()


def test_an_output_of_another_size_is_refused() -> None:
    with pytest.raises(ArrayError, match=r"is 8 x 8, not 16 x 16"):
        fitting(10, 10, InputContract(multiple_of=16)).undo(np.zeros((8, 8)))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"mean": (0.0,)}, "3 number"),
        ({"std": (1.0, 0.0, 1.0)}, "above 0"),
        ({"multiple_of": 0}, "at least 1"),
        ({"minimum": 64, "maximum": 32}, "below minimum"),
        ({"fixed": (0, 5)}, "height and width"),
        ({"channels": "RGB+mask"}, "need a mask"),
        ({"dtype": "uint8"}, "scale 1"),
    ],
)
def test_contracts_that_nothing_can_keep(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        InputContract(**wrong)
