"""Engine ``onnx``: completion networks in ONNX files, the user's own or fetched ones (LaMa, MI-GAN).

How a file is fed comes from its catalog record if its bytes are known, else from its graph
(:mod:`cleanplate.inpaint.onnx_style`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cleanplate.errors import EngineError, WeightsError
from cleanplate.inpaint.cra import has_scores, is_generator
from cleanplate.inpaint.engine import Completion, EngineOptions, SmallImage
from cleanplate.inpaint.onnx_style import Style, style_of
from cleanplate.inpaint.partial import fills_damage
from cleanplate.runtime.network import Network
from cleanplate.runtime.session_cache import SESSIONS
from cleanplate.types import Mask
from cleanplate.weights.catalog import shipped
from cleanplate.weights.record import Record
from cleanplate.weights.store import Installed, resolve, whereabouts

_FREE_WORKING_SIZE = 512
"""Networks of free size learned from crops of 256 and 512 pixels; larger pictures lose the whole from sight."""

_OTHER_FORMATS = {".pth", ".pt", ".ckpt", ".safetensors", ".pb", ".tflite"}


@dataclass(frozen=True)
class OnnxCompletion:
    """A completion network; ``avoid`` is a hole for it too, so that it is never a source, and then put back.

    Attributes:
        network: what is run.
        style: how its answer is read.
        device: that it really runs on.
        working_size: longest side, in pixels, of the pictures it is given.
        weights: the file and what is known of it.
        notes: remarks for the user.
    """

    network: Network
    style: Style
    device: str
    working_size: int
    weights: Installed
    notes: tuple[str, ...] = ()
    name: str = "onnx"

    def complete(self, image: SmallImage, hole: Mask, *, avoid: Mask, seed: int) -> Completion:
        """Fill the hole; see :class:`cleanplate.inpaint.engine.Engine`. ``seed`` changes nothing."""
        unknown = hole | avoid
        if unknown.all():
            unknown = hole
        unknown = _grown(unknown, self.style.soft_edge)
        answer = self.network(np.where(unknown[..., None], np.uint8(0), image), unknown)
        if answer.shape != image.shape or not np.isfinite(answer[hole]).all():
            problem = "returned numbers that are not finite" if answer.shape == image.shape else "returned no picture"
            raise EngineError(f"the network {problem} on device '{self.device}'", subject=self.weights.path)
        levels = (answer - self.style.lowest) * (255.0 / (self.style.highest - self.style.lowest))
        filled = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
        return Completion(np.where(hole[..., None], filled, image))


def create(options: EngineOptions) -> OnnxCompletion:
    """Build the engine from ``options.weights`` (a file, or a name from the catalog), else the one that is installed.

    Raises:
        EngineError: no weights, several to choose from, or a network that is not for completion.
        WeightsError: the weights are missing, damaged or refused by their terms.
        DeviceError: the device is not there.
    """
    weights = resolve(options.weights) if options.weights is not None else _only_installed()
    _check_kind(weights)
    session = SESSIONS.session(weights.path, device=options.device, threads=options.threads)
    if has_scores(session):
        raise EngineError(
            "is a generator with attention scores", subject=weights.path, fix="use --engine cra or hybrid"
        )
    style = style_of(session, weights.record)
    return OnnxCompletion(
        network=Network(session, style.contract, output=style.output),
        style=style,
        device=session.device,
        working_size=min(style.contract.fixed or (_FREE_WORKING_SIZE,)),
        weights=weights,
        notes=(*weights.notes, *session.notes),
    )


def _only_installed() -> Installed:
    records = _completion_records()
    here = [record for record in records if whereabouts(record) is not None]
    if len(here) == 1:
        return resolve(here[0].name)
    if here:
        names = " or ".join(record.name for record in here)
        raise EngineError("engine 'onnx' has several networks to choose from", fix=f"choose by --weights {names}")
    names = " or ".join(record.name for record in records)
    raise EngineError(
        "engine 'onnx' needs a network",
        fix=f"give one by --weights FILE, or fetch one: cleanplate models fetch {names}",
    )


def _completion_records() -> list[Record]:
    """Those of networks that only complete; generators and networks for damage have engines of their own."""
    found = [record for record in shipped().for_task("inpaint") if record.runnable]
    return [record for record in found if not (is_generator(record) or fills_damage(record))]


def _check_kind(weights: Installed) -> None:
    record = weights.record
    if record is not None and (record.task != "inpaint" or record.format != "onnx"):
        names = " or ".join(each.name for each in _completion_records())
        what = f"is '{record.name}', for {record.task}, in format {record.format}"
        raise EngineError(what, subject=weights.path, fix=f"engine 'onnx' takes completion networks such as {names}")
    if record is None and Path(weights.path).suffix.lower() in _OTHER_FORMATS:
        raise WeightsError("is no ONNX file", subject=weights.path, fix="see 'cleanplate models convert --help'")


def _grown(mask: Mask, by: int) -> Mask:
    """The mask and ``by`` pixels around it, unless that leaves nothing known."""
    if by == 0:
        return mask
    kernel = np.ones((2 * by + 1, 2 * by + 1), np.uint8)
    grown = cv2.dilate(mask.astype(np.uint8), kernel).astype(np.bool_)
    return mask if grown.all() else grown
