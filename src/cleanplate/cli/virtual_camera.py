"""A virtual camera that other programs take for a real one: extra ``camera`` (pyvirtualcam).

pyvirtualcam is under the GPL, version 2, which is why it is an extra and never comes along by itself. It needs OBS on
Windows and macOS, v4l2loopback on Linux.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from cleanplate.errors import EngineError, MissingExtraError
from cleanplate.tasks.camera import Shown, rgb_picture


class VirtualCamera:
    """Opened with the first picture, when the size is known."""

    def __init__(self, rate: float = 30.0) -> None:
        """Prepare a camera of ``rate`` pictures a second.

        Raises:
            MissingExtraError: the extra is not installed.
        """
        self._library, self._rate = _library(), rate
        self._camera: Any = None

    def show(self, shown: Shown) -> None:
        """Hand on a finished picture.

        Raises:
            EngineError: the system has no virtual camera.
        """
        if self._camera is None:
            height, width = shown.planes[0].shape
            try:
                self._camera = self._library.Camera(width=width, height=height, fps=self._rate)
            except Exception as error:  # RuntimeError of the back end that was tried last
                problem = " ".join(str(error).split())
                fix = "install OBS (Windows, macOS) or load v4l2loopback (Linux: sudo modprobe v4l2loopback)"
                raise EngineError(f"no virtual camera can be opened ({problem})", fix=fix) from None
        self._camera.send(rgb_picture(shown.planes))

    def close(self) -> None:
        """Give the virtual camera back."""
        if self._camera is not None:
            self._camera.close()


def _library() -> ModuleType:
    try:
        import pyvirtualcam
    except ImportError:
        fix = "pip install 'cleanplate[camera]' (pyvirtualcam, GPL-2.0)"
        raise MissingExtraError("virtual cameras need the extra 'camera'", subject="--virtual", fix=fix) from None
    module: ModuleType = pyvirtualcam
    return module
