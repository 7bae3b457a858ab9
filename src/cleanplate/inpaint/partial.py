"""Engine ``partial``: a network for scratches, cracks and small holes of old photographs.

Made for U-Nets of partial convolutions; generators of engine ``cra`` do as well, and the one that ships does better.

G. Liu, F. A. Reda, K. J. Shih, T.-C. Wang, A. Tao, B. Catanzaro: Image Inpainting for Irregular Holes Using Partial
Convolutions, ECCV 2018 (arXiv 1804.07723). It looks at known pixels only, so what lies under the hole has no influence.
Holes beyond those that it learned from are for other engines; :attr:`Partial.largest_radius` says where that begins.

Near the hole's border its fill gives way to lines of equal light continued from outside, which are closer to the truth
there: 0.2 dB more in wide holes and 0.4 dB in small ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import EngineError
from cleanplate.inpaint.engine import Completion, EngineOptions, SmallImage
from cleanplate.inpaint.residual import box_of
from cleanplate.runtime.contract import InputContract
from cleanplate.runtime.network import Network
from cleanplate.runtime.session import Session
from cleanplate.runtime.session_cache import SESSIONS
from cleanplate.types import Box, Mask
from cleanplate.weights.choice import Wanted, chosen
from cleanplate.weights.record import Record

CONTRACT = InputContract(multiple_of=32, minimum=64, mask="one_is_hole")
"""How a network without a record is fed: RGB 0..1 and a mask, sides that are multiples of 32."""

CAUTIOUS_RADIUS = 40.0
"""Largest hole that is given to a network of which nobody knows what it learned from."""

OUTPUTS = ("completed", "fine")
"""What the completed picture is called: by networks of partial convolutions, by generators of engine ``cra``."""
_CONTEXT = 20
_MULTIPLE = 32
_BORDER = 3.0
"""Pixels from the hole's border inwards over which the share of what is continued from outside falls to a third."""


def fills_damage(record: Record) -> bool:
    """Whether the weights of a record are run by this engine."""
    return any(port.name in OUTPUTS for port in record.ports if port.way == "output")


WANTED = Wanted("inpaint", "fills damage", "cra-256", "--weights-fill", fills_damage)


@dataclass(frozen=True)
class Partial:
    """A network that fills damage; ``avoid`` is a hole for it too, and then put back.

    It works at 256 px, the size that it learned at: at 512 px the same windows take twice the time.

    Attributes:
        network: what is run.
        device: that it really runs on.
        largest_radius: half the width, in pixels of the small picture, of the largest hole that it learned from.
        weights: name of its record, or of its file.
        notes: remarks for the user.
    """

    network: Network
    device: str
    largest_radius: float
    weights: str
    notes: tuple[str, ...] = ()
    name: str = "partial"
    working_size: int = 256

    def complete(self, image: SmallImage, hole: Mask, *, avoid: Mask, seed: int) -> Completion:
        """Fill the hole; see :class:`cleanplate.inpaint.engine.Engine`. ``seed`` changes nothing."""
        place = surroundings(hole).slices
        if (hole | avoid)[place].all():
            place = (slice(None), slice(None))
        shown, inside = image[place], hole[place]
        unknown = inside | avoid[place]
        if unknown.all():
            unknown = inside
        answer = self.network(np.where(unknown[..., None], np.uint8(0), shown), unknown)
        if answer.shape != shown.shape or not np.isfinite(answer[inside]).all():
            problem = "returned numbers that are not finite" if answer.shape == shown.shape else "returned no picture"
            raise EngineError(f"the network {problem} on device '{self.device}'", subject=self.network.session.path)
        levels = _met_by_its_border(np.clip(answer[inside] * np.float32(255.0), 0, 255), shown, inside, unknown)
        completed = image.copy()
        completed[place][inside] = np.rint(levels).astype(np.uint8)
        return Completion(completed, smooth=True)


def _met_by_its_border(
    answer: NDArray[np.float32], shown: SmallImage, hole: Mask, unknown: Mask
) -> NDArray[np.float32]:
    """The network's colours for K pixels of the hole, mixed with what is continued from outside: float32 ``K x 3``."""
    if unknown.all():
        return answer
    continued = cv2.inpaint(np.ascontiguousarray(shown), unknown.view(np.uint8), 3.0, cv2.INPAINT_NS)[hole]
    depth = cv2.distanceTransform(unknown.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)[hole]
    share = np.exp((1 - np.maximum(depth, 1)) / np.float32(_BORDER))[:, None]
    return np.asarray(answer + share * (continued - answer), np.float32)


def surroundings(hole: Mask) -> Box:
    """The part of a small picture that the network is shown: the hole and about as much around it as it is large.

    Windows are planned for patch search, which wants more to choose from, and on a grid; for specks and scratches that
    would be up to twice the work. Sides are multiples of 32 where the picture is large enough, so nothing is made up
    to pad it.
    """
    height, width = hole.shape
    around = box_of(hole)
    box = around.grown(max(_CONTEXT, max(around.width, around.height) // 2)).clipped(height, width)
    top, bottom = _rounded(box.top, box.bottom, height)
    left, right = _rounded(box.left, box.right, width)
    return Box(left, top, right, bottom)


def _rounded(start: int, stop: int, length: int) -> tuple[int, int]:
    """A span lengthened to a multiple of 32 within ``length``."""
    wanted = min(length, -(-(stop - start) // _MULTIPLE) * _MULTIPLE)
    start = max(0, min(start - (wanted - (stop - start)) // 2, length - wanted))
    return start, start + wanted


def create(options: EngineOptions) -> Partial:
    """Build the engine from ``options.weights`` (a file, or a name from the catalog), else from those that ship.

    Raises:
        EngineError: no weights, or a network that is not for completion.
        WeightsError: the weights are missing, damaged or refused by their terms.
        DeviceError: the device is not there.
    """
    installed = chosen(WANTED, options.weights)
    session = SESSIONS.session(installed.path, device=options.device, threads=options.threads)
    record = installed.record
    contract = record.input if record is not None and not isinstance(record.input, str) else CONTRACT
    return Partial(
        network=Network(session, contract, output=_output(session)),
        device=session.device,
        largest_radius=_largest(record),
        weights=installed.path.name if record is None else record.name,
        notes=(*installed.notes, *session.notes),
    )


def _output(session: Session) -> str | None:
    return next((port.name for port in session.outputs if port.name in OUTPUTS), None)


def _largest(record: Record | None) -> float:
    figures = () if record is None else record.measured
    return next((each.value for each in figures if each.figure == "largest_hole_radius"), CAUTIOUS_RADIUS)
