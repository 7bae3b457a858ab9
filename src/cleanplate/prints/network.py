"""The network that finds damage: a picture in, how likely each pixel is damaged out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import EngineError
from cleanplate.runtime.contract import InputContract
from cleanplate.runtime.network import Network
from cleanplate.runtime.session_cache import SESSIONS
from cleanplate.weights.choice import Wanted, chosen
from cleanplate.weights.record import Record

CONTRACT = InputContract(multiple_of=32, minimum=32)
"""How a network without a record is fed: RGB 0..1, sides that are multiples of 32."""

_OUTPUT = "probability"
_NEUTRAL = 0.5


def finds_damage(record: Record) -> bool:
    """Whether the weights of a record return probabilities of damage."""
    return any(port.name == _OUTPUT for port in record.ports if port.way == "output")


WANTED = Wanted(
    "defects", "finds damage", "defects-lite0", "--weights-defects", finds_damage, ", or the damage itself by --mask"
)


@dataclass(frozen=True)
class DamageNetwork:
    """A network that finds damage; safe to call from several threads.

    Attributes:
        network: what is run.
        threshold: probability from which its own validation counted a pixel as damaged; 0.5 where nothing is known.
        name: of its record, or of its file.
        device: that it really runs on.
        notes: remarks for the user.
    """

    network: Network
    threshold: float
    name: str
    device: str
    notes: tuple[str, ...] = ()

    def __call__(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Look at a picture or a tile of one.

        Args:
            pixels: h x w x 3 RGB, uint8, uint16 or float32 in 0..255; padded here.

        Returns:
            h x w float32, 0..1.

        Raises:
            EngineError: the network failed or returned numbers that are none.
        """
        answer = self.network(pixels)[..., 0]
        if not np.isfinite(answer).all():
            raise EngineError("returned numbers that are not finite", subject=self.network.session.path)
        return np.clip(answer, 0.0, 1.0)


def open_network(
    weights: str | Path | None = None, *, device: str = "auto", threads: int | None = None
) -> DamageNetwork:
    """Open a network that finds damage, or take it from those that are open.

    Args:
        weights: a file, or a name from the catalog; None for the one that ships.
        device: as for :func:`cleanplate.runtime.session.start`.
        threads: cores that one run may use.

    Raises:
        EngineError: it is one for something else.
        WeightsError: none is installed, or the file is missing, damaged or refused by its terms.
        DeviceError: the device is not there.
    """
    installed = chosen(WANTED, weights)
    session = SESSIONS.session(installed.path, device=device, threads=threads)
    if len(session.inputs) != 1 or len(session.inputs[0].shape) != 4:
        listed = ", ".join(map(str, session.inputs))
        raise EngineError(
            f"takes {listed}; a network that finds damage takes one picture",
            subject=installed.path,
            fix="see docs/restore.md",
        )
    record = installed.record
    contract = record.input if record is not None and not isinstance(record.input, str) else CONTRACT
    return DamageNetwork(
        network=Network(session, contract),
        threshold=_threshold(record),
        name=installed.path.name if record is None else record.name,
        device=session.device,
        notes=(*installed.notes, *session.notes),
    )


def _threshold(record: Record | None) -> float:
    figures = () if record is None else record.measured
    found = next((each.value for each in figures if each.figure == "best_threshold"), _NEUTRAL)
    return min(max(found, 0.01), 0.99)
