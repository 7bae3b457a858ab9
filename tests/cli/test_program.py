"""The program as users start it: a process of its own."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from cleanplate import __version__
from cleanplate.cli.app import COMMANDS, EXIT_CODES
from cleanplate.errors import CleanplateError
from tests.cli.pictures import listing, photo_pixels

PROGRAM = [sys.executable, "-m", "cleanplate"]


def start(*arguments, folder, **options):
    return subprocess.Popen(
        [*PROGRAM, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )


def finish(*arguments, folder, stdin=b""):
    done = subprocess.run(
        [*PROGRAM, *arguments], cwd=folder, input=stdin, capture_output=True, timeout=120, check=False
    )
    return done.returncode, done.stdout, done.stderr.decode()


def test_help_lists_commands_and_exit_codes_without_loading_pictures(cleanplate):
    ran = cleanplate("--help")
    assert ran.code == 0
    for name, (_, summary) in COMMANDS.items():
        assert name in ran.stdout
        assert summary.split()[0] in ran.stdout
    script = (
        "import sys; from cleanplate.cli.app import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'cv2', 'PIL', 'rich.console', 'onnxruntime'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_exit_code_is_documented(cleanplate):
    def codes(error):
        return {error.exit_code}.union(*(codes(kind) for kind in error.__subclasses__()))

    documented = {int(line.split()[0]) for line in EXIT_CODES.splitlines() if line.strip()[:1].isdigit()}
    assert codes(CleanplateError) | {0, 130, 143} == documented


def test_version(cleanplate):
    assert cleanplate("--version").stdout.strip() == f"cleanplate {__version__}"


def test_help_of_every_command(cleanplate):
    for name in COMMANDS:
        assert cleanplate(name, "--help").code == 0


def test_real_process_pipes_and_reports(photo, tmp_path):
    code, out, err = finish(
        "erase", "-", "--box", "10%,20%,30%,60%", "-o", "-", folder=tmp_path, stdin=photo.read_bytes()
    )
    assert code == 0, err
    with Image.open(io.BytesIO(out)) as image:
        assert image.size == (120, 90)
    code, out, err = finish("erase", "-", "--box", "10%,20%,30%,60%", folder=tmp_path, stdin=b"")
    assert (code, out) == (3, b"")
    assert err == "error: standard input: is empty (0 bytes)\n"


def test_debug_shows_where(photo, tmp_path):
    code, _, err = finish("erase", "nowhere.png", "--spot", "1,1,1", "--debug", folder=tmp_path)
    assert code != 0
    assert "Traceback" in err
    assert "MissingInputError" in err


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_in_the_middle_leaves_nothing(tmp_path, number, code):
    pixels = np.tile(photo_pixels(300, 400), (2, 2, 1))
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    arguments = ("erase", "photo.png", "--box", "20%,20%,70%,70%", "--candidates", "20", "-o", "clean.png")
    process = start(*arguments, folder=tmp_path)
    time.sleep(2.5)
    assert process.poll() is None, process.communicate()
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert b"Traceback" not in err
    assert listing(tmp_path) == {"photo.png"}
