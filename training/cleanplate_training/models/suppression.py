"""Non-maximum suppression: of boxes that overlap, only the one with the best score stays.

In an exported graph it is the ONNX operator ``NonMaxSuppression``, which does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor


@torch.library.custom_op("cleanplate::suppressed", mutates_args=())
def suppressed(boxes: Tensor, scores: Tensor, overlap: float, least: float, most: int) -> Tensor:
    """Return the places of the boxes that stay, best score first: int64, as many as stay.

    Args:
        boxes: float32 ``N x 4``.
        scores: float32 ``N``.
        overlap: Intersection over union above which the box with the lower score goes.
        least: Only boxes with a score above this are looked at.
        most: At most so many boxes stay.
    """
    values = scores.detach().cpu().numpy()
    order = np.flatnonzero(values > least)
    order = order[np.argsort(-values[order], kind="stable")]
    left, top, right, bottom = (side[order] for side in boxes.detach().cpu().numpy().T)
    area = (right - left) * (bottom - top)
    open_ = np.ones(len(order), bool)
    kept: list[int] = []
    while len(kept) < most and (place := int(open_.argmax()) if open_.any() else -1) >= 0:
        kept.append(place)
        width = np.minimum(right, right[place]) - np.maximum(left, left[place])
        height = np.minimum(bottom, bottom[place]) - np.maximum(top, top[place])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        open_ &= shared <= overlap * (area + area[place] - shared)
        open_[place] = False
    return torch.from_numpy(order[kept].astype(np.int64)).to(boxes.device)


@suppressed.register_fake
def _(boxes: Tensor, scores: Tensor, overlap: float, least: float, most: int) -> Tensor:
    return boxes.new_empty(torch.library.get_ctx().new_dynamic_size(), dtype=torch.int64)


def apart(boxes: Tensor, kinds: Tensor) -> Tensor:
    """Move boxes of different kinds (classes, levels) so far apart that none suppresses one of another kind.

    Args:
        boxes: float32 ``N x 4``, none of them empty of coordinates (N at least 1).
        kinds: ``N``, small whole numbers.
    """
    return boxes + (kinds.to(boxes) * (boxes.max() + 1))[:, None]


def onnx_translations() -> Mapping[Callable[..., Any], Callable[..., Any]]:
    """Return how ONNX says what this module defines, for the exporter."""
    from onnxscript import opset18

    op: Any = opset18  # its types know no constants

    def suppression(boxes: Any, scores: Any, overlap: float, least: float, most: int) -> Any:
        chosen = op.NonMaxSuppression(
            op.Unsqueeze(boxes, op.Constant(value_ints=[0])),
            op.Unsqueeze(scores, op.Constant(value_ints=[0, 1])),
            op.Constant(value_ints=[most]),
            op.Constant(value_floats=[overlap]),
            op.Constant(value_floats=[least]),
        )
        return op.Gather(chosen, op.Constant(value_int=2), axis=1)

    return {torch.ops.cleanplate.suppressed.default: suppression}
