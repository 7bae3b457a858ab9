"""Does a device work? Asked by running the smallest of networks on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cleanplate.errors import CleanplateError, EngineError
from cleanplate.runtime.devices import AUTO, DEVICES
from cleanplate.runtime.session import Session, available_providers, start

# An ONNX graph of one operator, y = Relu(x) for 1 x 1 x 4 x 4 float32, as the onnx package writes it (IR 8, opset 17).
PROBE = (
    b'\x08\x08\x12\x00:O\n\x0c\n\x01x\x12\x01y"\x04Relu\x12\x05probeZ\x1b\n\x01x\x12\x16\n\x14\x08\x01\x12\x10'
    b"\n\x02\x08\x01\n\x02\x08\x01\n\x02\x08\x04\n\x02\x08\x04b\x1b\n\x01y\x12\x16\n\x14\x08\x01\x12\x10"
    b"\n\x02\x08\x01\n\x02\x08\x01\n\x02\x08\x04\n\x02\x08\x04B\x04\n\x00\x10\x11"
)


@dataclass(frozen=True)
class DeviceState:
    """What is known of a device here.

    Attributes:
        name: of the device.
        installed: the installed ONNX Runtime has its provider.
        works: a network ran on it.
        problem: why not; empty if it works.
        install: how to install it.
    """

    name: str
    installed: bool
    works: bool
    problem: str
    install: str


def probed(name: str) -> DeviceState:
    """Run a network of one operator on a device.

    Args:
        name: from :data:`cleanplate.runtime.devices.DEVICES`.
    """
    device = DEVICES[name]
    try:
        if device.provider not in available_providers():
            return DeviceState(name, False, False, "not installed", device.install)
        _run(start(Path("probe"), device=name, threads=1, content=PROBE))
    except CleanplateError as error:
        return DeviceState(name, True, False, error.problem, device.install)
    return DeviceState(name, True, True, "", device.install)


def automatic() -> Session:
    """The session that ``auto`` gives for a network of one operator; its ``device`` tells what was chosen."""
    session = start(Path("probe"), device=AUTO, threads=1, content=PROBE)
    _run(session)
    return session


def _run(session: Session) -> None:
    x = np.linspace(-1, 1, 16, dtype=np.float32).reshape(1, 1, 4, 4)
    if not np.array_equal(session.run({"x": x})["y"], np.maximum(x, 0)):
        raise EngineError(f"device '{session.device}' computes wrong results")
