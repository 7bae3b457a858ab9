"""Networks, opened once and shared by all threads. The only place that imports onnxruntime.

A device that was asked for and is missing is an error, never a silent fall-back: ONNX Runtime itself goes on with the
processor when a provider does not start, so what it really uses is looked up after a session was made.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import DeviceError, EngineError, MissingInputError, WeightsError
from cleanplate.runtime.cpu_limits import usable_cores
from cleanplate.runtime.devices import AUTO, AUTOMATIC, DEVICES, Device, parse_device
from cleanplate.runtime.provider_library import why_not_loaded

_DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(uint16)": "uint16",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
}
_ONE_RUN_AT_A_TIME = {"directml"}
_PREAMBLE = re.compile(r"^\d+ : [A-Z_]+ : (Load model from .*? failed: ?)?")
"""Of messages of ONNX Runtime: number and name of an error class, and the file, which cleanplate names itself."""
_REINSTALL = "reinstall it: pip install --force-reinstall onnxruntime (on Windows also the Visual C++ redistributable)"


@dataclass(frozen=True)
class Tensor:
    """An input or output of a network.

    Attributes:
        name: in the graph.
        dtype: name of the numpy type, or what ONNX Runtime says for others.
        shape: sizes; None where any size goes.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        sides = " x ".join("?" if side is None else str(side) for side in self.shape)
        return f"{self.name} ({self.dtype} {sides})"


class Session:
    """A loaded network; safe to use from several threads.

    Attributes:
        path: the file.
        device: name of the device that it really runs on.
        inputs: what it takes.
        outputs: what it returns.
        metadata: texts that the file holds about itself, by name.
        notes: remarks for the user, such as better devices that did not start.
    """

    def __init__(self, inner: Any, path: Path, device: str, notes: tuple[str, ...] = ()) -> None:
        """Wrap an ``onnxruntime.InferenceSession``; use :func:`start` or a session cache to get one."""
        self._inner = inner
        self._lock = threading.Lock() if device.partition(":")[0] in _ONE_RUN_AT_A_TIME else None
        self.path = path
        self.device = device
        self.inputs = tuple(_tensor(each) for each in inner.get_inputs())
        self.outputs = tuple(_tensor(each) for each in inner.get_outputs())
        self.metadata: dict[str, str] = dict(inner.get_modelmeta().custom_metadata_map)
        self.notes = notes

    def run(self, feeds: Mapping[str, NDArray[Any]], *, keep_memory: bool = False) -> dict[str, NDArray[Any]]:
        """Run the network.

        Args:
            feeds: an array for each input, by name. Floating-point arrays are converted to the precision of the input.
            keep_memory: keep working memory for the next run, which saves up to a quarter of the time for frames of one
                size; otherwise it is given back, since pictures of many sizes would leave the largest ever seen.

        Returns:
            An array for each output, by name; floating-point ones as float32 whatever the network computes in.

        Raises:
            EngineError: an array is missing, too many or of the wrong type or shape, or the network failed.
        """
        arrays = self._checked(feeds)
        options = None if keep_memory else _run_options()
        try:
            if self._lock is None:
                values = self._inner.run(None, arrays, options)
            else:
                with self._lock:
                    values = self._inner.run(None, arrays, options)
        except Exception as error:  # ONNX Runtime's own errors have no common class
            raise EngineError(f"the network failed: {_line(error)}", subject=self.path) from error
        return {each.name: _as_float32(value) for each, value in zip(self.outputs, values, strict=True)}

    def _checked(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        if feeds.keys() != {each.name for each in self.inputs}:
            wanted = ", ".join(map(str, self.inputs))
            raise EngineError(f"the network takes {wanted}, not {', '.join(feeds) or 'nothing'}", subject=self.path)
        return {each.name: _fitting(feeds[each.name], each, self.path) for each in self.inputs}


def start(path: Path, *, device: str = AUTO, threads: int | None = None, content: bytes | None = None) -> Session:
    """Load a network.

    Args:
        path: an ONNX file.
        device: ``auto``, or a name from :data:`cleanplate.runtime.devices.DEVICES`.
        threads: for the processor; None for as many as this process has cores.
        content: the network itself; ``path`` is then only its name.

    Raises:
        DeviceError: the device is unknown, not installed, or does not run this network.
        EngineError: ONNX Runtime itself cannot be loaded.
        MissingInputError: there is no such file.
        WeightsError: it is not a network that ONNX Runtime can load.
    """
    if content is None and not path.is_file():
        raise MissingInputError("there is no such file", subject=path)
    threads = threads or usable_cores()
    if device != AUTO:
        wanted, which = parse_device(device)
        return _on(wanted, which, path, content, threads, ())
    notes: list[str] = []
    for name in AUTOMATIC[:-1]:
        if DEVICES[name].provider not in available_providers():
            continue
        try:
            return _on(DEVICES[name], "", path, content, threads, tuple(notes))
        except DeviceError as error:
            notes.append(f"{name} is installed but was not used: {error.problem}")
    return _on(DEVICES[AUTOMATIC[-1]], "", path, content, threads, tuple(notes))


def available_providers() -> list[str]:
    """The execution providers that the installed ONNX Runtime brings; their hardware may be missing all the same.

    Raises:
        EngineError: ONNX Runtime itself cannot be loaded.
    """
    return list(_onnxruntime().get_available_providers())


def version() -> str:
    """Version of ONNX Runtime.

    Raises:
        EngineError: it cannot be loaded.
    """
    return str(_onnxruntime().__version__)


def _on(device: Device, which: str, path: Path, content: bytes | None, threads: int, notes: tuple[str, ...]) -> Session:
    """Load on exactly this device."""
    installed = [name for name, each in DEVICES.items() if each.provider in available_providers()]
    if device.name not in installed:
        raise DeviceError(
            f"device '{device.name}' is not installed (installed: {', '.join(installed)})", fix=device.install
        )
    name = f"{device.name}:{which}" if which else device.name
    options = {**device.options, **({device.ordinal_option: which} if which else {})}
    try:
        inner = _load(str(path) if content is None else content, device, options, threads)
    except Exception as error:
        if device.name == "cpu" or _is_about_the_file(error):
            raise WeightsError(f"cannot be loaded as a network: {_line(error)}", subject=path) from error
        raise DeviceError(_not_started(name, device, _line(error)), fix=_fix(device)) from error
    if device.provider not in inner.get_providers():
        raise DeviceError(_not_started(name, device, ""), fix=_fix(device))
    if device.name != "cpu" and _works_on(inner, device.provider) is False:
        raise DeviceError(f"device '{name}' takes no part of {path.name}", fix="use --device cpu")
    return Session(inner, path, name, notes)


def _load(network: str | bytes, device: Device, options: dict[str, str], threads: int) -> Any:
    runtime = _onnxruntime()
    if device.name in ("cuda", "tensorrt") and hasattr(runtime, "preload_dlls"):
        _preload_cuda(runtime)
    settings = runtime.SessionOptions()
    settings.log_severity_level = 4
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    # Planning which tensors share memory takes 0.3 s for a detector of a thousand nodes and saves neither memory nor
    # time: the arena hands freed memory out again all the same.
    settings.enable_mem_reuse = False
    # Waiting threads would burn the time that a container's quota gives to the working ones.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    if device.name == "directml":
        settings.enable_mem_pattern = False
    providers = [] if device.name == "cpu" else [(device.provider, options)]
    # Without enable_fallback=0 a provider that fails is replaced by the processor, with a message on standard output.
    return runtime.InferenceSession(
        network, settings, providers=[*providers, "CPUExecutionProvider"], enable_fallback=0
    )


@cache
def _preload_cuda(runtime: Any) -> None:
    """Let CUDA and cuDNN from Python packages be found, as far as they are there."""
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
        runtime.preload_dlls()


@cache
def _onnxruntime() -> Any:
    # From 1.29 on, ONNX Runtime reports sessions and errors to its makers unless this is set before it is loaded.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime
    except ImportError as error:  # a library of the system that it needs is not there, or its installation is mixed up
        raise EngineError(f"ONNX Runtime cannot be loaded: {_first_line(error)}", fix=_REINSTALL) from error

    # Errors come as exceptions; what its log would add on standard error is looked up where it matters.
    onnxruntime.set_default_logger_severity(4)
    return onnxruntime


@cache
def _run_options() -> Any:
    """Give memory back after each run: pictures of many sizes would otherwise leave the largest ever seen allocated."""
    options = _onnxruntime().RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def _works_on(inner: Any, provider: str) -> bool | None:
    """Whether the provider got any part of the network; None where ONNX Runtime does not tell."""
    try:
        parts = inner.get_provider_graph_assignment_info()
        return any(part.ep_name == provider for part in parts)
    except Exception:
        return None


def _is_about_the_file(error: Exception) -> bool:
    """Whether loading failed for the network's sake, so that no other device would load it either."""
    return type(error).__name__ in {"InvalidProtobuf", "InvalidGraph", "NoSuchFile", "NoModel", "NotImplemented"}


def _not_started(name: str, device: Device, said: str) -> str:
    reason = why_not_loaded(device.provider, Path(_onnxruntime().__file__).parent) or said
    return f"device '{name}' does not start{f': {reason}' if reason else ''}"


def _fix(device: Device) -> str:
    return f"check its driver and installation ({device.install}), or use --device cpu"


def _tensor(each: Any) -> Tensor:
    shape = tuple(side if isinstance(side, int) and side > 0 else None for side in each.shape)
    return Tensor(each.name, _DTYPES.get(each.type, each.type), shape)


def _fitting(array: NDArray[Any], wanted: Tensor, path: Path) -> NDArray[Any]:
    if len(array.shape) != len(wanted.shape) or any(
        need not in (None, side) for side, need in zip(array.shape, wanted.shape, strict=False)
    ):
        got = " x ".join(map(str, array.shape))
        raise EngineError(f"the network takes {wanted}, not {got}", subject=path)
    if array.dtype != wanted.dtype:
        if not (array.dtype.kind == "f" and wanted.dtype.startswith("float")):
            raise EngineError(f"the network takes {wanted}, not {array.dtype}", subject=path)
        array = array.astype(wanted.dtype)
    return np.ascontiguousarray(array)


def _as_float32(value: Any) -> NDArray[Any]:
    array = np.asarray(value)
    return array.astype(np.float32) if array.dtype.kind == "f" and array.dtype != np.float32 else array


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _line(error: Exception) -> str:
    """What ONNX Runtime says, on one line and without the place in its source."""
    text = " ".join(str(error).split())
    for marker in ("Status Message: ", "] : "):
        if marker in text:
            text = text.rpartition(marker)[2]
            break
    return _PREAMBLE.sub("", text)[:300]
