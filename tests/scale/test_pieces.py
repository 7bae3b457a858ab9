"""Options as text, sets of hashes, progress, and what cannot be named twice."""

from __future__ import annotations

import urllib.request
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cleanplate.cli.app import app
from cleanplate.cli.batch import COMMANDS
from cleanplate.errors import ArgumentError
from cleanplate.scale import store
from cleanplate.scale.hashes import HashSet
from cleanplate.scale.metrics import Metrics
from cleanplate.scale.operations import OPERATIONS, operation_named
from cleanplate.scale.options import flag, read_options, texts, whole
from cleanplate.scale.plan import Plan
from cleanplate.scale.progress import Progress
from cleanplate.scale.summary import Summary, duration
from cleanplate.scale.work import Outcome

READERS = {"box": texts, "seed": whole, "keep_islands": flag}


@given(st.lists(st.text()))
def test_hash_sets_are_sets(entries):
    ours, theirs = HashSet(), set()
    for text in entries:
        assert ours.add(text) is (text not in theirs)
        theirs.add(text)
    assert len(ours) == len(theirs)
    assert all(text in ours for text in theirs)
    assert "something else entirely" not in ours or "something else entirely" in theirs


def test_hash_sets_grow():
    many = HashSet(str(number) for number in range(20_000))
    assert len(many) == 20_000
    assert "19999" in many
    assert "20000" not in many


def test_texts_and_json_values_mean_the_same():
    from_csv = {"box": "1,2,3,4 | 10%,10%,20%,20%", "seed": "3", "keep-islands": "yes"}
    from_json = {"box": ["1,2,3,4", "10%,10%,20%,20%"], "seed": 3, "keep_islands": True}
    read = [read_options(given, READERS, where="here") for given in (from_csv, from_json)]
    assert read[0] == read[1] == {"box": ["1,2,3,4", "10%,10%,20%,20%"], "seed": 3, "keep_islands": True}
    assert read_options({"seed": "", "box": None}, READERS, where="here") == {}


@pytest.mark.parametrize("given", [{"sede": 1}, {"seed": "many"}, {"seed": 1.5}, {"keep_islands": "perhaps"}])
def test_options_that_make_no_sense(given):
    with pytest.raises(ArgumentError, match="line 3"):
        read_options(given, READERS, where="table.csv, line 3")


def test_addresses():
    assert store.address("s3://b/c/") == "s3://b/c"
    assert store.address("file:///a/b%20c") == "/a/b c"
    assert store.joined("s3://b/c", "d/e.jpg") == "s3://b/c/d/e.jpg"


@pytest.mark.parametrize("name", list(OPERATIONS))
def test_every_operation_has_a_command_with_its_options(name):
    shown = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, ["batch", name, "--help"]).output
    assert name in COMMANDS
    for option in operation_named(name).options:
        assert f"--{option.replace('_', '-')}" in shown.replace("_", "-"), option


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.44, "0.4 s"), (75, "75 s"), (123, "2 min 03 s"), (7500, "2 h 05 min"), (3e5, "3 d 11 h")]
)
def test_durations(seconds, shown):
    assert duration(seconds) == shown


def test_progress_and_metrics():
    lines: list[str] = []
    with closing(Metrics("erase", port=0)) as metrics:
        progress = Progress(lines.append, metrics=metrics, every=0.0)
        progress.planned(Plan(pending=4, resumed=7))
        progress.ended(Outcome("a", "done", seconds=0.3, cpu_seconds=0.2, source_bytes=10, output_bytes=20))
        progress.ended(Outcome("b", "failed", reason="b: is broken"))
        assert progress.left == 2
        assert "failed: b: is broken" in lines
        assert lines[-1].startswith("2/4, ")
        assert lines[-1].endswith("left, 1 done, 1 failed")
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics.port}/metrics") as answer:
            shown = answer.read().decode()
    for line in (
        'cleanplate_batch_pictures_total{operation="erase",state="done"} 1.0',
        'cleanplate_batch_pictures_total{operation="erase",state="failed"} 1.0',
        'cleanplate_batch_bytes_total{direction="written",operation="erase"} 20.0',
        'cleanplate_batch_pending{operation="erase"} 2.0',
        'cleanplate_batch_resumed{operation="erase"} 7.0',
        'cleanplate_batch_eta_seconds{operation="erase"}',
    ):
        assert line in shown


def test_summary_names_the_slowest_and_the_rate_per_core():
    summary = Summary(workers=2)
    for number in range(10):
        summary.add(Outcome(f"{number}.jpg", "done", seconds=number, cpu_seconds=0.5, width=1000, height=1000))
    summary.add(Outcome("x.jpg", "failed", reason="x.jpg: is broken"))
    summary.add(Outcome("y.jpg", "failed", reason="y.jpg: is broken"))
    summary.seconds = 4.0
    figures = summary.to_json()
    assert [entry["key"] for entry in figures["slowest"]] == ["9.jpg", "8.jpg", "7.jpg", "6.jpg", "5.jpg"]
    assert figures["pictures_per_second"] == 2.5
    assert figures["pictures_per_core_second"] == 2.0
    assert figures["reasons"] == {"is broken": 2}
    assert any("2 x is broken" in line for line in summary.lines("out"))
