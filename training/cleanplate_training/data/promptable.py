"""A mask for each box, from a network that is told by a box what to cut out (Segment Anything, arXiv 2304.02643).

It labels training pictures; nothing that ships or runs needs it. Two ONNX files: ``encoder`` (a picture of 1024 px,
normalised as for ImageNet) and ``decoder`` with the inputs and outputs of Segment Anything's own exporter, as tools
built on it write them, for its small descendants too (MobileSAM, arXiv 2306.14289).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import WeightsError
from cleanplate.runtime.session import Session, start
from cleanplate_training.data.box_masks import Answer
from cleanplate_training.data.boxes import Box

SIDE = 1024
"""Pixels of the square that the encoder sees."""
AT_ONCE = 4
"""Pictures that share one look, each in a quarter of the square: enough for people who are not small in theirs."""
_LOW = 256
"""Cells of the mask that comes out."""
_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
_STD = np.array([58.395, 57.12, 57.375], np.float32)
_CORNERS = np.array([[2.0, 3.0, -1.0]], np.float32)
"""What the decoder calls the first and the second corner of a box, and no point. From three points on an exported
decoder answers with its mask for prompts that leave no doubt, with fewer with one of the three for those that do."""
_INPUTS = {"image_embeddings", "point_coords", "point_labels", "mask_input", "has_mask_input", "orig_im_size"}
_OUTPUTS = {"iou_predictions", "low_res_masks"}


class PromptableNetwork:
    """Encoder and decoder, loaded.

    Args:
        encoder: ONNX file with one input ``1 x 3 x 1024 x 1024``.
        decoder: ONNX file with the inputs and outputs named above.
        threads: For the processor; None for as many as there are cores.

    Raises:
        MissingInputError: A file is not there.
        WeightsError: A file is no such network.
    """

    def __init__(self, encoder: Path, decoder: Path, *, threads: int | None = None) -> None:
        self._encoder, self._decoder = (start(path, device="cpu", threads=threads) for path in (encoder, decoder))
        shape = self._encoder.inputs[0].shape
        fitting = len(shape) == 4 and all(
            own in (None, side) for own, side in zip(shape, (1, 3, SIDE, SIDE), strict=True)
        )
        if len(self._encoder.inputs) != 1 or not fitting:
            raise _refused(self._encoder, f"does not take 1 x 3 x {SIDE} x {SIDE}")
        taken, given = ({each.name for each in side} for side in (self._decoder.inputs, self._decoder.outputs))
        if taken != _INPUTS or not given >= _OUTPUTS:
            missing = sorted((_INPUTS ^ taken) | (_OUTPUTS - given))
            raise _refused(self._decoder, f"is no mask decoder: {', '.join(missing)}")

    def masks(self, pictures: Sequence[NDArray[np.uint8]], boxes: Sequence[Sequence[Box]]) -> list[list[Answer]]:
        """Return a mask for each box of each picture.

        Args:
            pictures: One, or up to :data:`AT_ONCE`, which then get half the resolution; uint8 RGB ``H x W x 3``.
            boxes: Of each picture: left, top, right, bottom in its pixels.

        Returns:
            For each picture and box a bool mask ``H x W`` and the intersection over union that the network expects.
        """
        side = SIDE if len(pictures) == 1 else SIDE // 2
        square = np.zeros((SIDE, SIDE, 3), np.float32)
        for number, picture in enumerate(pictures):
            top, left = _corner(number, side)
            shown = _shrunk(picture, side)
            square[top : top + shown.shape[0], left : left + shown.shape[1]] = (shown - _MEAN) / _STD
        name = self._encoder.inputs[0].name
        (features,) = self._encoder.run({name: square.transpose(2, 0, 1)[None]}).values()
        return [
            [self._mask(features, picture.shape[:2], _corner(number, side), side, box) for box in wanted]
            for number, (picture, wanted) in enumerate(zip(pictures, boxes, strict=True))
        ]

    def _mask(
        self, features: NDArray[np.float32], size: tuple[int, ...], corner: tuple[int, int], side: int, box: Box
    ) -> Answer:
        zoom = side / max(size)
        offset = np.array([corner[1], corner[0]] * 2, np.float32)
        corners = (np.array(box, np.float32) * zoom + offset).reshape(2, 2)
        answers = self._decoder.run(
            {
                "image_embeddings": features,
                "point_coords": np.concatenate([corners, np.zeros((1, 2), np.float32)])[None],
                "point_labels": _CORNERS,
                "mask_input": np.zeros((1, 1, _LOW, _LOW), np.float32),
                "has_mask_input": np.zeros(1, np.float32),
                "orig_im_size": np.array([SIDE, SIDE], np.float32),
            }
        )
        cells = answers["low_res_masks"][0, 0]
        scale = SIDE // _LOW
        part = cells[corner[0] // scale : (corner[0] + side) // scale, corner[1] // scale : (corner[1] + side) // scale]
        shown = cv2.resize(part, (side, side), interpolation=cv2.INTER_LINEAR)
        height, width = _shown_size(size, side)
        whole = cv2.resize(shown[:height, :width], (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
        return whole > 0, float(answers["iou_predictions"].reshape(-1)[0])


def _corner(number: int, side: int) -> tuple[int, int]:
    return side * (number // 2), side * (number % 2)


def _shown_size(size: tuple[int, ...], side: int) -> tuple[int, int]:
    zoom = side / max(size)
    return max(1, round(size[0] * zoom)), max(1, round(size[1] * zoom))


def _shrunk(picture: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    height, width = _shown_size(picture.shape[:2], side)
    smooth = cv2.INTER_AREA if max(picture.shape) > side else cv2.INTER_LINEAR
    return cv2.resize(picture, (width, height), interpolation=smooth).astype(np.float32)


def _refused(session: Session, problem: str) -> WeightsError:
    return WeightsError(problem, subject=session.path, fix="export it as Segment Anything's own ONNX exporter does")
