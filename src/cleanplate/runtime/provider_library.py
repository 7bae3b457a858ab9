"""Why a provider of ONNX Runtime did not start. It says so only in a log, so its library is loaded here once more."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

_LIBRARIES = {
    "CUDAExecutionProvider": "onnxruntime_providers_cuda",
    "TensorrtExecutionProvider": "onnxruntime_providers_tensorrt",
    "OpenVINOExecutionProvider": "onnxruntime_providers_openvino",
    "CANNExecutionProvider": "onnxruntime_providers_cann",
}


def why_not_loaded(provider: str, package: Path) -> str:
    """What the system says about the provider's library, such as the name of a library that it misses; else nothing.

    Args:
        provider: name of an execution provider.
        package: folder of the installed onnxruntime.
    """
    name = _LIBRARIES.get(provider)
    if name is None:
        return ""
    file = f"{name}.dll" if sys.platform == "win32" else f"lib{name}.so"
    path = package / "capi" / file
    if not path.is_file():
        return ""
    try:
        ctypes.CDLL(str(path))
    except OSError as error:
        said = str(error)
        return "" if "undefined symbol" in said else said
    return ""
