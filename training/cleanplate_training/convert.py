"""From public checkpoints (``.pth``) to ONNX files for the runtime.

Each converter is registered by the name of the catalog record that it makes. Checkpoints are read with
``weights_only=True``, so opening one runs no code of its author.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from cleanplate.errors import ArgumentError, BrokenInputError, MissingInputError
from cleanplate_training.export import ExportReport, export
from cleanplate_training.models import mask_rcnn_published, modnet_published
from cleanplate_training.onnx_storage import Storage
from cleanplate_training.task import Exported

Converter = Callable[[Mapping[str, Any]], Exported]
"""Builds a network from what a checkpoint holds, loads it strictly and says how to export it."""

CONVERTERS: dict[str, Converter] = {
    "mask-rcnn-r50": mask_rcnn_published.coco,
    "modnet-photographic": modnet_published.photographic,
}
"""Converter by name."""


def convert(path: Path, name: str, output: Path, *, storage: Storage = "float32") -> ExportReport:
    """Turn a public checkpoint into an ONNX file, through the gates of every export.

    Args:
        path: The checkpoint.
        name: Which network it is, one of :data:`CONVERTERS`.
        output: The ONNX file to write.
        storage: How to store large weights.

    Raises:
        ArgumentError: no converter has this name; the text lists the valid ones.
        MissingInputError: there is no such file.
        BrokenInputError: it is no checkpoint, or not of this network.
        OutputError: the output exists or cannot be written.
        EngineError: the ONNX graph does not give what PyTorch gives.
    """
    if name not in CONVERTERS:
        close = difflib.get_close_matches(name, CONVERTERS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        valid = ", ".join(sorted(CONVERTERS)) or "none in this version"
        raise ArgumentError("has no converter", subject=repr(name), fix=f"{hint}valid: {valid}")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise MissingInputError("there is no such checkpoint", subject=path) from None
    except Exception as error:  # torch raises many kinds for damaged files
        raise BrokenInputError("is not a readable checkpoint", subject=path) from error
    try:
        exported = CONVERTERS[name](content)
    except (RuntimeError, KeyError, TypeError, AttributeError) as error:
        detail = " ".join(str(error).split())[:300]
        raise BrokenInputError(f"is not a checkpoint of {name}: {detail}", subject=path) from error
    return export(exported, output, storage=storage)
