"""``cleanplate erase`` with folders: mirrored, resumed, stopped, watched."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from cleanplate.batch.executor import Serial
from tests.batch.pictures import listing, write_mask, write_photo

TELEA = ("--engine", "telea")
BOX = ("--box", "20,15,35,30")
MANIFEST = "cleanplate.manifest.jsonl"
PROGRAM = [sys.executable, "-c", "from cleanplate.cli.app import main; main()"]


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Starting workers takes longer than these pictures; the tests that are about workers start the real program."""
    monkeypatch.setattr("cleanplate.cli.many.executor_for", lambda wishes, pictures: Serial())


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(("a.jpg", "b.png", "sub/c.webp")):
        write_photo(tmp_path / "in" / name, seed=number)
        write_mask((tmp_path / "masks" / name).with_suffix(".png"))
    return tmp_path


def test_folder_is_mirrored(cleanplate, folder, monkeypatch):
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    ran = cleanplate("erase", "in", "--mask", "masks", *TELEA, "-o", "out", "--recursive", "--jobs", "2")
    assert ran.code == 0, ran.stderr
    assert listing(folder / "out") == {"a.jpg", "b.png", "sub/c.webp", MANIFEST}
    for name, kind in (("a.jpg", "JPEG"), ("b.png", "PNG"), ("sub/c.webp", "WEBP")):
        with Image.open(folder / "out" / name) as image:
            assert (image.format, image.size) == (kind, (64, 48))
    assert ran.stdout.startswith("out: 3 done in ")
    assert "(telea on cpu)" in ran.stdout


def test_failures_are_a_line_each_and_the_rest_goes_on(cleanplate, folder):
    (folder / "in/bad.jpg").write_bytes(b"")
    write_mask(folder / "masks/bad.png")
    write_photo(folder / "in/lonely.png")
    (folder / "in/readme.txt").write_text("no picture")
    ran = cleanplate("erase", "in", "--mask", "masks", *TELEA, "-o", "out", "-r")
    assert ran.code == 7
    failures = [line for line in ran.stderr.splitlines() if line.startswith("failed: ")]
    assert len(failures) == 2
    assert any(line.startswith("failed: bad.jpg: is empty") for line in failures)
    assert any(line.startswith("failed: lonely.png: has no mask") for line in failures)
    assert ran.error.startswith("error: 2 of 5 failed")
    assert "3 done, 2 failed, 1 passed over" in ran.stdout
    assert listing(folder / "out") == {"a.jpg", "b.png", "sub/c.webp", MANIFEST}


def test_failure_leaves_no_empty_folder(cleanplate, tmp_path):
    write_photo(tmp_path / "in/a.jpg")
    (tmp_path / "in/sub").mkdir()
    (tmp_path / "in/sub/bad.jpg").write_bytes(b"")
    assert cleanplate("erase", "in", *BOX, *TELEA, "-o", "out", "-r").code == 7
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.jpg", MANIFEST}


def test_json_report_of_a_folder(cleanplate, folder):
    (folder / "in/bad.jpg").write_bytes(b"nonsense")
    ran = cleanplate("erase", "in", *BOX, *TELEA, "-o", "out", "-r", "--json")
    report = json.loads(ran.stdout)
    assert (report["done"], report["failed"], report["resumed"], report["other_files"]) == (3, 1, 0, 0)
    by_source = {item["source"]: item for item in report["files"]}
    assert by_source["bad.jpg"]["status"] == "failed"
    assert by_source["bad.jpg"]["exit_code"] == 3
    assert by_source["sub/c.webp"]["outputs"] == [str(Path("out/sub/c.webp"))]


def test_resume_skips_what_is_done_and_retries_what_failed(cleanplate, folder):
    (folder / "in/bad.png").write_bytes(b"")
    command = ("erase", "in", *BOX, *TELEA, "-o", "out", "-r", "--json")
    assert cleanplate(*command).code == 7
    times = {path: path.stat().st_mtime_ns for path in (folder / "out").rglob("*.jpg")}
    write_photo(folder / "in/bad.png")
    report = json.loads(cleanplate(*command).stdout)
    assert (report["done"], report["failed"], report["resumed"]) == (1, 0, 3)
    assert times == {path: path.stat().st_mtime_ns for path in times}
    report = json.loads(cleanplate(*command).stdout)
    assert (report["done"], report["resumed"]) == (0, 4)


def test_changed_options_inputs_and_masks_are_not_taken_for_done(cleanplate, folder):
    command = ("erase", "in", "--mask", "masks", *TELEA, "-o", "out", "-r", "--json")
    assert cleanplate(*command).code == 0
    other = cleanplate(*command, "--grow", "1")
    assert other.code == 7
    assert "already" in json.loads(other.stdout)["files"][0]["error"]
    assert json.loads(cleanplate(*command, "--grow", "1", "--overwrite").stdout)["done"] == 3
    write_mask(folder / "masks/a.png")
    os.utime(folder / "masks/a.png", ns=(1, 1))
    assert cleanplate(*command, "--grow", "1").code == 7
    (folder / "out/b.png").unlink()
    report = json.loads(cleanplate(*command, "--grow", "1").stdout)
    assert (report["done"], report["failed"], report["resumed"]) == (1, 1, 1)


def test_foreign_files_in_the_output_are_never_replaced(cleanplate, folder):
    write_photo(folder / "out/a.jpg", seed=9)
    before = (folder / "out/a.jpg").read_bytes()
    for _ in range(2):
        assert cleanplate("erase", "in", *BOX, *TELEA, "-o", "out", "-r").code == 7
        assert (folder / "out/a.jpg").read_bytes() == before


def test_torn_manifest_is_survived(cleanplate, folder):
    command = ("erase", "in", *BOX, *TELEA, "-o", "out", "-r", "--json")
    cleanplate(*command)
    with (folder / "out" / MANIFEST).open("a") as file:
        file.write('\n[1]\n"x"\n\xff\n{"key": "a.jp')
    assert json.loads(cleanplate(*command).stdout)["resumed"] == 3


def test_in_place_is_not_done_twice(cleanplate, folder):
    command = ("erase", "in", *BOX, *TELEA, "--in-place", "-r", "--json")
    before = (folder / "in/b.png").read_bytes()
    assert json.loads(cleanplate(*command).stdout)["done"] == 3
    after = (folder / "in/b.png").read_bytes()
    assert after != before
    assert json.loads(cleanplate(*command).stdout)["resumed"] == 3
    assert (folder / "in/b.png").read_bytes() == after


def test_sheets_masks_and_candidates_of_a_folder(cleanplate, folder):
    extra = ("--side-by-side", "sheets", "--save-mask", "saved", "--candidates", "2")
    assert cleanplate("erase", "in", *BOX, *TELEA, "-o", "out", "-r", *extra).code == 0
    assert listing(folder / "sheets") == {"a.jpg", "b.png.jpg", "sub/c.webp.jpg"}
    assert listing(folder / "saved") == {"a.png", "b.png", "sub/c.png"}
    assert {"a.jpg", "a-2.jpg", "sub/c-2.webp"} < listing(folder / "out")
    again = cleanplate("erase", "in", "--mask", "saved", *TELEA, "-o", "again", "-r")
    assert again.code == 0, again.stderr


def test_pictures_of_one_name_and_two_types_get_sheets_of_their_own(cleanplate, folder):
    (folder / "in/a.png").write_bytes((folder / "in/b.png").read_bytes())
    assert cleanplate("erase", "in", *BOX, *TELEA, "-o", "out", "--side-by-side", "sheets").code == 0
    assert listing(folder / "sheets") == {"a.jpg", "a.png.jpg", "b.png.jpg"}


def test_several_files_need_a_folder(cleanplate, folder):
    assert cleanplate("erase", "in/a.jpg", "in/b.png", *BOX, *TELEA).code == 2
    assert cleanplate("erase", "in/a.jpg", "in/b.png", *BOX, *TELEA, "-o", "-").code == 2
    assert cleanplate("erase", "in/a.jpg", "in/b.png", *BOX, *TELEA, "-o", "out").code == 0
    assert {"a.jpg", "b.png"} < listing(folder / "out")


def test_folder_without_pictures(cleanplate, tmp_path):
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/notes.txt").write_text("x")
    ran = cleanplate("erase", "in", *BOX, "-o", "out")
    assert ran.code == 3
    assert "holds no pictures (1 other files); add --recursive" in ran.error
    assert not (tmp_path / "out").exists()


def test_dry_run_of_a_folder(cleanplate, folder):
    assert cleanplate("erase", "in", *BOX, "-o", "out", "-r", "--dry-run").code == 0
    assert listing(folder / "out") == {"a.overlay.jpg", "b.overlay.jpg", "sub/c.overlay.jpg"}


def wait_for(condition, seconds=60.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopped_batch_leaves_whole_files_and_goes_on_from_there(tmp_path, number):
    for index in range(6):
        write_photo(tmp_path / f"in/{index:02}.png", size=(200, 150), seed=index)
    command = [*PROGRAM, "erase", "in", "--box", "30%,30%,60%,60%", "-o", "out", "--jobs", "2"]
    manifest = tmp_path / "out" / MANIFEST
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(lambda: manifest.exists() and '"done"' in manifest.read_text())
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    done = listing(tmp_path / "out") - {MANIFEST}
    assert 0 < len(done) < 6
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert err.decode().splitlines()[-1] == "interrupted"
        assert not [name for name in done if name.endswith(".part")]
        assert done == {f"{index:02}.png" for index in range(6)} & done
    for name in done:
        if not name.endswith(".part"):
            with Image.open(tmp_path / "out" / name) as image:
                image.load()
    time.sleep(1.0 if number == signal.SIGKILL else 0.0)  # orphaned workers notice that their parent is gone
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 0, again.stderr
    assert "done before and skipped" in again.stdout
    assert {f"{index:02}.png" for index in range(6)} <= listing(tmp_path / "out")


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_watch_works_on_what_arrives(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "masks").mkdir()
    write_photo(tmp_path / "in/early.png")
    write_mask(tmp_path / "masks/early.png")
    command = [*PROGRAM, "erase", "in", "--watch", "--mask", "masks", *TELEA, "-o", "out"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def next_done() -> str:
        return process.stdout.readline().split(" -> ")[0]

    try:
        assert next_done() == "early.png"
        whole = write_photo(tmp_path / "whole.png").read_bytes()
        with (tmp_path / "in/slow.png").open("wb") as file:  # arrives in pieces: must not be read too early
            for start in range(0, len(whole), len(whole) // 4 + 1):
                file.write(whole[start : start + len(whole) // 4 + 1])
                file.flush()
                time.sleep(0.5)
        write_mask(tmp_path / "masks/slow.png")
        (tmp_path / "in/broken.png").write_bytes(b"broken")
        write_mask(tmp_path / "masks/broken.png")
        assert next_done() == "slow.png"
        write_photo(tmp_path / "in/late.png")  # its mask comes after it
        time.sleep(1.5)
        write_mask(tmp_path / "masks/late.png")
        assert next_done() == "late.png"
    finally:
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stdout == ""
    assert {"early.png", "slow.png", "late.png"} < listing(tmp_path / "out")
    complaints = [line for line in stderr.splitlines() if line.startswith("failed: ")]
    assert sum("broken.png: is not a picture" in line for line in complaints) == 1
    assert not any("slow.png: is" in line for line in complaints)
    assert "Traceback" not in stderr


def test_moved_output_is_still_known(cleanplate, folder):
    assert cleanplate("erase", "in", *BOX, *TELEA, "-o", "out", "-r").code == 0
    shutil.move(folder / "out", folder / "elsewhere")
    report = json.loads(cleanplate("erase", "in", *BOX, *TELEA, "-o", "elsewhere", "-r", "--json").stdout)
    assert report["resumed"] == 3
