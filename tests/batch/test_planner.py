"""From folders to jobs: trees, masks, collisions."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cleanplate.batch.erase import Erasing
from cleanplate.batch.planner import Request, plan
from cleanplate.batch.tree import find_pictures
from cleanplate.errors import ArgumentError
from cleanplate.tasks.erase_options import EraseOptions
from cleanplate.tasks.selection import Selection


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


@pytest.fixture
def request_for(tmp_path):
    def make(*sources, output="out", masks=(), options=None, sheets=None, saved_masks=None, **more):
        selection = Selection(boxes=() if masks else ("1,1,5,5",), masks=tuple(tmp_path / mask for mask in masks))
        target = None if output is None else tmp_path / output
        places = tuple(tmp_path / source for source in sources or ("in",))
        assignment = Erasing(selection, options or EraseOptions(), sheets=sheets, saved_masks=saved_masks)
        return Request(places, target, assignment, **more)

    return make


def targets(planned, tmp_path):
    return {job.key: job.errand.result.relative_to(tmp_path).as_posix() for job in planned.jobs}


def test_the_tree_is_mirrored_with_names_and_types(tmp_path, request_for):
    touch(tmp_path / "in", "a.jpg", "sub/b.PNG", "sub/deep/c.tiff", "notes.txt", ".hidden.jpg", ".trash/d.jpg")
    planned = plan(request_for(recursive=True))
    assert targets(planned, tmp_path) == {
        "a.jpg": "out/a.jpg",
        "sub/b.PNG": "out/sub/b.PNG",
        "sub/deep/c.tiff": "out/sub/deep/c.tiff",
    }
    assert (planned.others, planned.failures) == (1, [])
    assert set(targets(plan(request_for()), tmp_path)) == {"a.jpg"}


def test_raw_becomes_tiff(tmp_path, request_for):
    touch(tmp_path / "in", "a.dng")
    assert targets(plan(request_for()), tmp_path) == {"a.dng": "out/a.tif"}


def test_outputs_inside_the_input_are_not_inputs(tmp_path, request_for):
    touch(tmp_path / "in", "a.jpg", "out/a.jpg", "masks/a.png", "sheets/a.jpg")
    made = request_for(output="in/out", masks=("in/masks",), recursive=True, sheets=tmp_path / "in/sheets")
    assert set(targets(plan(made), tmp_path)) == {"a.jpg"}


def test_links_that_loop_end(tmp_path, request_for):
    touch(tmp_path / "in", "a.jpg", "sub/b.jpg")
    (tmp_path / "in/sub/up").symlink_to(tmp_path / "in", target_is_directory=True)
    (tmp_path / "in/again").symlink_to(tmp_path / "in/sub", target_is_directory=True)
    (tmp_path / "in/lost.jpg").symlink_to(tmp_path / "nowhere.jpg")
    planned = plan(request_for(recursive=True))
    assert {Path(job.key).name for job in planned.jobs} == {"a.jpg", "b.jpg", "lost.jpg"}


def test_same_source_twice_is_one_job(tmp_path, request_for):
    touch(tmp_path / "in", "a.jpg")
    assert len(plan(request_for("in", "in/a.jpg", "in/../in/a.jpg")).jobs) == 1


def test_unreadable_folder_is_a_failure_of_that_folder(tmp_path, request_for, monkeypatch):
    """As root may list any folder, listing is made to fail as it does for others."""
    touch(tmp_path / "in", "a.jpg", "locked/b.jpg")
    real = os.scandir

    def refuse(folder):
        if Path(folder).name == "locked":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    planned = plan(request_for(recursive=True))
    assert [job.key for job in planned.jobs] == ["a.jpg"]
    assert [failure.error for failure in planned.failures] == [
        f"{tmp_path / 'in/locked'}: cannot be listed (Permission denied)"
    ]


def test_masks_pair_by_relative_path_without_ending(tmp_path, request_for):
    touch(tmp_path / "in", "a.jpg", "a.b.jpg", "sub/a.jpg", "lonely.jpg", "twice.jpg")
    touch(tmp_path / "masks", "a.png", "a.b.webp", "sub/a.tif", "twice.png", "twice.jpg", "other.png")
    planned = plan(request_for(masks=("masks",), recursive=True))
    pairs = {
        job.key: [mask.relative_to(tmp_path).as_posix() for mask in job.errand.selection.masks] for job in planned.jobs
    }
    assert pairs == {"a.jpg": ["masks/a.png"], "a.b.jpg": ["masks/a.b.webp"], "sub/a.jpg": ["masks/sub/a.tif"]}
    lonely, twice = sorted(planned.failures, key=lambda failure: failure.key)
    assert "lonely.jpg: has no mask in" in str(lonely.error)
    assert "twice.jpg and twice.png" in str(twice.error)
    assert lonely.exit_code == twice.exit_code == 4


def test_one_mask_file_serves_all_and_joins_those_of_a_folder(tmp_path, request_for):
    touch(tmp_path / "in", "a.jpg", "b.jpg")
    touch(tmp_path, "all.png", "masks/a.png", "masks/b.png")
    planned = plan(request_for(masks=("all.png", "masks")))
    assert [[mask.name for mask in job.errand.selection.masks] for job in planned.jobs] == [
        ["all.png", "a.png"],
        ["all.png", "b.png"],
    ]


def test_folder_of_areas_to_avoid_may_have_gaps(tmp_path, request_for):
    touch(tmp_path / "in", "a.jpg", "b.jpg")
    touch(tmp_path / "avoid", "a.png")
    made = request_for()
    selection = replace(made.assignment.selection, avoid=(tmp_path / "avoid",))
    made = replace(made, assignment=replace(made.assignment, selection=selection))
    assert [len(job.errand.selection.avoid) for job in plan(made).jobs] == [1, 0]


def test_candidates_that_meet_other_results_are_refused(tmp_path, request_for):
    touch(tmp_path / "in", "a.jpg", "a-2.jpg", "b.jpg")
    planned = plan(request_for(options=EraseOptions(candidates=2)))
    assert [job.key for job in planned.jobs] == ["b.jpg"]
    assert {failure.key for failure in planned.failures} == {"a.jpg", "a-2.jpg"}
    assert all(failure.exit_code == 5 for failure in planned.failures)
    assert all("would be written to" in str(failure.error) for failure in planned.failures)


def test_previews_masks_and_raw_results_that_meet_are_refused(tmp_path, request_for):
    touch(tmp_path / "in", "a.jpg", "a.png", "b.jpg", "c.dng", "c.tif")
    assert len(plan(request_for(options=EraseOptions(dry_run=True))).failures) == 4
    assert {failure.key for failure in plan(request_for()).failures} == {"c.dng", "c.tif"}
    saved = plan(request_for(saved_masks=tmp_path / "saved"))
    assert [job.key for job in saved.jobs] == ["b.jpg"]


def test_pictures_of_two_folders_that_meet_are_refused(tmp_path, request_for):
    touch(tmp_path, "one/a.jpg", "two/a.jpg", "two/b.jpg")
    planned = plan(request_for("one", "two"))
    assert [job.key for job in planned.jobs] == ["b.jpg"]
    assert len(planned.failures) == 2


def test_outputs_never_meet_inputs(tmp_path, request_for):
    touch(tmp_path, "in/a.jpg", "in/sub/a.jpg", "in/sub/b.jpg")
    with pytest.raises(ArgumentError, match="is the input folder"):
        plan(request_for(output="in"))
    planned = plan(request_for("in/sub", "in/a.jpg", output="in"))
    assert [job.key for job in planned.jobs] == ["b.jpg"]
    (tmp_path / "alias").symlink_to(tmp_path / "in", target_is_directory=True)
    with pytest.raises(ArgumentError, match="is the input folder"):
        plan(request_for(output="alias"))


def test_in_place_writes_to_the_sources(tmp_path, request_for):
    touch(tmp_path, "one/a.jpg", "two/a.jpg")
    planned = plan(request_for("one", "two", output=None, options=EraseOptions(in_place=True)))
    assert [job.errand.result for job in planned.jobs] == [tmp_path / "one/a.jpg", tmp_path / "two/a.jpg"]
    assert len({job.key for job in planned.jobs}) == 2


@pytest.mark.parametrize("where", ["output", "sheets", "saved_masks"])
def test_places_for_several_must_be_folders(tmp_path, request_for, where):
    touch(tmp_path, "in/a.jpg", "taken.jpg")
    with pytest.raises(ArgumentError, match="must be a folder"):
        plan(request_for(**{where: tmp_path / "taken.jpg" if where != "output" else "taken.jpg"}))


def test_output_is_demanded(request_for):
    with pytest.raises(ArgumentError, match="-o: is missing"):
        plan(request_for(output=None))


def test_pictures_are_found_sorted(tmp_path):
    touch(tmp_path, "b.jpg", "a.jpg", "c.heic", "d.gif")
    found = find_pictures(tmp_path, recursive=False)
    assert [path.name for path in found.pictures] == ["a.jpg", "b.jpg", "c.heic"]
    assert found.others == 1
