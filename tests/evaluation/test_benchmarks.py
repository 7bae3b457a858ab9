"""The benchmark measures what it says."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.photos import make_selection
from benchmarks.pictures import read_selection
from benchmarks.processes import run
from benchmarks.tables import END, START, tables, update_readme


def test_seconds_and_peak_memory_of_a_process() -> None:
    small = run([sys.executable, "-c", "print(1)"], limit=60)
    large = run([sys.executable, "-c", "import time; a = bytearray(300_000_000); time.sleep(0.3); print(2)"], limit=60)
    assert large.output.strip() == "2"
    assert 0.3 < large.seconds < 30
    assert large.peak_mb > 300
    assert small.finished


def test_a_process_over_the_limit_is_ended_and_a_failing_one_is_an_error() -> None:
    endless = run([sys.executable, "-c", "import time; time.sleep(60)"], limit=0.3)
    assert not endless.finished
    assert endless.seconds < 30
    with pytest.raises(RuntimeError, match="no such luck"):
        run([sys.executable, "-c", "raise SystemExit('no such luck')"], limit=60)


def test_the_selection_keeps_its_share_or_its_pixels(tmp_path: Path) -> None:
    make_selection(tmp_path / "small.png", 300, 200)
    make_selection(tmp_path / "large.png", 900, 600)
    make_selection(tmp_path / "same.png", 900, 600, hole_width=300)
    small, large, same = (read_selection(str(tmp_path / f"{name}.png")) for name in ("small", "large", "same"))
    assert 0.02 < small.mean() < 0.05
    assert large.mean() == pytest.approx(small.mean(), rel=0.05)
    assert np.count_nonzero(same) == np.count_nonzero(small)


def test_tables_go_between_the_marks(tmp_path: Path) -> None:
    def case(seconds: float, *, finished: bool = True) -> dict[str, object]:
        low, high = seconds - 0.1, seconds + 0.1
        return {"median_s": seconds, "min_s": low, "max_s": high, "peak_mb": 500, "runs": 3, "finished": finished}

    cases = {
        "start/import numpy": case(0.1),
        "start/cleanplate --help": case(0.3),
        "file/24 MP/cleanplate": case(2.0),
        "engine/cra": case(2.5),
        "file/24 MP/OpenCV Telea": case(8.0),
        "file/24 MP/PyPatchMatch, whole picture": case(300.0, finished=False),
        "memory/same in pixels/6 MP": case(1.0),
        "memory/same in pixels/100 MP": case(1.2),
    }
    machine = {"cores": 2, "processor": "P", "system": "S", "python": "3", "versions": {"numpy": "2"}, "repeats": 3}
    page = tmp_path / "README.md"
    page.write_text(f"before\n{START}\nold\n{END}\nafter\n", encoding="utf-8")
    update_readme(page, tables({"machine": machine, "cases": cases}))
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert "| 24 MP | OpenCV Telea | 8.00 (7.90..8.10) | 500 | 4.0 |" in text
    assert "over 150.0" in text
    assert "1.20 (target 1.3)" in text
    assert "| cra | 2.50 (2.40..2.60) | 500 | 3.0 s, 1000 MB |" in text
