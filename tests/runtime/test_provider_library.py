"""Why a provider did not start is asked of its library."""

from __future__ import annotations

import sys
from pathlib import Path

import onnxruntime
import pytest

from cleanplate.runtime.provider_library import why_not_loaded


@pytest.mark.skipif(sys.platform != "linux", reason="names of Linux libraries")
def test_what_the_loader_says_is_passed_on(tmp_path: Path) -> None:
    library = tmp_path / "capi" / "libonnxruntime_providers_cuda.so"
    library.parent.mkdir()
    library.write_bytes(b"\x7fELF, but no more")
    assert "libonnxruntime_providers_cuda.so" in why_not_loaded("CUDAExecutionProvider", tmp_path)


def test_nothing_is_said_where_there_is_no_library(tmp_path: Path) -> None:
    assert why_not_loaded("CUDAExecutionProvider", tmp_path) == ""
    assert why_not_loaded("CPUExecutionProvider", Path(onnxruntime.__file__).parent) == ""
