"""The devices that networks can be asked to run on, and the ONNX Runtime package that each one needs."""

from __future__ import annotations

from dataclasses import dataclass, field

from cleanplate.errors import DeviceError

AUTO = "auto"


@dataclass(frozen=True)
class Device:
    """A kind of processor.

    Attributes:
        name: as on the command line.
        provider: what ONNX Runtime calls it (execution provider).
        install: how it is installed.
        ordinal_option: option of the provider that chooses one of several; empty if there is no choice.
        options: options that cleanplate sets.
    """

    name: str
    provider: str
    install: str
    ordinal_option: str = ""
    options: dict[str, str] = field(default_factory=dict)


DEVICES = {
    device.name: device
    for device in (
        Device("cpu", "CPUExecutionProvider", "pip install onnxruntime"),
        # The exhaustive search for algorithms, which is the default, starts anew for each size of picture.
        Device(
            "cuda",
            "CUDAExecutionProvider",
            "pip install 'onnxruntime-gpu[cuda,cudnn]' in place of onnxruntime",
            "device_id",
            {"cudnn_conv_algo_search": "HEURISTIC"},
        ),
        Device(
            "tensorrt",
            "TensorrtExecutionProvider",
            "pip install 'onnxruntime-gpu[cuda,cudnn]' tensorrt in place of onnxruntime",
            "device_id",
        ),
        Device(
            "openvino",
            "OpenVINOExecutionProvider",
            "pip install onnxruntime-openvino in place of onnxruntime",
            "device_type",
        ),
        Device("coreml", "CoreMLExecutionProvider", "pip install onnxruntime on macOS"),
        Device(
            "directml",
            "DmlExecutionProvider",
            "pip install onnxruntime-directml on Windows in place of onnxruntime",
            "device_id",
        ),
        Device(
            "cann",
            "CANNExecutionProvider",
            "pip install onnxruntime-cann and the CANN toolkit in place of onnxruntime",
            "device_id",
        ),
    )
}
"""Device by name."""

AUTOMATIC = ("cuda", "cann", "directml", "openvino", "cpu")
"""What ``auto`` tries, best first. TensorRT and Core ML compile a network again for each size of picture, which takes
seconds to minutes, so they are used only when asked for."""


def parse_device(text: str) -> tuple[Device, str]:
    """Read ``cuda``, or ``cuda:1`` for the second of several, or ``openvino:GPU``.

    Returns:
        The device and which one of several, empty for the provider's own choice.

    Raises:
        DeviceError: there is no such device; the text lists those there are.
    """
    name, colon, which = text.strip().partition(":")
    device = DEVICES.get(name.lower())
    if device is None:
        raise DeviceError(f"unknown device '{text}'", fix=f"choose one of: {', '.join([AUTO, *DEVICES])}")
    if colon and not (which and device.ordinal_option):
        raise DeviceError(f"device '{text}' names no one of several", fix=f"use '{device.name}'")
    if which and device.ordinal_option == "device_id" and not which.isdecimal():
        raise DeviceError(f"device '{text}' must end in a number", fix=f"use '{device.name}:0' for the first")
    return device, which
