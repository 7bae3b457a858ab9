"""Small weights for tests: records of files that are made here."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from cleanplate.runtime.contract import InputContract
from cleanplate.weights.catalog import Catalog
from cleanplate.weights.record import Measured, OutputContract, Port, Record, TrainingData, as_toml

CONTENT = bytes(range(256)) * 4096
"""A megabyte that stands for a network."""


def record_of(content: bytes = CONTENT, **changes: object) -> Record:
    """A complete record of a file with this content."""
    whole = Record(
        name="tiny",
        title="A tiny network for tests",
        task="inpaint",
        network="one convolution",
        paper="none",
        file="tiny.onnx",
        format="onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        bytes=len(content),
        python_package="none",
        urls=("https://weights.invalid/tiny.onnx",),
        licence="Apache-2.0",
        commercial_use="clear",
        commercial_reason="made here",
        bundled=False,
        runnable=True,
        run_with="cleanplate erase PHOTO --weights tiny",
        opset=18,
        precision="float16",
        recipe="tiny.toml",
        commit="0123456789abcdef",
        notes='Says "hello", and \\ and ü.',
        sources=("made here",),
        ports=(Port("image", "input", "float32", "1 x 3 x H x W", "RGB"),),
        input=InputContract(),
        output=OutputContract("a picture", "RGB", 0.0, 1.0, "none", "that of the input"),
        training_data=(TrainingData("drawn shapes", "CC0", "none"),),
        measured=(Measured("IoU", 0.5, "none", "drawn shapes", "make figures"),),
    )
    return dataclasses.replace(whole, **changes)


def catalog_of(folder: Path, *records: Record) -> Catalog:
    """A catalog that holds these records."""
    folder.mkdir(parents=True, exist_ok=True)
    for record in records:
        (folder / f"{record.name}.toml").write_text(as_toml(record), encoding="utf-8")
    return Catalog(folder)
