"""Colour order, range, normalisation, layout and precision follow the contract."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.errors import ArrayError
from cleanplate.runtime.contract import InputContract
from cleanplate.runtime.tensors import mask_tensor, picture_tensor, pixels_of

PICTURE = np.random.default_rng(3).integers(0, 256, (5, 7, 3)).astype(np.uint8)
HOLE = np.zeros((5, 7), np.bool_)
HOLE[1:3, 2:5] = True


def test_zero_to_one() -> None:
    tensor = picture_tensor(PICTURE, InputContract())
    assert tensor.shape == (1, 3, 5, 7)
    assert tensor.dtype == np.float32
    np.testing.assert_allclose(tensor[0].transpose(1, 2, 0), PICTURE / 255, atol=1e-6)


def test_mean_and_deviation_of_imagenet() -> None:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    tensor = picture_tensor(PICTURE, InputContract(mean=mean, std=std))
    np.testing.assert_allclose(tensor[0].transpose(1, 2, 0), (PICTURE / 255 - mean) / std, atol=1e-5)


def test_minus_one_to_one() -> None:
    contract = InputContract(scale=1 / 127.5, mean=(1.0, 1.0, 1.0))
    tensor = picture_tensor(np.array([[[0, 255, 51]]], np.uint8), contract)
    np.testing.assert_allclose(tensor.ravel(), [-1, 1, -0.6], atol=1e-6)


def test_bgr_goes_in_and_comes_back_as_rgb() -> None:
    contract = InputContract(channels="BGR", scale=1.0)
    tensor = picture_tensor(PICTURE, contract)
    assert (tensor[0, 0] == PICTURE[..., 2]).all()
    assert (pixels_of(tensor, contract) == PICTURE).all()


def test_last_axis_for_channels() -> None:
    contract = InputContract(layout="NHWC", scale=1.0)
    tensor = picture_tensor(PICTURE, contract)
    assert tensor.shape == (1, 5, 7, 3)
    assert (pixels_of(tensor, contract) == PICTURE).all()


def test_grey_is_luma() -> None:
    tensor = picture_tensor(PICTURE, InputContract(channels="grey", scale=1.0, mean=(0.0,), std=(1.0,)))
    assert tensor.shape == (1, 1, 5, 7)
    np.testing.assert_allclose(tensor[0, 0], PICTURE @ [0.299, 0.587, 0.114], atol=1e-3)


def test_sixteen_bits_are_not_rounded_to_eight() -> None:
    tensor = picture_tensor(np.array([[[0, 65535, 32896 + 100]]], np.uint16), InputContract())
    np.testing.assert_allclose(tensor.ravel(), [0, 1, 32996 / 65535], atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "uint8"])
def test_precision_of_the_input(dtype: str) -> None:
    tensor = picture_tensor(PICTURE, InputContract(scale=1.0, dtype=dtype))  # type: ignore[arg-type]
    assert tensor.dtype == dtype
    assert (tensor[0].transpose(1, 2, 0) == PICTURE).all()


@pytest.mark.parametrize(
    ("meaning", "in_hole", "outside"),
    [("one_is_hole", 1, 0), ("zero_is_hole", 0, 1), ("one_is_hole_255", 255, 0), ("zero_is_hole_255", 0, 255)],
)
def test_meanings_of_a_mask(meaning: str, in_hole: int, outside: int) -> None:
    tensor = mask_tensor(HOLE, InputContract(mask=meaning))  # type: ignore[arg-type]
    assert tensor.shape == (1, 1, 5, 7)
    assert set(tensor[0, 0][HOLE]) == {in_hole}
    assert set(tensor[0, 0][~HOLE]) == {outside}


def test_a_mask_that_is_not_taken() -> None:
    with pytest.raises(ArrayError, match="not taken"):
        mask_tensor(HOLE, InputContract())


def test_output_without_channels() -> None:
    assert pixels_of(np.ones((1, 4, 6), np.float32), InputContract()).shape == (4, 6, 1)


def test_output_of_several_pictures_is_refused() -> None:
    with pytest.raises(ArrayError, match="not one picture"):
        pixels_of(np.ones((2, 3, 4, 6), np.float32), InputContract())


def test_the_picture_is_left_alone() -> None:
    before = PICTURE.copy()
    picture_tensor(PICTURE, InputContract(channels="BGR"))
    assert (before == PICTURE).all()
