"""Between pictures and the tensors of a network: colour order, range, normalisation, layout, precision."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArrayError
from cleanplate.runtime.contract import InputContract
from cleanplate.types import Mask

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def levels_255(pixels: NDArray[Any]) -> NDArray[Any]:
    """Pixels in 0..255: uint8 and floats as they are, uint16 as float32, unrounded."""
    return pixels if pixels.dtype != np.uint16 else pixels * np.float32(255 / 65535)


def picture_tensor(pixels: NDArray[Any], contract: InputContract) -> NDArray[Any]:
    """A picture as the network takes it.

    Args:
        pixels: H x W x 3 RGB: uint8, uint16 (brought to 0..255 unrounded) or float32 in 0..255; not changed.
        contract: of the network.

    Returns:
        1 x C x H x W or 1 x H x W x C, of the contract's dtype.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ArrayError(
            f"must have shape H x W x 3 (RGB), not {' x '.join(map(str, pixels.shape))}", subject="picture"
        )
    levels = levels_255(pixels).astype(np.float32)
    if contract.channels == "BGR":
        levels = levels[..., ::-1]
    elif contract.channels == "grey":
        levels = (levels @ _LUMA)[..., None]
    if contract.dtype == "uint8":
        return _laid_out(np.clip(np.rint(levels), 0, 255).astype(np.uint8), contract)
    divisor = np.array(contract.std, np.float32)
    values = levels * (np.float32(contract.scale) / divisor) - np.array(contract.mean, np.float32) / divisor
    return _laid_out(values.astype(contract.dtype), contract)


def mask_tensor(mask: Mask, contract: InputContract) -> NDArray[Any]:
    """A mask (H x W bool, True = hole) as the network takes it: 1 x 1 x H x W or 1 x H x W x 1.

    Raises:
        ArrayError: the network takes no mask.
    """
    if contract.mask == "none":
        raise ArrayError("is not taken by this network", subject="mask")
    marked = mask if contract.mask.startswith("one") else ~mask
    highest = 255 if contract.mask.endswith("255") else 1
    return _laid_out((marked * np.uint8(highest)).astype(contract.dtype)[..., None], contract)


def pixels_of(tensor: NDArray[Any], contract: InputContract) -> NDArray[np.float32]:
    """The output of a network (batch of one, in the contract's layout) as H x W x C float32; values stay as they are.

    A tensor without channels (1 x H x W) counts as one with a single channel. Colours of a network that takes BGR come
    back as RGB.

    Raises:
        ArrayError: not a batch of one.
    """
    if tensor.ndim == 3:
        tensor = tensor[:, None] if contract.layout == "NCHW" else tensor[..., None]
    if tensor.ndim != 4 or tensor.shape[0] != 1:
        shape = " x ".join(map(str, tensor.shape))
        raise ArrayError(f"is {shape}, not one picture in layout {contract.layout}", subject="output of the network")
    pixels = tensor[0].transpose(1, 2, 0) if contract.layout == "NCHW" else tensor[0]
    if contract.channels == "BGR" and pixels.shape[2] == 3:
        pixels = pixels[..., ::-1]
    return np.ascontiguousarray(pixels, np.float32)


def _laid_out(pixels: NDArray[Any], contract: InputContract) -> NDArray[Any]:
    tensor = pixels.transpose(2, 0, 1) if contract.layout == "NCHW" else pixels
    return np.ascontiguousarray(tensor[None])
