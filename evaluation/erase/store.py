"""Results on disk, one file a method and case, so that an evaluation can be broken off and gone on with."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.erase.cases import Case


@dataclass(frozen=True)
class Result:
    """What is kept of one filled picture.

    Attributes:
        figures: name of a measure to its value; ``seconds`` among them.
        features: crops x values float32, for distances between sets; None where they could not be taken.
        tile: H x W x 3 uint8, what the contact sheet shows.
    """

    figures: dict[str, float]
    features: NDArray[np.float32] | None
    tile: NDArray[np.uint8]


class Store:
    """Results in a folder."""

    def __init__(self, folder: Path) -> None:
        """Keep results in ``folder``; made when the first is written."""
        self._folder = folder

    def __contains__(self, place: tuple[str, Case]) -> bool:
        return self._path(*place).exists()

    def read(self, method: str, case: Case) -> Result:
        """What :meth:`write` wrote."""
        with np.load(self._path(method, case)) as parts:
            tile = np.asarray(cv2.imdecode(parts["tile"], cv2.IMREAD_COLOR), np.uint8)
            return Result(json.loads(str(parts["figures"])), parts.get("features"), tile[..., ::-1])

    def write(self, method: str, case: Case, result: Result) -> None:
        """Keep a result; a broken-off write leaves nothing behind that would be read."""
        path = self._path(method, case)
        path.parent.mkdir(parents=True, exist_ok=True)
        _, tile = cv2.imencode(".jpg", result.tile[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
        features = {} if result.features is None else {"features": result.features}
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, figures=np.array(json.dumps(result.figures)), tile=tile, **features)
        part = path.with_suffix(".part")
        part.write_bytes(content.getvalue())
        part.replace(path)

    def _path(self, method: str, case: Case) -> Path:
        return self._folder / re.sub(r"[^A-Za-z0-9.]+", "-", method).strip("-") / f"{case.key}.npz"
