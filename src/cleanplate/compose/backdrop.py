"""What comes behind people: a colour, another picture, or their own background out of focus."""

from __future__ import annotations

import math
from typing import Any, Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError
from cleanplate.types import Alpha, Image, check_alpha, check_image

Fit = Literal["cover", "contain"]
Place = tuple[float, float]
"""Share of the free room that lies to the left and above: 0.5, 0.5 is the centre, 1, 1 right and bottom."""

_LARGEST_DISC = 6
"""Radius in pixels at which a disc is computed; larger ones at a reduced size, where nothing finer is left anyway."""
_LINES = 1080
_BEHIND = 0.02
"""Share of known background below which what lies behind people is taken from further away."""


def plain(colour: tuple[int, int, int], height: int, width: int, dtype: Any) -> Image:
    """A picture of one colour.

    Args:
        colour: R, G, B in 0..255.
        height: of the picture.
        width: likewise.
        dtype: uint8 or uint16.
    """
    scale = np.iinfo(dtype).max // 255
    picture: Any = np.full((height, width, 3), np.array(colour) * scale, dtype)
    return cast("Image", picture)


def fitted(backdrop: Image, height: int, width: int, *, fit: Fit = "cover", place: Place = (0.5, 0.5)) -> Image:
    """A picture brought to a size, its proportions kept.

    Args:
        backdrop: h x w x 3, uint8 or uint16; not changed.
        height: wanted.
        width: likewise.
        fit: ``cover`` fills the size and cuts off what sticks out, ``contain`` shows the whole and continues it on
            the other sides by a strong blur of itself.
        place: which part stays (``cover``), or where the whole goes (``contain``).
    """
    check_image(backdrop)
    ratios = height / backdrop.shape[0], width / backdrop.shape[1]
    scale = max(ratios) if fit == "cover" else min(ratios)
    size = max(1, round(backdrop.shape[0] * scale)), max(1, round(backdrop.shape[1] * scale))
    if fit == "cover":
        size = max(size[0], height), max(size[1], width)
        top, left = _offset(size[0] - height, place[1]), _offset(size[1] - width, place[0])
        filled: Any = _resized(backdrop, size)[top : top + height, left : left + width]
        return cast("Image", filled)
    size = min(size[0], height), min(size[1], width)
    behind = fitted(backdrop, height, width, fit="cover", place=place)
    result: Any = np.ascontiguousarray(cv2.GaussianBlur(behind, (0, 0), max(1.0, max(height, width) / 40)))
    top, left = _offset(height - size[0], place[1]), _offset(width - size[1], place[0])
    result[top : top + size[0], left : left + size[1]] = _resized(backdrop, size)
    return cast("Image", result)


def out_of_focus(image: Image, alpha: Alpha, strength: float) -> Image:
    """The background as a lens with a wide aperture shows it, without the people.

    Discs instead of bell curves, light added up as light (linear in sRGB's curve) so that bright spots bloom, and
    every mean taken over background pixels only: no colour of the people bleeds into it. What lies behind them is
    continued from around them.

    Args:
        image: H x W x 3, uint8 or uint16; not changed.
        alpha: H x W float32, the people.
        strength: standard deviation of the disc (half its radius), in pixels of a picture of 1080 lines; 0 to 500.

    Returns:
        A new picture like ``image``.

    Raises:
        ArgumentError: ``strength`` out of range.
    """
    check_image(image)
    check_alpha(alpha, like=image)
    if not 0 <= strength <= 500:
        raise ArgumentError(f"is {strength:g}", subject="blur", fix="use 0 to 500")
    radius = 2 * strength * min(image.shape[:2]) / _LINES
    factor = max(1.0, radius / _LARGEST_DISC)
    size = (max(1, round(image.shape[0] / factor)), max(1, round(image.shape[1] / factor)))
    # Alpha of a matte is seldom wide enough; a rim of people's colours would glow around them.
    room = max(1, round(0.003 * max(size)))
    people = cv2.dilate(_shrunk(alpha, size), np.ones((2 * room + 1, 2 * room + 1), np.uint8))
    known = np.square(1.0 - np.clip(people, 0.0, 1.0)).astype(np.float32)
    light = _linear(_shrunk(image, size))
    blurred = _normalised(light, known, _disc(radius / factor))
    return _back(blurred, image)


def over(people: Image, alpha: Alpha, background: Image) -> Image:
    """``people`` over ``background``: alpha-over in the pictures' own encoding, as mattes are estimated.

    Args:
        people: H x W x 3, colours of the foreground.
        alpha: H x W float32 0..1.
        background: H x W x 3 of the same dtype.

    Returns:
        A new picture; equal to ``people`` bit for bit where alpha is 1, to ``background`` where it is 0.
    """
    result = np.empty_like(people)
    for top in range(0, people.shape[0], 128):
        rows = slice(top, top + 128)
        share = alpha[rows, :, None]
        mixed = people[rows] * share + background[rows] * (1.0 - share)
        result[rows] = np.rint(mixed).astype(people.dtype)
    return result


def _normalised(light: NDArray[Any], known: NDArray[Any], disc: NDArray[Any]) -> NDArray[Any]:
    """Means of the known pixels under the disc; where it covers hardly any, of those further away."""
    weight = _blurred(known, disc)
    mean = _blurred(light * known[..., None], disc) / np.maximum(weight, 1e-6)[..., None]
    share = np.clip(weight / _BEHIND, 0.0, 1.0)[..., None]
    if share.min() >= 1.0:
        return np.asarray(mean, np.float32)
    return np.asarray(share * mean + (1.0 - share) * _continued(light, known), np.float32)


def _continued(light: NDArray[Any], known: NDArray[Any]) -> NDArray[Any]:
    """The background continued behind people: means over ever larger areas, until something is known."""
    levels = [(light * known[..., None], known)]
    while max(levels[-1][1].shape) > 2:
        sums, weights = levels[-1]
        half = (max(1, (weights.shape[1] + 1) // 2), max(1, (weights.shape[0] + 1) // 2))
        levels.append(tuple(cv2.resize(each, half, interpolation=cv2.INTER_AREA) for each in (sums, weights)))  # type: ignore[arg-type]
    sums, weights = levels[-1]
    mean = sums / np.maximum(weights, 1e-6)[..., None]
    for sums, weights in reversed(levels[:-1]):
        coarse = cv2.resize(mean, (weights.shape[1], weights.shape[0]), interpolation=cv2.INTER_LINEAR)
        share = np.clip(weights / _BEHIND, 0.0, 1.0)[..., None]
        mean = share * (sums / np.maximum(weights, 1e-6)[..., None]) + (1.0 - share) * coarse
    return np.asarray(mean, np.float32)


def _disc(radius: float) -> NDArray[np.float32]:
    """A disc with a soft rim of one pixel, sum 1."""
    reach = max(0, math.ceil(radius))
    across = np.arange(-reach, reach + 1)
    distance = np.hypot(across[:, None], across[None, :])
    disc = np.clip(radius + 0.5 - distance, 0.0, 1.0)
    return np.asarray(disc / disc.sum(), np.float32)


def _blurred(values: NDArray[Any], disc: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(cv2.filter2D(values, -1, disc, borderType=cv2.BORDER_REFLECT_101))


def _linear(pixels: NDArray[Any]) -> NDArray[np.float32]:
    values = pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    return np.asarray(np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4), np.float32)


def _back(light: NDArray[Any], like: Image) -> Image:
    """Encoded as sRGB and enlarged to the size and dtype of ``like``."""
    light = np.clip(light, 0.0, 1.0)
    values = np.where(light <= 0.0031308, light * 12.92, 1.055 * np.power(light, 1 / 2.4) - 0.055).astype(np.float32)
    levels = float(np.iinfo(like.dtype).max)
    result = np.empty_like(like)
    if values.shape == like.shape:
        return cast("Image", np.rint(values * levels).astype(like.dtype))
    # 16 bits while enlarging, so that soft gradients get all levels there are.
    deep = np.rint(values * 65535.0).astype(np.uint16)
    large = cv2.resize(deep, (like.shape[1], like.shape[0]), interpolation=cv2.INTER_CUBIC)
    for top in range(0, len(large), 256):
        rows = slice(top, top + 256)
        result[rows] = large[rows] if like.dtype == np.uint16 else (large[rows].astype(np.uint32) + 128) // 257
    return result


def _shrunk(values: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    if values.shape[:2] == size:
        return values
    return np.asarray(cv2.resize(values, (size[1], size[0]), interpolation=cv2.INTER_AREA))


def _resized(image: Image, size: tuple[int, int]) -> Image:
    smaller = size[0] <= image.shape[0] and size[1] <= image.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return cast("Image", cv2.resize(np.ascontiguousarray(image), (size[1], size[0]), interpolation=way))


def _offset(room: int, share: float) -> int:
    return round(room * min(max(share, 0.0), 1.0))
