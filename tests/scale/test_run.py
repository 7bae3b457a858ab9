"""Whole batches on this machine: one state a picture, going on after an interruption, nothing overwritten."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cleanplate.errors import ArgumentError, EngineError, InputError
from cleanplate.scale.fence import Bounds
from cleanplate.scale.local import LocalWorkers
from cleanplate.scale.manifest import Manifest, read_manifest
from cleanplate.scale.plan import Wish
from cleanplate.scale.run import Watch, run
from cleanplate.scale.work import Brief, do
from tests.scale.conftest import POISON


class InThisProcess:
    """Workers for tests of planning and recording: one after the other, without a fence."""

    workers = 1

    def __init__(self, *, lose=(), stop_after: int | None = None) -> None:
        self.lose, self.stop_after, self.worked_on = set(lose), stop_after, []

    def run(self, brief: Brief, plan):
        from cleanplate.scale.plan import chunk_of

        for part, number in plan.chunks():
            for row in chunk_of(part, number):
                if self.stop_after is not None and len(self.worked_on) >= self.stop_after:
                    raise KeyboardInterrupt
                self.worked_on.append(row.key)
                if row.key in self.lose:
                    self.lose.discard(row.key)
                    continue
                yield do(brief, row)

    def close(self) -> None:
        pass


@pytest.fixture
def wish(tmp_path):
    for name, content in {"a.jpg": "a", "b.jpg": "broken", "sub/c.jpg": "c", "notes.txt": "no picture"}.items():
        place = tmp_path / "in" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    return Wish(POISON, str(tmp_path / "in"), str(tmp_path / "out"))


def states(wish: Wish) -> dict[str, str]:
    rows = read_manifest(wish.target)
    assert len({row["key"] for row in rows}) == len(rows)
    return {row["key"]: row["state"] for row in rows}


def files(wish: Wish) -> dict[str, bytes]:
    """Results, without the manifest."""
    root = Path(wish.target)
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and "cleanplate.manifest" not in path.parts
    }


def test_each_picture_has_one_state_and_only_failures_are_tried_again(wish):
    summary = run(wish, InThisProcess())
    assert (summary.states["done"], summary.failures, summary.resumed) == (2, 1, 0)
    assert states(wish) == {"a.jpg": "done", "b.jpg": "failed", "sub/c.jpg": "done"}
    assert files(wish) == {"a.jpg": b"a|0|", "sub/c.jpg": b"c|0|"}
    [failed] = [row for row in read_manifest(wish.target) if row["state"] == "failed"]
    assert failed["reason"] == "b.jpg: is broken; get another"

    before = (Path(wish.target) / "a.jpg").stat().st_mtime_ns
    (Path(wish.source) / "b.jpg").write_text("mended")
    workers = InThisProcess()
    summary = run(wish, workers)
    assert workers.worked_on == ["b.jpg"]
    assert (summary.states["done"], summary.resumed, dict(summary.manifest)) == (1, 2, {"done": 3})
    assert (Path(wish.target) / "a.jpg").stat().st_mtime_ns == before
    assert states(wish) == {"a.jpg": "done", "b.jpg": "done", "sub/c.jpg": "done"}


def test_parquet_readers_see_one_row_a_picture(wish):
    import pyarrow.parquet as parquet

    for _ in range(3):
        run(wish, InThisProcess())
    table = parquet.read_table(Path(wish.target) / "cleanplate.manifest")
    assert sorted(table.column("key").to_pylist()) == ["a.jpg", "b.jpg", "sub/c.jpg"]


def test_interrupted_run_goes_on_where_it_was(wish):
    for number in range(20):
        (Path(wish.source) / f"n{number:02d}.jpg").write_text(str(number))
    with pytest.raises(KeyboardInterrupt):
        run(wish, InThisProcess(stop_after=9))
    assert len(states(wish)) == 9
    workers = InThisProcess()
    run(wish, workers)
    assert len(workers.worked_on) == 23 - 9 + 1  # and the broken one again
    assert sorted(states(wish).values()).count("done") == 22


def test_killed_run_finds_its_unrecorded_results(wish, monkeypatch):
    monkeypatch.setattr(Manifest, "flush", lambda self: None)  # as if killed before anything was recorded
    with pytest.raises(KeyboardInterrupt):
        run(wish, InThisProcess(stop_after=2))
    monkeypatch.undo()
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    assert set(files(wish)) == {"a.jpg"}
    assert states(wish) == {}
    run(wish, InThisProcess())
    assert states(wish) == {"a.jpg": "done", "b.jpg": "failed", "sub/c.jpg": "done"}
    notes = {row["key"]: row["notes"] for row in read_manifest(wish.target)}
    assert notes["a.jpg"] == ["made by an attempt that was cut off"]


def test_what_others_wrote_is_skipped_and_stays(wish):
    foreign = Path(wish.target) / "a.jpg"
    foreign.parent.mkdir()
    foreign.write_text("mine")
    import os

    os.utime(foreign, (1e9, 1e9))
    summary = run(wish, InThisProcess())
    assert summary.states["skipped"] == 1
    assert foreign.read_text() == "mine"
    assert states(wish)["a.jpg"] == "skipped"
    run(replace(wish, overwrite=True), InThisProcess())
    assert foreign.read_text() == "a|0|"


def test_other_options_do_not_redo_what_is_done(wish):
    run(wish, InThisProcess())
    other = replace(wish, options={"seed": 5})
    summary = run(other, InThisProcess())
    assert (summary.resumed, summary.changed) == (2, 2)
    assert files(wish)["a.jpg"] == b"a|0|"
    run(replace(other, overwrite=True), InThisProcess())
    assert files(wish)["a.jpg"] == b"a|5|"


def test_result_that_was_deleted_is_made_again(wish):
    run(wish, InThisProcess())
    (Path(wish.target) / "a.jpg").unlink()
    assert run(wish, InThisProcess()).states["done"] == 1
    assert files(wish)["a.jpg"] == b"a|0|"


def test_manifest_keeps_pictures_of_other_runs(wish, tmp_path):
    run(wish, InThisProcess())
    more = tmp_path / "more"
    more.mkdir()
    (more / "z.jpg").write_text("z")
    run(replace(wish, source=str(more)), InThisProcess())
    assert set(states(wish)) == {"a.jpg", "b.jpg", "sub/c.jpg", "z.jpg"}


def test_pictures_of_lost_workers_are_handed_out_again(wish):
    workers = InThisProcess(lose=["a.jpg", "sub/c.jpg"])
    run(wish, workers)
    assert states(wish) == {"a.jpg": "done", "b.jpg": "failed", "sub/c.jpg": "done"}
    assert workers.worked_on == ["a.jpg", "b.jpg", "sub/c.jpg", "a.jpg", "sub/c.jpg"]


def test_two_results_never_share_a_name(wish):
    (Path(wish.source) / "a.png").write_text("other")
    run(replace(wish, options={"png": True}), InThisProcess())
    assert states(wish) == {"a.jpg": "done", "a.png": "failed", "b.jpg": "failed", "sub/c.jpg": "done"}


def test_options_of_single_pictures(wish, tmp_path):
    (tmp_path / "marks").mkdir()
    (tmp_path / "marks/c.bin").write_text("MASK")
    table = tmp_path / "marks/options.csv"
    table.write_text("source,seed,mask\nsub/c.jpg,7,c.bin\na.jpg,-1,\n")
    run(replace(wish, table=str(table)), InThisProcess())
    assert files(wish) == {"sub/c.jpg": b"c|7|MASK"}
    assert states(wish)["a.jpg"] == "failed"  # below 0

    lines = tmp_path / "in/list.jsonl"
    entries = [{"source": "a.jpg", "seed": 2}, {"source": "a.jpg"}, {"source": str(tmp_path / "in/sub/c.jpg")}]
    lines.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    listed = Wish(POISON, str(lines), str(tmp_path / "listed"))
    assert run(listed, InThisProcess()).repeated == 1
    assert files(listed) == {"a.jpg": b"a|2|", "sub/c.jpg": b"c|0|"}


def test_run_that_cannot_succeed_ends_early(wish):
    for number in range(40):
        (Path(wish.source) / f"0{number:02d}.jpg").write_text("engine")
    workers = InThisProcess()
    with pytest.raises(EngineError, match=r"the first 20 pictures failed.*needs a network"):
        run(wish, workers)
    assert len(workers.worked_on) == 20
    assert list(states(wish).values()) == ["failed"] * 20


def test_folder_of_masks(wish, tmp_path):
    masks = tmp_path / "masks/sub"
    masks.mkdir(parents=True)
    (masks / "c.png").write_text("M")
    run(replace(wish, options={"mask": [str(tmp_path / "masks") + "/"]}), InThisProcess())
    assert files(wish) == {"sub/c.jpg": b"c|0|M"}
    reasons = {row["key"]: row["reason"] for row in read_manifest(wish.target)}
    assert "has no mask in" in reasons["a.jpg"]


def test_patterns_and_targets_inside_the_source(wish):
    inside = replace(wish, target=f"{wish.source}/clean", source=f"{wish.source}/**/*.jpg")
    run(inside, InThisProcess())
    run(inside, InThisProcess())
    assert set(states(inside)) == {"a.jpg", "b.jpg", "sub/c.jpg"}
    assert set(files(inside)) == {"a.jpg", "sub/c.jpg"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"source": "SAME"}, ArgumentError),
        ({"source": "/nowhere/at/all"}, InputError),
        ({"options": {"seed": -1}}, ArgumentError),
        ({"source": "EMPTY"}, InputError),
    ],
)
def test_wishes_that_make_no_sense(wish, tmp_path, change, error):
    (tmp_path / "empty").mkdir()
    places = {"SAME": wish.target, "EMPTY": str(tmp_path / "empty")}
    change = {name: places.get(value, value) if isinstance(value, str) else value for name, value in change.items()}
    with pytest.raises(error):
        run(replace(wish, **change), InThisProcess())


def test_local_processes_do_the_same(wish):
    told = []
    with closing(LocalWorkers(2, Bounds())) as workers:
        summary = run(wish, workers, watch=Watch(on_outcome=lambda outcome: told.append(outcome.key)))
    assert sorted(told) == ["a.jpg", "b.jpg", "sub/c.jpg"]
    assert states(wish) == {"a.jpg": "done", "b.jpg": "failed", "sub/c.jpg": "done"}
    assert files(wish) == {"a.jpg": b"a|0|", "sub/c.jpg": b"c|0|"}
    assert summary.to_json()["slowest"][0]["seconds"] > 0
