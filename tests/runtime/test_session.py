"""Sessions: arrays in and out, devices that are really used, errors on one line."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest

from cleanplate.errors import DeviceError, EngineError, MissingInputError, WeightsError
from cleanplate.runtime import session as module
from cleanplate.runtime.devices import DEVICES, parse_device
from cleanplate.runtime.session import start
from tests.runtime.graphs import HALF, convolutions, doubling

X = np.arange(24, dtype=np.float32).reshape(1, 3, 2, 4)


def test_runs_a_network(tmp_path: Path) -> None:
    session = start(doubling(tmp_path / "twice.onnx"), device="cpu")
    assert session.device == "cpu"
    assert (session.run({"x": X})["y"] == 2 * X).all()
    assert str(session.inputs[0]) == "x (float32 1 x 3 x ? x ?)"


def test_half_precision_goes_in_and_out_as_single(tmp_path: Path) -> None:
    session = start(doubling(tmp_path / "twice.onnx", kind=HALF), device="cpu")
    result = session.run({"x": X})["y"]
    assert result.dtype == np.float32
    assert (result == 2 * X).all()


def test_arrays_need_not_be_contiguous(tmp_path: Path) -> None:
    session = start(doubling(tmp_path / "twice.onnx"), device="cpu")
    turned = X.transpose(0, 1, 3, 2)
    assert (session.run({"x": turned})["y"] == 2 * turned).all()


@pytest.mark.parametrize(
    ("feeds", "said"),
    [
        ({}, r"takes x \(float32 1 x 3 x \? x \?\), not nothing"),
        ({"z": X}, "not z"),
        ({"x": X[0]}, "not 3 x 2 x 4"),
        ({"x": X[:, :2]}, "not 1 x 2 x 2 x 4"),
        ({"x": X.astype(np.int64)}, "not int64"),
    ],
)
def test_wrong_arrays_are_named(tmp_path: Path, feeds: dict[str, Any], said: str) -> None:
    session = start(doubling(tmp_path / "twice.onnx"), device="cpu")
    with pytest.raises(EngineError, match=said):
        session.run(feeds)


def test_failures_inside_the_network_are_one_line(tmp_path: Path) -> None:
    session = start(convolutions(tmp_path / "stride.onnx"), device="cpu")
    with pytest.raises(EngineError, match="the network failed") as caught:
        session.run({"picture": np.zeros((1, 3, 0, 4), np.float32)})
    assert "\n" not in str(caught.value)


def test_files_that_are_no_networks(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "holiday.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(WeightsError, match=r"holiday\.onnx: cannot be loaded as a network") as caught:
        start(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).count("holiday.onnx") == 1
    with pytest.raises(MissingInputError, match=r"gone\.onnx: there is no such file"):
        start(tmp_path / "gone.onnx")
    assert capfd.readouterr() == ("", "")


def test_an_installation_that_does_not_load_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module._onnxruntime.cache_clear()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    try:
        with pytest.raises(
            EngineError, match=r"ONNX Runtime cannot be loaded: .*; reinstall it: pip install"
        ) as caught:
            start(doubling(tmp_path / "twice.onnx"), device="cpu")
    finally:
        module._onnxruntime.cache_clear()
    assert "\n" not in str(caught.value)


def test_shared_by_threads(tmp_path: Path) -> None:
    session = start(convolutions(tmp_path / "net.onnx"), device="cpu", threads=2)
    rng = np.random.default_rng(0)
    pictures = [rng.normal(size=(1, 3, 16 + 2 * each, 24)).astype(np.float32) for each in range(6)]
    expected = [session.run({"picture": each})["answer"] for each in pictures]
    wrong: list[int] = []

    def work(mine: int) -> None:
        for _ in range(20):
            if (session.run({"picture": pictures[mine]})["answer"] != expected[mine]).any():
                wrong.append(mine)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_memory_of_a_large_picture_is_given_back(tmp_path: Path) -> None:
    # In a process of its own: what other tests have left in the heap decides what it can give back.
    path = convolutions(tmp_path / "net.onnx", channels=32)
    done = subprocess.run(
        [sys.executable, "-c", _LARGE_AND_SMALL, str(path)], capture_output=True, text=True, check=True
    )
    before, after = map(float, done.stdout.split())
    # Less than one of its activations: how much the C library keeps depends on the processor (107 MiB with AVX-512).
    assert after < before + 176


_LARGE_AND_SMALL = """
import subprocess
import sys
from pathlib import Path
import numpy as np
from cleanplate.runtime.session import start

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

session = start(Path(sys.argv[1]), device="cpu", threads=1)
session.run({"picture": np.zeros((1, 3, 64, 64), np.float32)})
before = resident()
# Activations of 32 channels at 1200 x 1200 are 176 MiB each.
session.run({"picture": np.zeros((1, 3, 1200, 1200), np.float32)})
session.run({"picture": np.zeros((1, 3, 64, 64), np.float32)})
print(before, resident())
"""


class FakeRuntime:
    """The installed ONNX Runtime with other providers; ``behaviour`` says what becomes of each that is asked for."""

    def __init__(self, **behaviour: str) -> None:
        self.behaviour = {DEVICES[name].provider: what for name, what in behaviour.items()}
        self.asked: list[tuple[list[Any], int]] = []
        self.__file__ = onnxruntime.__file__
        self.__version__ = onnxruntime.__version__

    def get_available_providers(self) -> list[str]:
        return [*self.behaviour, "CPUExecutionProvider"]

    def InferenceSession(self, path: str | bytes, settings: Any, *, providers: list[Any], enable_fallback: int) -> Any:
        self.asked.append((providers, settings.intra_op_num_threads))
        inner = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
        if len(providers) == 1:
            return inner
        name = providers[0][0]
        behaviour = self.behaviour[name]
        if behaviour == "raises" and enable_fallback == 0:
            raise RuntimeError("[ONNXRuntimeError] : 1 : FAIL : no such processor\nsee the manual")
        used = [name] if behaviour in ("works", "idle") else []
        return SimpleNamespace(
            get_inputs=inner.get_inputs,
            get_outputs=inner.get_outputs,
            get_modelmeta=inner.get_modelmeta,
            run=inner.run,
            get_providers=lambda: [*used, "CPUExecutionProvider"],
            get_provider_graph_assignment_info=lambda: [
                SimpleNamespace(ep_name=name if behaviour == "works" else "CPUExecutionProvider")
            ],
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(onnxruntime, name)


def _pretend(monkeypatch: pytest.MonkeyPatch, **behaviour: str) -> FakeRuntime:
    fake = FakeRuntime(**behaviour)
    monkeypatch.setattr(module, "_onnxruntime", lambda: fake)
    monkeypatch.setattr(module, "_preload_cuda", lambda runtime: None)
    return fake


@pytest.mark.parametrize("name", sorted(set(DEVICES) - {"cpu"}))
def test_a_device_that_is_not_installed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    _pretend(monkeypatch)
    with pytest.raises(DeviceError, match=rf"device '{name}' is not installed \(installed: cpu\); pip install"):
        start(doubling(tmp_path / "net.onnx"), device=name)


def test_a_device_that_is_installed_and_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = _pretend(monkeypatch, cuda="works")
    session = start(doubling(tmp_path / "net.onnx"), device="cuda:1", threads=3)
    assert session.device == "cuda:1"
    assert session.notes == ()
    assert fake.asked == [
        (
            [
                ("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC", "device_id": "1"}),
                "CPUExecutionProvider",
            ],
            3,
        )
    ]


@pytest.mark.parametrize("behaviour", ["dropped", "raises", "idle"])
def test_a_device_that_onnxruntime_leaves_out_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], behaviour: str
) -> None:
    _pretend(monkeypatch, cuda=behaviour)
    with pytest.raises(DeviceError, match=r"device 'cuda' (does not start|takes no part)") as caught:
        start(doubling(tmp_path / "net.onnx"), device="cuda")
    assert "--device cpu" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_auto_takes_the_best_that_works_and_says_what_did_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, openvino="works", cuda="dropped", cann="raises")
    session = start(doubling(tmp_path / "net.onnx"))
    assert session.device == "openvino"
    assert len(session.notes) == 2
    assert session.notes[0].startswith("cuda is installed but was not used: device 'cuda' does not start")
    assert "no such processor" in session.notes[1]


def test_auto_does_not_take_what_compiles_for_each_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, tensorrt="works", coreml="works")
    assert start(doubling(tmp_path / "net.onnx")).device == "cpu"


def test_a_broken_file_is_not_blamed_on_the_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, cuda="works")
    path = tmp_path / "net.onnx"
    path.write_bytes(b"\x00\x01")
    with pytest.raises(WeightsError, match="cannot be loaded"):
        start(path, device="cuda")


def test_directml_runs_one_picture_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, directml="works")
    session = start(doubling(tmp_path / "net.onnx"), device="directml:0")
    inside, most = 0, 0
    count = threading.Lock()
    original = session._inner.run

    def run(*arguments: Any) -> Any:
        nonlocal inside, most
        with count:
            inside += 1
            most = max(most, inside)
        try:
            threading.Event().wait(0.005)
            return original(*arguments)
        finally:
            with count:
                inside -= 1

    session._inner.run = run
    threads = [threading.Thread(target=lambda: session.run({"x": X})) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gpu", "unknown device 'gpu'; choose one of: auto, cpu, cuda, tensorrt, openvino, coreml, directml, cann"),
        ("cpu:1", "use 'cpu'"),
        ("cuda:", "use 'cuda'"),
        ("cuda:first", "use 'cuda:0'"),
        ("", "unknown device ''"),
    ],
)
def test_devices_that_are_misspelt(text: str, said: str) -> None:
    with pytest.raises(DeviceError, match=said):
        parse_device(text)


def test_devices_with_a_choice() -> None:
    assert parse_device("CUDA:2") == (DEVICES["cuda"], "2")
    assert parse_device("openvino:GPU") == (DEVICES["openvino"], "GPU")
    assert parse_device(" cpu ") == (DEVICES["cpu"], "")
