"""What ``auto`` means."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cleanplate.errors import MissingInputError, WeightsError
from cleanplate.inpaint import cra
from cleanplate.inpaint.engine import ENGINES, EngineOptions
from cleanplate.tasks import engine_choice
from cleanplate.tasks.engine_choice import GENERATED, PREFERENCE, automatic_engine
from cleanplate.weights import store
from tests.inpaint.generators import generator
from tests.runtime.graphs import lama

REPORT = Path(__file__).parents[2] / "evaluation" / "reports" / "erase.md"


def test_the_last_resort_needs_no_weights() -> None:
    assert set(PREFERENCE) <= set(ENGINES)
    assert PREFERENCE[-1] not in GENERATED


def test_auto_is_what_the_report_names() -> None:
    """The figures and the program agree."""
    section = REPORT.read_text(encoding="utf-8").partition("## What `--engine auto` should be")[2]
    named = re.search(r"^\*\*(\w+)\*\*$", section, re.MULTILINE)
    assert named is not None
    assert named.group(1) == PREFERENCE[0]


def test_engines_with_a_network_are_left_out_while_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_choice, "PREFERENCE", ("hybrid", "patchmatch"))
    monkeypatch.setattr(cra, "generators", list)
    assert automatic_engine(EngineOptions()) == "patchmatch"
    monkeypatch.setattr(cra, "generators", lambda: [None])
    monkeypatch.setattr(store, "whereabouts", lambda record: Path("net.onnx"))
    assert automatic_engine(EngineOptions()) == "hybrid"


def test_given_weights_decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generating = EngineOptions(device="cpu", weights=generator(tmp_path / "generator.onnx"))
    monkeypatch.setattr(engine_choice, "PREFERENCE", ("patchmatch",))
    assert automatic_engine(generating) == "cra"
    monkeypatch.setattr(engine_choice, "PREFERENCE", ("hybrid", "patchmatch"))
    assert automatic_engine(generating) == "hybrid"
    assert automatic_engine(EngineOptions(device="cpu", weights=lama(tmp_path / "lama.onnx"))) == "onnx"
    with pytest.raises((WeightsError, MissingInputError), match=r"gone\.onnx"):
        automatic_engine(EngineOptions(weights=tmp_path / "gone.onnx"))
