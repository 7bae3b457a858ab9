"""cleanplate: erase, cut out and restore photographs and video on your own machine, at full resolution.

    >>> import cleanplate
    >>> result = cleanplate.erase(image, mask)          # H x W x 3 uint8/uint16 RGB, H x W bool
    >>> result.image, result.mask, result.engine, result.timings

Heavy parts are imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cleanplate.colour.hints import ColourHint
    from cleanplate.detect.instance import Instance
    from cleanplate.errors import CleanplateError
    from cleanplate.tasks.background import BackgroundResult, replace_background
    from cleanplate.tasks.colorization import ColorizeResult, colorize
    from cleanplate.tasks.cutout import CutoutResult, cutout
    from cleanplate.tasks.eraser import EraseResult, erase
    from cleanplate.tasks.restoration import RestoreResult, restore
    from cleanplate.tasks.segmentation import segment
    from cleanplate.types import Alpha, Box, Image, Mask

__version__ = "0.1.0"

__all__ = [
    "Alpha",
    "BackgroundResult",
    "Box",
    "CleanplateError",
    "ColorizeResult",
    "ColourHint",
    "CutoutResult",
    "EraseResult",
    "Image",
    "Instance",
    "Mask",
    "RestoreResult",
    "__version__",
    "colorize",
    "cutout",
    "erase",
    "replace_background",
    "restore",
    "segment",
]

_HOMES = {
    "Alpha": "cleanplate.types",
    "BackgroundResult": "cleanplate.tasks.background",
    "Box": "cleanplate.types",
    "CleanplateError": "cleanplate.errors",
    "ColorizeResult": "cleanplate.tasks.colorization",
    "ColourHint": "cleanplate.colour.hints",
    "CutoutResult": "cleanplate.tasks.cutout",
    "EraseResult": "cleanplate.tasks.eraser",
    "Image": "cleanplate.types",
    "Instance": "cleanplate.detect.instance",
    "Mask": "cleanplate.types",
    "RestoreResult": "cleanplate.tasks.restoration",
    "colorize": "cleanplate.tasks.colorization",
    "cutout": "cleanplate.tasks.cutout",
    "erase": "cleanplate.tasks.eraser",
    "replace_background": "cleanplate.tasks.background",
    "restore": "cleanplate.tasks.restoration",
    "segment": "cleanplate.tasks.segmentation",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its home on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'cleanplate' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
