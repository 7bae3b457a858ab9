"""The public names are deliberate."""

from __future__ import annotations

import subprocess
import sys

import pytest

import cleanplate


def test_public_names_are_sorted_and_importable() -> None:
    assert cleanplate.__all__ == sorted(cleanplate.__all__)
    for name in cleanplate.__all__:
        assert getattr(cleanplate, name) is not None
    assert set(dir(cleanplate)) == set(cleanplate.__all__)


def test_public_names_are_these() -> None:
    assert cleanplate.__all__ == [
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


def test_unknown_names_raise() -> None:
    with pytest.raises(AttributeError, match="no attribute 'magic'"):
        _ = cleanplate.magic


def test_import_pulls_in_nothing_heavy() -> None:
    heavy = {"cv2", "numpy", "onnxruntime", "PIL", "torch", "rich"}
    code = f"import sys, cleanplate; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
