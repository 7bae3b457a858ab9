"""The models command: lists, shows, fetches, verifies and converts; errors are one line."""

from __future__ import annotations

import functools
import http.server
import json
import re
import shlex
import subprocess
import sys
import threading
import types
from pathlib import Path

import pytest

from cleanplate.errors import ArgumentError
from cleanplate.weights import catalog as catalog_module
from cleanplate.weights import folders
from tests.weights.records import CONTENT, catalog_of, record_of

MANUAL = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """The user's folder for weights."""
    for name in ("CLEANPLATE_MODELS", "CLEANPLATE_MIRROR", "CLEANPLATE_COMMERCIAL_ONLY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "data"))
    return folders.user_folder()


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A catalog of two small weights instead of the one that ships."""
    doubtful = record_of(b"grey", name="doubtful", file="doubtful.onnx", commercial_use="unclear", runnable=False)
    catalog = catalog_of(tmp_path / "records", record_of(), doubtful)
    monkeypatch.setattr(catalog_module, "shipped", lambda: catalog)
    return catalog


@pytest.fixture
def mirror(tmp_path):
    """A folder, and the address at which a web server shows it."""
    folder = tmp_path / "mirror"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_list_names_all_weights_and_their_terms(cleanplate, home):
    ran = cleanplate("models")
    assert ran.code == 0
    lines = {line.split()[0]: line for line in ran.stdout.splitlines()}
    assert set(lines) == {"name", *(record.name for record in catalog_module.shipped().records)}
    assert re.search(r"migan +inpaint +28.1 MB +MIT +clear +yes +-", lines["migan"])
    assert " no " in lines["hifill"]


def test_list_is_never_folded_in_a_pipe(cleanplate, tiny, tmp_path, monkeypatch):
    deep = tmp_path.joinpath(*["a-folder-of-thirty-characters"] * 12)
    deep.mkdir(parents=True)
    (deep / "tiny.onnx").write_bytes(CONTENT)
    monkeypatch.setenv("CLEANPLATE_MODELS", str(deep))
    line = next(line for line in cleanplate("models").stdout.splitlines() if line.startswith("tiny "))
    assert line.rstrip().endswith(str(deep / "tiny.onnx"))


def test_list_shows_where_weights_are(cleanplate, tiny, home):
    home.mkdir(parents=True)
    (home / "tiny.onnx").write_bytes(CONTENT)
    assert str(home / "tiny.onnx") in cleanplate("models").stdout


def test_list_as_json_and_commercial_only(cleanplate, tiny, home, monkeypatch):
    told = json.loads(cleanplate("models", "--json").stdout)
    assert [(one["name"], one["installed"]) for one in told] == [("doubtful", None), ("tiny", None)]
    assert told[1]["input"]["channels"] == "RGB"
    assert [one["name"] for one in json.loads(cleanplate("models", "--json", "--commercial-only").stdout)] == ["tiny"]
    monkeypatch.setenv("CLEANPLATE_COMMERCIAL_ONLY", "yes")
    assert [one["name"] for one in json.loads(cleanplate("models", "--json").stdout)] == ["tiny"]


def test_show_says_all_that_is_known(cleanplate):
    ran = cleanplate("models", "show", "lama")
    record = catalog_module.shipped().named("lama")
    for fact in (record.title, record.sha256, record.commercial_reason, record.urls[0], "Places365", "one_is_hole"):
        assert fact in ran.stdout
    told = json.loads(cleanplate("models", "show", "lama", "--json").stdout)
    assert (told["bytes"], told["installed"]) == (record.bytes, None)


def test_show_of_an_unknown_name_lists_similar_ones(cleanplate):
    ran = cleanplate("models", "show", "lamma")
    assert ran.code == 6
    assert "did you mean lama" in ran.error


def test_fetch_from_a_mirror_then_verify(cleanplate, tiny, home, mirror, tmp_path):
    folder, address = mirror
    (folder / "tiny.onnx").write_bytes(CONTENT)
    ran = cleanplate("models", "fetch", "tiny", "--mirror", address)
    assert (ran.code, ran.stdout) == (0, f"tiny: {home / 'tiny.onnx'} (verified)\n")
    assert (home / "tiny.onnx").read_bytes() == CONTENT
    assert cleanplate("models", "fetch", "tiny", "--mirror", str(folder), "--to", "here").code == 0
    assert (tmp_path / "here" / "tiny.onnx").read_bytes() == CONTENT
    ran = cleanplate("models", "verify")
    assert (ran.code, ran.stdout) == (0, f"tiny: {home / 'tiny.onnx'}: as recorded\n")


def test_fetch_that_fails_says_how_to_do_it_by_hand(cleanplate, tiny, home, mirror):
    ran = cleanplate("models", "fetch", "tiny", "--mirror", mirror[1])
    assert ran.code == 6
    record = tiny.named("tiny")
    for fact in ("404", "tiny.onnx", f"{record.bytes} bytes", record.sha256, str(home)):
        assert fact in ran.error
    ran = cleanplate("models", "fetch", "doubtful", "--commercial-only", "--mirror", mirror[1])
    assert ran.code == 6
    assert "refused: commercial use is not clear" in ran.error
    assert cleanplate("models", "fetch", "tiny", "--mirror", "nowhere").code == 2


def test_verify_names_what_is_wrong(cleanplate, tiny, home):
    assert cleanplate("models", "verify").stdout == "no weights on this machine\n"
    home.mkdir(parents=True)
    (home / "tiny.onnx").write_bytes(bytes(reversed(CONTENT)))
    (home / "doubtful.onnx").write_bytes(b"grey")
    ran = cleanplate("models", "verify")
    assert ran.code == 6
    assert ran.stdout == f"doubtful: {home / 'doubtful.onnx'}: as recorded\n"
    assert "tiny: " in ran.stderr
    assert "sha256" in ran.stderr
    assert ran.error == "error: 1 of 2 not as recorded: tiny"
    assert cleanplate("models", "verify", "doubtful").code == 0
    (home / "doubtful.onnx").unlink()
    ran = cleanplate("models", "verify", "doubtful")
    assert ran.code == 6
    assert "doubtful: weights 'doubtful': are not installed; run 'cleanplate models fetch doubtful'" in ran.stderr


def converter(monkeypatch, convert):
    module = types.ModuleType("cleanplate_training.convert")
    module.convert = convert
    monkeypatch.setitem(sys.modules, "cleanplate_training.convert", module)


def test_convert_calls_the_training_part(cleanplate, monkeypatch):
    asked = []

    def convert(path, name, output):
        asked.append((path, name, output))
        return types.SimpleNamespace(path=output, size=12, opset=18, storage="float32", parity="equal")

    converter(monkeypatch, convert)
    ran = cleanplate("models", "convert", "net.pth", "--as", "mask-rcnn-r50", "-o", "net.onnx")
    assert ran.code == 0
    assert asked == [(Path("net.pth"), "mask-rcnn-r50", Path("net.onnx"))]
    assert ran.stdout == "net.onnx: 12 bytes, opset 18, float32 weights; PyTorch against ONNX: equal\n"


def test_convert_passes_errors_on(cleanplate, monkeypatch):
    def convert(path, name, output):
        raise ArgumentError("has no converter", subject=repr(name), fix="valid: some")

    converter(monkeypatch, convert)
    ran = cleanplate("models", "convert", "net.pth", "--as", "magic", "-o", "net.onnx")
    assert (ran.code, ran.error) == (2, "error: 'magic': has no converter; valid: some")


def test_convert_without_the_training_part_names_the_extra(cleanplate, monkeypatch):
    monkeypatch.setitem(sys.modules, "cleanplate_training.convert", None)
    ran = cleanplate("models", "convert", "net.pth", "--as", "magic", "-o", "net.onnx")
    assert ran.code == 6
    assert "pip install 'cleanplate[train]'" in ran.error


def test_list_does_not_load_what_it_does_not_need():
    code = (
        "import sys; from cleanplate.cli.app import app\n"
        "try: app(['models', '--json'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'cv2', 'onnxruntime', 'torch', 'rich.table'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "line", [line for block in re.findall(r"```sh\n(.*?)```", MANUAL, re.DOTALL) for line in block.splitlines() if line]
)
def test_manual_shows_commands_that_exist(cleanplate, line):
    words = [word for word in shlex.split(line, comments=True) if not re.fullmatch(r"[A-Z_]+=.*", word)]
    if words[:2] != ["cleanplate", "models"]:
        assert words[0] in {"cleanplate", "export", "python"}
        return
    options = {word.partition("=")[0] for word in words if word.startswith("-")}
    command = [word for word in words[2:3] if word in {"show", "fetch", "verify", "convert"}]
    ran = cleanplate("models", *command, "--help")
    assert ran.code == 0
    assert all(option in ran.stdout for option in options)


def test_manual_names_every_variable():
    for name in ("CLEANPLATE_MODELS", "CLEANPLATE_MIRROR", "CLEANPLATE_COMMERCIAL_ONLY"):
        assert name in MANUAL
