"""The protocol of erase quality, on small pictures with the quickest methods."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cleanplate.errors import MissingInputError
from cleanplate.inpaint.cra import create
from cleanplate.inpaint.engine import EngineOptions
from cleanplate.types import Mask
from evaluation.erase import __main__ as protocol
from evaluation.erase import workers
from evaluation.erase.cases import cases
from evaluation.erase.choice import Summary, chosen, faults
from evaluation.erase.detail import refilled
from evaluation.erase.methods import METHODS, WEIGHTS
from evaluation.erase.report import NOTES, ORIGINAL
from evaluation.erase.workers import Worker
from evaluation.holes import make_hole
from evaluation.metrics.bootstrap import Interval
from evaluation.sharpness import sharpness
from tests.inpaint.generators import generator

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


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No processes and no deep network; the list takes the name of every method that is run."""
    ran: list[str] = []

    def run(self: Worker, picture: NDArray[np.uint8], hole: Mask) -> tuple[NDArray[np.uint8], float]:
        ran.append(self.method)
        return METHODS[self.method](picture, hole), 0.5

    def features(pieces: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.stack([cv2.resize(piece, (4, 4)).ravel() for piece in pieces]).astype(np.float32) / 255

    monkeypatch.setattr(Worker, "run", run)
    monkeypatch.setattr(protocol, "_features", features)
    return ran


def test_the_protocol_writes_rows_sheets_and_a_report_that_keeps_notes(
    folder: Path, tmp_path: Path, quick: list[str]
) -> None:
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
    assert all(float(row["l1"]) > 0 for row in rows if row["method"] != ORIGINAL)
    text = report.read_text(encoding="utf-8")
    assert "## 320 px" in text
    assert "### 320 px, holes of 25 %" in text
    assert "sky shows a grid" in text
    assert "old figures" not in text
    assert str(tmp_path) not in text
    assert (tmp_path / "out" / "sheet-320-00.jpg").stat().st_size > 1000


def test_what_is_done_is_not_done_again(folder: Path, tmp_path: Path, quick: list[str]) -> None:
    words = ["--pictures", str(folder), "--out", str(tmp_path), "--levels", "320", "--limit", "1", "--methods"]
    protocol.main([*words, FAST[0]])
    assert quick == FAST[:1] * 3
    first = (tmp_path / "erase.csv").read_text(encoding="utf-8")
    quick.clear()
    protocol.main([*words, *FAST])
    assert quick == FAST[1:] * 3
    assert set(first.splitlines()) < set((tmp_path / "erase.csv").read_text(encoding="utf-8").splitlines())
    quick.clear()
    protocol.main([*words, *FAST, "--again", FAST[0]])
    assert quick == FAST[:1] * 3


def test_results_of_other_weights_are_kept_apart(
    folder: Path, tmp_path: Path, quick: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WEIGHTS, "")
    words = ["--pictures", str(folder), "--out", str(tmp_path), "--levels", "256", "--limit", "1"]
    words += ["--methods", "cleanplate cra", FAST[0], "--weights"]
    for number, brighter in enumerate((0.0, 0.1)):
        protocol.main([*words, str(generator(tmp_path / f"{number}.onnx", brighter=brighter))])
    assert quick == ["cleanplate cra"] * 3 + FAST[:1] * 3 + ["cleanplate cra"] * 3
    text = (tmp_path / "erase.md").read_text(encoding="utf-8")
    assert "Generator: 1.onnx, sha256 " in text
    assert "| cleanplate cra | 3 |" in text


@pytest.mark.parametrize("way", ["soft", "strongest", "hard", "search"])
def test_carried_detail_is_as_sharp_as_the_photograph(way: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.normal(0, 1, (700, 1100, 3)), (0, 0), 1) * 60 + 128
    picture = np.clip(texture, 0, 255).astype(np.uint8)
    hole = make_hole("ellipse", 700, 1100, share=0.1, seed=0)
    engine = create(EngineOptions(device="cpu", weights=generator(tmp_path / "net.onnx")))
    blurred, filled = (refilled(picture, hole, engine, each) for each in ("none", way))
    assert np.array_equal(filled[~hole], picture[~hole])
    # The mean of hundreds of unlike places is nearly flat, and what is left is not blown up without bound.
    least = 1.05 * sharpness(blurred, hole) if way == "soft" else 0.6
    assert least < sharpness(filled, hole) < 1.3


def test_kinds_of_hole_take_turns_and_small_photographs_are_left_out(folder: Path) -> None:
    found = list(cases([folder], levels=(256, 4096)))
    assert {case.level for case in found} == {256}
    assert [case.share for case in found] == [0.02, 0.10, 0.25] * 2
    assert len({case.kind for case in found[:3]}) == 3
    assert [max(case.picture.shape) for case in found] == [256] * 6
    with pytest.raises(MissingInputError):
        next(cases([folder / ".."]))


def test_holes_do_not_depend_on_other_photographs(folder: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "b.png").write_bytes((folder / "b.png").read_bytes())
    keys = {case.key for case in cases([alone], levels=(256,))}
    assert keys < {case.key for case in cases([folder, alone], levels=(256,))}
    limited = [case.path.parent for case in cases([folder, alone], levels=(256,), limits=[2])]
    assert set(limited) == {folder, alone}  # folders take turns
    counted = [case.level for case in cases([folder], levels=(256, 300), limits=[2, 1])]
    assert counted == [256] * 6 + [300] * 3


def _summary(seam: float = 1.0, sharpness: float = 1.0, distance: float = 0.0, seconds: float = 1.0) -> Summary:
    return Summary(seam, 1.0, sharpness, Interval(distance, distance - 0.002, distance + 0.002), seconds)


def _named(engines: dict[str, list[Summary]], doubt: float = 0.002) -> str | None:
    """The rule's choice where each difference of distances is known to within ``doubt``."""

    def farther(one: str, other: str) -> list[Interval]:
        pairs = zip(engines[one], engines[other], strict=True)
        gaps = [a.distance.value - b.distance.value for a, b in pairs if a.distance and b.distance]
        return [Interval(gap, gap - doubt, gap + doubt) for gap in gaps]

    return chosen(engines, farther)


def test_the_rule_refuses_seams_and_blur_and_takes_the_quickest_of_equals() -> None:
    assert _named({"a": [_summary()], "b": [_summary(distance=0.05)]}) == "a"
    assert _named({"a": [_summary(seconds=3)], "b": [_summary(distance=0.001)]}) == "b"
    assert _named({"a": [_summary(seconds=3)], "b": [_summary(distance=0.003)]}) == "a"
    assert _named({"a": [_summary(), _summary(seam=1.4)], "b": [_summary(distance=0.05)] * 2}) == "b"
    assert _named({"a": [_summary(sharpness=0.4)], "b": [_summary(distance=0.05)]}) == "b"
    assert _named({"a": [_summary(sharpness=0.4)]}) is None
    unmeasured = Summary(1.0, 1.0, 1.0, None, 1.0)
    assert faults([unmeasured]) == ["kernel distance not measured at all sizes"]
    # Several sizes together leave less doubt than each.
    assert _named({"a": [_summary(seconds=3)] * 4, "b": [_summary(distance=0.0015)] * 4}) == "a"


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
    monkeypatch.setattr(workers, "_STARTING_SECONDS", 0.0)
    picture: NDArray[np.uint8] = np.full((64, 64, 3), 128, np.uint8)
    hole: Mask = make_hole("box", 64, 64, share=0.1, seed=0)
    worker = Worker("OpenCV Telea", 0.001)
    assert worker.run(picture, hole) is None
    assert len(worker.gave_up) == 1
    assert worker.run(np.tile(picture, (2, 2, 1)), np.tile(hole, (2, 2))) is None
    assert len(worker.gave_up) == 1


def test_a_worker_answers_and_says_what_failed() -> None:
    picture: NDArray[np.uint8] = np.full((64, 64, 3), 128, np.uint8)
    hole: Mask = make_hole("box", 64, 64, share=0.1, seed=0)
    worker = Worker("OpenCV Telea", 60)
    for _ in range(2):
        answer = worker.run(picture, hole)
        assert answer is not None
        assert np.array_equal(answer[0], METHODS["OpenCV Telea"](picture, hole))
    with pytest.raises(RuntimeError, match=r"OpenCV Telea: .*error"):
        worker.run(np.zeros((4, 4), np.uint8), np.zeros((5, 5), np.bool_))
    worker.close()
