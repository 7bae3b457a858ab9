"""The network that predicts colour: light and hints in, Cb and Cr out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import EngineError
from cleanplate.runtime.contract import InputContract
from cleanplate.runtime.session import Session
from cleanplate.runtime.session_cache import SESSIONS
from cleanplate.runtime.sizing import fitting
from cleanplate.weights.choice import Wanted, chosen
from cleanplate.weights.record import Record

CONTRACT = InputContract(channels="grey", mean=(0.0,), std=(1.0,), multiple_of=32, minimum=32)
"""How colour networks are fed: Y 0..1, sides that are multiples of 32."""

_WORKING_SIZE = 512
"""Working size of a network whose record does not say."""
_INPUTS, _OUTPUT = {"luma", "hints"}, "chroma"


def is_colour_network(record: Record) -> bool:
    """Whether the weights of a record take light and hints."""
    return {port.name for port in record.ports if port.way == "input"} == _INPUTS


WANTED = Wanted(
    "colorize",
    "predicts colours",
    "colour-lite0-l1",
    "--weights-colour",
    is_colour_network,
    " (to restore without colours: --no-colour)",
)


@dataclass(frozen=True)
class ColourNetwork:
    """A colour network; safe to call from several threads.

    Attributes:
        session: the network.
        contract: how it is fed.
        name: of its record, or of its file.
        device: that it really runs on.
        notes: remarks for the user.
    """

    session: Session
    contract: InputContract
    name: str
    device: str
    notes: tuple[str, ...] = ()

    @property
    def working_size(self) -> int:
        """Side of the square with as many pixels as it should see at once."""
        return self.contract.working_size or _WORKING_SIZE

    def __call__(self, luma: NDArray[np.float32], hints: NDArray[np.float32]) -> NDArray[np.float32]:
        """Predict colours.

        Args:
            luma: h x w float32, 0..1, any size; padded here.
            hints: h x w x 3 float32, see :func:`cleanplate.colour.hints.hint_planes`.

        Returns:
            h x w x 2 float32: Cb and Cr as offsets, within -0.5..0.5.

        Raises:
            EngineError: the network failed, or what it returned is no chroma.
        """
        fit = fitting(luma.shape[0], luma.shape[1], self.contract)
        given = np.zeros((*fit.full, 3), np.float32)  # mirrored hints would be hints for something else
        given[: hints.shape[0], : hints.shape[1]] = hints
        feeds = {"luma": fit.picture(luma)[None, None], "hints": given.transpose(2, 0, 1)[None]}
        answer = self.session.run(feeds)[_OUTPUT]
        if answer.shape != (1, 2, *fit.full):
            got = " x ".join(map(str, answer.shape))
            raise EngineError(f"returned {got} for {fit.full[0]} x {fit.full[1]}", subject=self.session.path)
        if not np.isfinite(answer).all():
            raise EngineError("returned numbers that are not finite", subject=self.session.path)
        return np.ascontiguousarray(fit.undo(answer[0].transpose(1, 2, 0)).clip(-0.5, 0.5), np.float32)


def open_network(
    weights: str | Path | None = None, *, device: str = "auto", threads: int | None = None
) -> ColourNetwork:
    """Open a colour network, or take it from those that are open.

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
    if {port.name for port in session.inputs} != _INPUTS or _OUTPUT not in {port.name for port in session.outputs}:
        listed = ", ".join(map(str, session.inputs))
        raise EngineError(
            f"takes {listed}; a colour network takes luma and hints", subject=installed.path, fix="see docs/restore.md"
        )
    record = installed.record
    contract = record.input if record is not None and not isinstance(record.input, str) else CONTRACT
    name = installed.path.name if record is None else record.name
    return ColourNetwork(session, contract, name, session.device, (*installed.notes, *session.notes))
