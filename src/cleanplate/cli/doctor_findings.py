"""What ``cleanplate doctor`` looks at, as plain data."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cleanplate import __version__
from cleanplate.errors import WeightsError
from cleanplate.runtime.cpu_limits import cpu_quota, usable_cores
from cleanplate.runtime.devices import DEVICES
from cleanplate.runtime.probe import DeviceState, automatic, probed
from cleanplate.runtime.session import version as onnxruntime_version
from cleanplate.weights.catalog import shipped
from cleanplate.weights.checksum import verify
from cleanplate.weights.folders import own_folders, user_folder
from cleanplate.weights.store import whereabouts

_PACKAGES = ("numpy", "opencv-python-headless", "pillow", "pillow-heif", "tifffile", "simplejpeg", "PyPatchMatch")
_EXTRAS = {
    "raw": ("raw files of cameras", ("rawpy",)),
    "train": (
        "training, export, conversion",
        ("torch", "lightning_fabric", "onnx", "tensorboard", "cleanplate_training"),
    ),
}
_PREFIX = "CLEANPLATE_"


@dataclass(frozen=True)
class Cores:
    """Cores of the machine, those this process uses, and the quota of its control groups (None without one)."""

    machine: int
    usable: int
    quota: float | None


@dataclass(frozen=True)
class WeightState:
    """Weights on this machine; ``state`` is ``verified`` or what is wrong."""

    name: str
    path: str
    state: str
    commercial_use: str


@dataclass(frozen=True)
class Extra:
    """An optional part and the modules that it lacks."""

    name: str
    purpose: str
    missing: list[str]


@dataclass(frozen=True)
class Folder:
    """A folder that cleanplate uses; ``state`` says whether it can be written to."""

    purpose: str
    path: str
    state: str


@dataclass(frozen=True)
class Findings:
    """All that was found; ``problems`` are about what is there and does not work as it should."""

    versions: dict[str, str]
    platform: str
    cores: Cores
    devices: list[DeviceState]
    automatic: str
    weights: list[WeightState]
    extras: list[Extra]
    folders: list[Folder]
    variables: dict[str, str]
    problems: list[str]


def examined() -> Findings:
    """Look at everything; takes seconds where large weights are installed."""
    weights = _weights()
    damaged = [f"weights '{weight.name}' {weight.state}" for weight in weights if weight.state != "verified"]
    return Findings(
        versions=_versions(),
        platform=platform.platform(),
        cores=Cores(os.cpu_count() or 1, usable_cores(), cpu_quota()),
        devices=[probed(name) for name in DEVICES],
        automatic=automatic().device,
        weights=weights,
        extras=[_extra(name, purpose, modules) for name, (purpose, modules) in _EXTRAS.items()],
        folders=_folders(),
        variables=_variables(),
        problems=damaged,
    )


def _versions() -> dict[str, str]:
    found = {"cleanplate": __version__, "python": platform.python_version(), "onnxruntime": onnxruntime_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed as a package"
    return found


def _variables() -> dict[str, str]:
    """Variables of ours; names and passwords in addresses are left out, because people send this to others."""
    ours = {name: value for name, value in sorted(os.environ.items()) if name.startswith(_PREFIX)}
    return {name: re.sub(r"://[^/@\s]*@", "://***@", value) for name, value in ours.items()}


def _weights() -> list[WeightState]:
    found = []
    for record in shipped().records:
        path = whereabouts(record)
        if path is None:
            continue
        try:
            verify(path, record)
        except WeightsError as error:
            state = error.problem
        else:
            state = "verified"
        found.append(WeightState(record.name, str(path), state, record.commercial_use))
    return found


def _extra(name: str, purpose: str, modules: tuple[str, ...]) -> Extra:
    return Extra(name, purpose, [module for module in modules if importlib.util.find_spec(module) is None])


def _folders() -> list[Folder]:
    data = user_folder()
    folders = [Folder("fetched weights", str(data), _state(data, made_when_needed=True))]
    folders += [Folder("your own weights", str(each), _state(each)) for each in own_folders()]
    temporary = Path(tempfile.gettempdir())
    return [*folders, Folder("temporary files", str(temporary), _state(temporary))]


def _state(folder: Path, *, made_when_needed: bool = False) -> str:
    """Whether a folder can be written to; found out by writing, as permissions do not tell on every system."""
    if not folder.is_dir():
        parent = next((each for each in folder.parents if each.is_dir()), None)
        if not made_when_needed or parent is None:
            return "does not exist"
        return "made when needed" if _state(parent) == "writable" else f"cannot be made: {parent} is read-only"
    try:
        with tempfile.TemporaryFile(dir=folder):
            return "writable"
    except OSError:
        return "read-only"
