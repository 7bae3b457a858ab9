"""The network that finds people: one picture in, boxes with labels, scores and small masks out.

Mask R-CNN (He et al., ICCV 2017, arXiv 1703.06870). Ports: ``image`` 1 x 3 x H x W RGB 0..1; ``boxes`` K x 4 (left,
top, right, bottom), ``labels`` K, ``scores`` K, ``masks`` K x M x M, the share of each cell of the box that belongs to
the thing. The graph keeps all but the least likely; choosing is done here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.detect.coco_labels import COCO_LABELS, PERSON
from cleanplate.errors import EngineError, WeightsError
from cleanplate.runtime.contract import InputContract
from cleanplate.runtime.session import Session
from cleanplate.runtime.session_cache import SESSIONS
from cleanplate.runtime.sizing import pad
from cleanplate.runtime.tensors import picture_tensor
from cleanplate.types import Image
from cleanplate.weights.choice import Wanted, default
from cleanplate.weights.record import Record
from cleanplate.weights.store import Installed, resolve

_OUTPUTS = ("boxes", "labels", "scores", "masks")
_SIDE = 640
"""Longest side of what the network is given where its record does not say."""
_SMALLEST_SIDE, _MOST_ENLARGED = 320, 4.0
_ASSUMED = InputContract(multiple_of=32, minimum=64, maximum=_SIDE)


def finds_instances(record: Record) -> bool:
    """Whether a record is of this kind; all of the task are."""
    return record.task == "instances"


WANTED = Wanted(
    "instances",
    "finds people",
    "people-lite0",
    "--people-weights",
    finds_instances,
    " (--weights for segment)",
    subject="selection",
)


@dataclass(frozen=True)
class Detections:
    """What the network found, in pixels of the picture it was found in.

    Attributes:
        boxes: K x 4 float32: left, top, right, bottom.
        labels: K int64.
        scores: K float32, 0..1.
        masks: K x M x M float32, 0..1.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    scores: NDArray[np.float32]
    masks: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.scores)

    def chosen(self, which: NDArray[Any]) -> Detections:
        """Some of them, by index or by a mask of K."""
        return Detections(self.boxes[which], self.labels[which], self.scores[which], self.masks[which])

    def and_also(self, other: Detections) -> Detections:
        """These and others."""
        if not len(other):
            return self
        if not len(self):
            return other
        pairs = ((getattr(self, name), getattr(other, name)) for name in _OUTPUTS)
        return Detections(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True)
class PeopleNetwork:
    """A loaded network; safe to use from several threads.

    Attributes:
        session: what is run.
        side: longest side, in pixels, of what it is given.
        multiple_of: sides are padded to multiples of it.
        minimum: smallest side that it takes.
        labels: number to name of what it knows.
        notes: remarks for the user.
        overview: longest side at which it sees large things best, where that is less than ``side``.
    """

    session: Session
    side: int
    multiple_of: int
    minimum: int
    labels: dict[int, str]
    notes: tuple[str, ...] = ()
    overview: int | None = None

    @property
    def device(self) -> str:
        """Device that it really runs on."""
        return self.session.device

    def name_of(self, label: int) -> str:
        """What a label means."""
        return self.labels.get(label) or COCO_LABELS.get(label) or f"class {label}"

    def scale_for(self, height: int, width: int) -> float:
        """What a picture as a whole is scaled by for the network; very small ones are enlarged."""
        longest = max(height, width)
        if longest < _SMALLEST_SIDE:
            return min(_MOST_ENLARGED, _SMALLEST_SIDE / longest)
        return min(1.0, self.side / longest)

    def __call__(self, picture: Image, scale: float = 1.0) -> Detections:
        """Find things in a picture.

        Args:
            picture: H x W x 3 RGB, uint8 or uint16, or a view of a part of one; not changed.
            scale: the picture is scaled by this first.

        Returns:
            What was found, most likely first, in pixels of ``picture``.

        Raises:
            EngineError: the network failed or returns something else.
        """
        small = scaled(picture, scale)
        height, width = (-(-max(side, self.minimum) // self.multiple_of) * self.multiple_of for side in small.shape[:2])
        # Edge pixels, not mirror images, beyond the picture: a mirrored person would be found as well.
        tensor = picture_tensor(pad(small, (height, width), "edge"), _ASSUMED)
        answer = self.session.run({self.session.inputs[0].name: tensor})
        found = self._checked(answer)
        back = np.array([picture.shape[1] / small.shape[1], picture.shape[0] / small.shape[0]] * 2, np.float32)
        limit = np.array([picture.shape[1], picture.shape[0]] * 2, np.float32)
        boxes = np.clip(found.boxes * back, 0, limit).astype(np.float32)
        found = Detections(boxes, found.labels, found.scores, found.masks)
        # What lies in the padding has no size in the picture.
        sizes = boxes[:, 2:] - boxes[:, :2]
        real = (sizes >= 1.0).all(axis=1) & np.isfinite(found.scores)
        found = found.chosen(real)
        return found.chosen(np.argsort(-found.scores, kind="stable"))

    def _checked(self, answer: dict[str, NDArray[Any]]) -> Detections:
        boxes, labels, scores, masks = (answer[name] for name in _OUTPUTS)
        count = len(scores)
        shapes = boxes.shape == (count, 4) and labels.shape == (count,) and masks.ndim == 3 and len(masks) == count
        if not (shapes and scores.ndim == 1 and np.isfinite(boxes).all() and np.isfinite(masks).all()):
            raise EngineError(
                f"the network's answer is none on device '{self.device}': boxes, labels, scores and masks do not fit "
                "together or are not finite",
                subject=self.session.path,
            )
        return Detections(boxes, labels.astype(np.int64), scores, masks)


def scaled(picture: Image, scale: float) -> Image:
    """The picture at another scale: by means of areas when shrinking, cubic when enlarging."""
    height, width = picture.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size == (width, height):
        return picture
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cast("Image", cv2.resize(picture, size, interpolation=way))


def open_network(
    weights: str | Path | None = None, *, device: str = "auto", threads: int | None = None
) -> PeopleNetwork:
    """Load the network for people: the one given, else the one that ships or is installed.

    Raises:
        WeightsError: the weights are missing, damaged, refused by their terms, or for something else.
        DeviceError: the device is not there.
    """
    found = default(WANTED) if weights is None else resolve(weights)
    _check_kind(found)
    session = SESSIONS.session(found.path, device=device, threads=threads)
    missing = [name for name in _OUTPUTS if name not in {each.name for each in session.outputs}]
    if missing or len(session.inputs) != 1:
        raise WeightsError(
            f"is no network for people: it lacks the output {missing[0]}" if missing else "takes more than a picture",
            subject=found.path,
            fix="see 'cleanplate models' for networks of the task 'instances'",
        )
    contract = _contract(found.record)
    side = contract.maximum or _SIDE
    return PeopleNetwork(
        session,
        side,
        contract.multiple_of,
        contract.minimum,
        labels_of(session, found.path),
        (*found.notes, *session.notes),
        contract.working_size,
    )


def labels_of(session: Session, path: Path) -> dict[int, str]:
    """What a network knows: its metadata entry ``labels``, a JSON object of numbers to names; else people only.

    Raises:
        WeightsError: the entry is something else.
    """
    text = session.metadata.get("labels")
    if text is None:
        return {1: PERSON}
    try:
        return {int(number): str(name) for number, name in json.loads(text).items()}
    except (ValueError, AttributeError):
        raise WeightsError("its metadata entry 'labels' is no JSON object of numbers to names", subject=path) from None


def _contract(record: Record | None) -> InputContract:
    return record.input if record is not None and isinstance(record.input, InputContract) else _ASSUMED


def _check_kind(found: Installed) -> None:
    record = found.record
    if record is not None and (record.task != "instances" or record.format != "onnx" or not record.runnable):
        raise WeightsError(
            f"is '{record.name}', for {record.task}, in format {record.format}: no network for people that runs here",
            subject=found.path,
            fix="see 'cleanplate models' for networks of the task 'instances'",
        )
