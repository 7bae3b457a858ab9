"""The vectors that the TypeScript stages are compared with are those of the Python stages of today."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np


def _golden() -> Any:
    spec = importlib.util.spec_from_file_location("golden", Path(__file__).with_name("golden.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _array(packed: dict[str, Any]) -> Any:
    import base64

    return np.frombuffer(base64.b64decode(packed["data"]), packed["dtype"]).astype(np.float64)


def _check(now: Any, then: Any) -> None:
    if isinstance(now, dict) and "dtype" in now:
        assert now["shape"] == then["shape"]
        # Matrix libraries round differently; a changed stage differs by far more.
        assert np.abs(_array(now) - _array(then)).mean() < 0.02
    elif isinstance(now, dict):
        assert now.keys() == then.keys()
        for key in now:
            _check(now[key], then[key])
    else:
        assert now == then


def test_the_written_vectors_are_up_to_date() -> None:
    module = _golden()
    _check(module.golden(), json.loads(module.FILE.read_text(encoding="utf-8")))
