"""Devices are tried by a network of one operator."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import onnx
import pytest

from cleanplate.errors import DeviceError, EngineError
from cleanplate.runtime import probe as module
from cleanplate.runtime.probe import PROBE, automatic, probed


def test_the_probe_is_a_network_of_one_operator() -> None:
    model = onnx.load_from_string(PROBE)
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["Relu"]


def test_the_processor_works() -> None:
    state = probed("cpu")
    assert (state.installed, state.works, state.problem) == (True, True, "")


def test_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "available_providers", lambda: ["CPUExecutionProvider"])
    state = probed("cuda")
    assert (state.installed, state.works, state.problem) == (False, False, "not installed")
    assert "onnxruntime-gpu" in state.install


def test_what_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise DeviceError("device 'cuda' does not start: no driver", fix="install one")

    monkeypatch.setattr(module, "available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(module, "start", refuse)
    state = probed("cuda")
    assert (state.installed, state.works) == (True, False)
    assert state.problem == "device 'cuda' does not start: no driver"


def test_wrong_results_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = SimpleNamespace(device="cpu", run=lambda feeds: {"y": np.zeros_like(feeds["x"])})
    monkeypatch.setattr(module, "start", lambda *_, **__: wrong)
    assert probed("cpu").problem == "device 'cpu' computes wrong results"
    with pytest.raises(EngineError, match="wrong results"):
        automatic()


def test_auto_says_what_it_is() -> None:
    assert automatic().device in {"cpu", "cuda", "cann", "directml", "openvino"}
