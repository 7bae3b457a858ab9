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

import numpy as np

from cleanplate import __version__
from cleanplate.errors import EngineError, WeightsError
from cleanplate.inpaint.engine import create_engine
from cleanplate.runtime.cpu_limits import affinity_cores, cpu_quota, usable_cores
from cleanplate.runtime.devices import DEVICES
from cleanplate.runtime.memory_limits import machine_memory, memory_limit
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
_OWN_ENGINES = ("patchmatch", "telea")
"""Engines that need no weights, so that each can be tried."""


@dataclass(frozen=True)
class Cores:
    """Cores of the machine, those this process uses, and why: what it is bound to, and the quota of its control groups.

    The last two are None where there is no such thing.
    """

    machine: int
    usable: int
    affinity: int | None
    quota: float | None


@dataclass(frozen=True)
class Memory:
    """Bytes of the machine (None where the system does not tell) and the limit of the control groups (None without)."""

    machine: int | None
    limit: int | None


@dataclass(frozen=True)
class EngineState:
    """An engine that was tried on a small picture; ``problem`` is empty if it works."""

    name: str
    problem: str


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
    """All that was found.

    ``problems`` are about what is there and does not work as it should, ``remarks`` about what may surprise.
    """

    versions: dict[str, str]
    platform: str
    cores: Cores
    memory: Memory
    engines: list[EngineState]
    devices: list[DeviceState]
    automatic: str | None
    weights: list[WeightState]
    extras: list[Extra]
    folders: list[Folder]
    variables: dict[str, str]
    remarks: list[str]
    problems: list[str]


def examined() -> Findings:
    """Look at everything; takes seconds where large weights are installed."""
    weights = _weights()
    engines = [_engine(name) for name in _OWN_ENGINES]
    problems = [f"weights '{weight.name}' {weight.state}" for weight in weights if weight.state != "verified"]
    problems += [f"engine '{engine.name}': {engine.problem}" for engine in engines if engine.problem]
    device, remarks = None, _clashes()
    try:
        session = automatic()
        device, remarks = session.device, [*remarks, *session.notes]
    except EngineError as error:
        problems.append(str(error))
    return Findings(
        versions=_versions(),
        platform=platform.platform(),
        cores=Cores(os.cpu_count() or 1, usable_cores(), affinity_cores(), cpu_quota()),
        memory=Memory(machine_memory(), memory_limit()),
        engines=engines,
        devices=[probed(name) for name in DEVICES],
        automatic=device,
        weights=weights,
        extras=[_extra(name, purpose, modules) for name, (purpose, modules) in _EXTRAS.items()],
        folders=_folders(),
        variables=_variables(),
        remarks=remarks,
        problems=problems,
    )


def _versions() -> dict[str, str]:
    found = {"cleanplate": __version__, "python": platform.python_version()}
    try:
        found["onnxruntime"] = onnxruntime_version()
    except EngineError:
        found["onnxruntime"] = "cannot be loaded"
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


def _engine(name: str) -> EngineState:
    """Fill a small hole, and see that the rest stays."""
    hole = np.zeros((48, 48), np.bool_)
    hole[20:28, 20:28] = True
    picture = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
    try:
        filled = create_engine(name).complete(picture, hole, avoid=np.zeros_like(hole), seed=0).image
    except EngineError as error:
        return EngineState(name, error.problem)
    return EngineState(name, "" if np.array_equal(filled[~hole], picture[~hole]) else "changes pixels outside the hole")


def _clashes() -> list[str]:
    """Packages of ONNX Runtime that overwrite each other's files, a usual reason for a GPU that is not found."""
    packages = sorted(set(importlib.metadata.packages_distributions().get("onnxruntime", [])))
    if len(packages) < 2:
        return []
    names = " ".join(packages)
    return [f"{' and '.join(packages)} overwrite each other: pip uninstall {names}, then install the one you want"]


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
