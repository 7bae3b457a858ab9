"""An operation for tests: what a picture's bytes say is done, the terrible included. Imported by child processes."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from cleanplate.errors import ArgumentError, BrokenInputError, EngineError
from cleanplate.scale.operations import Operation
from cleanplate.scale.options import flag, text, texts, whole


@dataclass(frozen=True)
class Copied:
    data: bytes
    size: tuple[int, int] = (1, 1)
    engine: str = "copy"
    device: str = "cpu"

    def to_json(self) -> dict[str, Any]:
        return {}


def _do(data: bytes, options: Mapping[str, Any], files: Mapping[str, list[bytes]], name: str, kind: Any) -> Copied:
    deed, _, rest = data.decode(errors="replace").partition(" ")
    if deed == "crash" or (deed == "crash-once" and not _been_here(rest)):
        os.abort()
    if deed == "hang":
        time.sleep(600)
    if deed == "swell":
        held = []
        while True:
            held.append(bytearray(b"x" * 20_000_000))
    if deed == "sleep":
        time.sleep(float(rest))
    if deed == "broken":
        raise BrokenInputError("is broken", subject=name, fix="get another")
    if deed == "engine":
        raise EngineError("needs a network that is not there")
    if deed == "upset":
        raise RuntimeError("upset\nin two lines")
    masks = b"".join(files.get("mask", []))
    return Copied(data + b"|" + str(options.get("seed", 0)).encode() + b"|" + masks)


def _been_here(place: str) -> bool:
    try:
        with Path(place).open("x"):
            return False
    except FileExistsError:
        return True


def _check(options: Mapping[str, Any]) -> None:
    if options.get("seed", 0) < 0:
        raise ArgumentError("is below 0", subject="--seed", fix="use 0 or more")


def _named(picture: PurePosixPath, options: Mapping[str, Any]) -> PurePosixPath:
    return picture.with_suffix(".png") if options.get("png") else picture


OPERATION = Operation(
    options={"seed": whole, "mask": texts, "png": flag, "weights": text},
    files=frozenset({"mask"}),
    check=_check,
    named=_named,
    do=_do,
)
