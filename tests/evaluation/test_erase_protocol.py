"""The protocol of erase quality, on a small picture with the two quickest methods."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cleanplate.errors import MissingInputError
from cleanplate.types import Mask
from evaluation.erase import __main__ as protocol
from evaluation.erase import methods
from evaluation.erase.cases import cases
from evaluation.erase.methods import METHODS, TimeLimit
from evaluation.erase.report import NOTES, ORIGINAL
from evaluation.holes import make_hole

FAST = ["OpenCV Telea", "OpenCV Navier-Stokes"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("a", "b"):
        texture = cv2.GaussianBlur(rng.normal(0, 1, (240, 360, 3)), (0, 0), 2) * 90 + 128
        cv2.imwrite(str(photos / f"{name}.png"), np.clip(texture, 0, 255).astype(np.uint8))
    (photos / "a.mask.png").write_bytes(b"")
    return photos


def test_the_protocol_writes_rows_sheets_and_a_report_that_keeps_notes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_distances", lambda pieces: {})
    monkeypatch.setattr(TimeLimit, "run", lambda self, name, picture, hole: (METHODS[name](picture, hole), 0.5))
    report = tmp_path / "erase.md"
    report.write_text(f"old figures\n{NOTES}\nsky shows a grid\n", encoding="utf-8")
    words = ["--pictures", str(folder), "--out", str(tmp_path / "out"), "--report", str(report)]
    protocol.main([*words, "--levels", "320", "--methods", *FAST])

    with (tmp_path / "erase.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["method"] for row in rows} == {ORIGINAL, *FAST}
    assert len(rows) == 2 * 3 * 3  # photographs, shares, methods and the original
    blurred = [float(row["sharpness"]) for row in rows if row["method"] == "OpenCV Telea"]
    original = [float(row["sharpness"]) for row in rows if row["method"] == ORIGINAL]
    assert np.mean(blurred) < 0.3 * np.mean(original)
    text = report.read_text(encoding="utf-8")
    assert "## 320 px" in text
    assert "sky shows a grid" in text
    assert "old figures" not in text
    assert str(tmp_path) not in text
    assert (tmp_path / "out" / "sheet-320-00.jpg").stat().st_size > 1000


def test_kinds_of_hole_take_turns_and_small_photographs_are_left_out(folder: Path) -> None:
    found = list(cases(folder, levels=(256, 4096)))
    assert {case.level for case in found} == {256}
    assert [case.share for case in found] == [0.02, 0.10, 0.25] * 2
    assert len({case.kind for case in found}) == 4
    with pytest.raises(MissingInputError):
        next(cases(folder / ".."))


@pytest.mark.parametrize("name", ["cleanplate patchmatch", "completion only"])
def test_methods_fill_the_hole_and_leave_the_rest(name: str) -> None:
    rng = np.random.default_rng(0)
    picture = np.clip(cv2.GaussianBlur(rng.normal(128, 400, (480, 640, 3)), (0, 0), 3), 0, 255).astype(np.uint8)
    hole = make_hole("silhouette", 480, 640, share=0.05, seed=1)
    erased = picture.copy()
    erased[hole] = 255
    filled = METHODS[name](erased, hole)
    assert np.array_equal(filled[~hole], picture[~hole])
    assert (filled[hole] == 255).all(axis=1).mean() < 0.02


def test_a_method_over_the_limit_is_ended_and_not_tried_on_larger_holes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "_STARTING_SECONDS", 0.0)
    picture: NDArray[np.uint8] = np.full((64, 64, 3), 128, np.uint8)
    hole: Mask = make_hole("box", 64, 64, share=0.1, seed=0)
    limit = TimeLimit(0.001)
    assert limit.run("OpenCV Telea", picture, hole) is None
    assert len(limit.gave_up["OpenCV Telea"]) == 1
    assert limit.run("OpenCV Telea", np.tile(picture, (2, 2, 1)), np.tile(hole, (2, 2))) is None
    assert len(limit.gave_up["OpenCV Telea"]) == 1
    answer = TimeLimit(60).run("OpenCV Telea", picture, hole)
    assert answer is not None
    assert np.array_equal(answer[0], METHODS["OpenCV Telea"](picture, hole))
