"""Features of pictures by an ImageNet network, for distances between sets of pictures.

Kernel and Frechet distances are usually taken on Inception-v3 features. These are EfficientNet-lite features, so the
figures compare methods with each other and must not be set beside published KID or FID figures; the functions that
use them carry the network's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError, MissingExtraError
from cleanplate.types import Image, check_image


def lite_features(
    pictures: Iterable[Image],
    *,
    variant: str = "lite0",
    side: int | None = 224,
    batch: int = 32,
    device: str = "cpu",
) -> NDArray[np.float32]:
    """Pooled features of the last layer before the classifier, one row a picture.

    Args:
        pictures: uint8 RGB pictures; taken one batch at a time, so they may come from a generator.
        variant: "lite0", "lite1" or "lite2".
        side: pictures are resized to this square (area mean when shrinking); None = taken as they are, and then all
            must have one size. Shrinking hides lost sharpness: give crops at the scale that is judged.
        batch: pictures a forward pass.
        device: a PyTorch device.

    Returns:
        float32, N x 1280.

    Raises:
        MissingExtraError: the training half or the network's weights are not installed.
        ArgumentError: no pictures, or ``side=None`` with pictures of several sizes.
        ArrayError: something that is not a uint8 RGB picture.
    """
    try:
        import torch

        from cleanplate_training.models import efficientnet_lite
    except ImportError as error:
        raise MissingExtraError(
            "needs PyTorch and cleanplate's training half", subject="deep features", fix='install "cleanplate[train]"'
        ) from error
    network = _network(variant, device)
    rows: list[NDArray[np.float32]] = []
    with torch.inference_mode():
        for group in _groups(pictures, batch):
            pixels = torch.from_numpy(_stacked(group, side)).to(device).permute(0, 3, 1, 2)
            scaled = (pixels / 255 - efficientnet_lite.MEAN) / efficientnet_lite.STD
            rows.append(network.embedding(scaled).float().cpu().numpy())
    if not rows:
        raise ArgumentError("must hold at least one picture", subject="pictures")
    return np.concatenate(rows)


@cache
def _network(variant: str, device: str) -> Any:
    from cleanplate_training.models import efficientnet_lite

    return efficientnet_lite.load(variant, pretrained=True).to(device)


def _groups(pictures: Iterable[Image], size: int) -> Iterator[list[Image]]:
    iterator = iter(pictures)
    while group := list(islice(iterator, size)):
        yield group


def _stacked(group: list[Image], side: int | None) -> NDArray[np.uint8]:
    prepared: list[NDArray[Any]] = [check_image(picture) for picture in group]
    if any(picture.dtype != np.uint8 for picture in prepared):
        raise ArgumentError("must be uint8 for deep features", subject="pictures")
    if side is not None:
        prepared = [_resized(picture, side) for picture in prepared]
    if len({picture.shape for picture in prepared}) > 1:
        raise ArgumentError("have several sizes", subject="pictures", fix="give side=224 or crop them alike")
    return np.stack(prepared).astype(np.uint8)


def _resized(picture: Image, side: int) -> NDArray[Any]:
    shrinks = min(picture.shape[:2]) > side
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC))
