"""Weights are found in the stated order, and verified on every load."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cleanplate.errors import ArgumentError, WeightsError
from cleanplate.weights import checksum, folders
from cleanplate.weights.checksum import DigestCache, verify
from cleanplate.weights.record import as_toml
from cleanplate.weights.store import installed, resolve, whereabouts
from tests.weights.records import CONTENT, catalog_of, record_of


def put(folder: Path, content: bytes = CONTENT, name: str = "tiny.onnx") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.fixture
def catalog(tmp_path):
    return catalog_of(
        tmp_path / "records",
        record_of(),
        record_of(
            b"grey", name="doubtful", file="doubtful.onnx", commercial_use="unclear", commercial_reason="not said"
        ),
    )


def test_order_is_own_folders_then_fetched_then_bundled(monkeypatch, tmp_path, home, catalog):
    record = catalog.named("tiny")
    with pytest.raises(WeightsError, match="are not installed"):
        installed(record)
    bundled = put(tmp_path / "bundled")
    assert resolve("tiny", catalog=catalog).path == bundled
    assert resolve("tiny", catalog=catalog).origin == "bundled"
    fetched = put(home)
    assert resolve("tiny", catalog=catalog).path == fetched
    assert resolve("tiny", catalog=catalog).origin == "fetched"
    monkeypatch.setenv("CLEANPLATE_MODELS", os.pathsep.join([str(tmp_path / "first"), str(tmp_path / "second")]))
    second = put(tmp_path / "second")
    assert resolve("tiny", catalog=catalog).path == second
    first = put(tmp_path / "first")
    found = resolve("tiny", catalog=catalog)
    assert (found.path, found.origin, found.record) == (first, "own folder", record)
    given = put(tmp_path, name="mine.onnx")
    found = resolve(given, catalog=catalog)
    assert (found.path, found.origin, found.record) == (given, "given", record)


def test_error_for_missing_weights_says_all_that_is_needed_by_hand(home, catalog):
    with pytest.raises(WeightsError) as caught:
        resolve("tiny", catalog=catalog)
    record = catalog.named("tiny")
    for fact in ("models fetch tiny", "tiny.onnx", record.sha256, str(record.bytes), record.urls[0], str(home)):
        assert fact in str(caught.value)
    assert "\n" not in str(caught.value)


def test_first_file_counts_even_if_it_is_damaged(monkeypatch, tmp_path, home, catalog):
    put(home)
    monkeypatch.setenv("CLEANPLATE_MODELS", str(tmp_path / "own"))
    damaged = bytearray(CONTENT)
    damaged[1000] ^= 1
    path = put(tmp_path / "own", bytes(damaged))
    with pytest.raises(WeightsError) as caught:
        resolve("tiny", catalog=catalog)
    text = str(caught.value)
    assert text.startswith(f"{path}: is not the file of 'tiny': sha256 ")
    assert catalog.named("tiny").sha256 in text
    assert checksum._digest(path, "sha256") in text
    assert "models fetch tiny" in caught.value.fix


def test_truncated_file_is_told_by_its_size(home, catalog):
    put(home, CONTENT[:-1])
    with pytest.raises(WeightsError, match=f"{len(CONTENT) - 1} bytes found, {len(CONTENT)} expected"):
        resolve("tiny", catalog=catalog)


@pytest.mark.parametrize("way", ["in place", "renamed over it"])
def test_file_replaced_between_two_loads_is_noticed(home, catalog, way):
    path = put(home)
    assert resolve("tiny", catalog=catalog).path == path
    before = path.stat()
    other = bytes(reversed(CONTENT))
    if way == "in place":
        path.write_bytes(other)
    else:
        put(home, other, "new").replace(path)
    # The same size and the same time of change: only the inode or the change of status tells.
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(WeightsError, match="is not the file of 'tiny'"):
        resolve("tiny", catalog=catalog)


def test_unchanged_file_is_read_once(monkeypatch, home, catalog):
    path = put(home)
    read = []
    digest = checksum._digest
    monkeypatch.setattr(checksum, "_digest", lambda *asked: read.append(asked) or digest(*asked))
    cache = DigestCache()
    for _ in range(3):
        verify(path, catalog.named("tiny"), cache=cache)
    assert len(read) == 1
    verify(path, catalog.named("tiny"), cache=None)
    assert len(read) == 2


def test_md5_and_size_verify_where_no_sha256_is_known(tmp_path):
    record = record_of(sha256="unknown")
    verify(put(tmp_path), record)
    path = put(tmp_path, bytes(reversed(CONTENT)))
    with pytest.raises(WeightsError, match=f"md5 .* found, {record.md5} expected"):
        verify(path, record)
    with pytest.raises(WeightsError, match="the hash of 'tiny' is not known"):
        verify(path, record_of(sha256="unknown", md5="unknown"))


def test_file_of_the_users_own_is_taken_without_a_record(tmp_path, catalog):
    found = resolve(put(tmp_path, b"mine", "mine.onnx"), catalog=catalog)
    assert (found.record, found.origin, found.notes) == (None, "given", ())
    found = resolve(str(put(tmp_path, b"mine", "tiny.onnx")), catalog=catalog)
    assert found.record is None
    assert found.notes == ("tiny.onnx is called like the file of 'tiny' but is another one",)


def test_the_record_that_an_export_wrote_beside_a_file_is_read(tmp_path, catalog):
    own = record_of(b"mine", name="mine", file="mine.onnx", urls=())
    path, beside = put(tmp_path, b"mine", "mine.onnx"), tmp_path / "mine.toml"
    beside.write_text(as_toml(own), encoding="utf-8")
    found = resolve(path, catalog=catalog)
    assert (found.record, found.origin, found.notes) == (own, "given", ())
    assert resolve(path, catalog=catalog, commercial_only=True).record == own
    beside.write_text(as_toml(dataclasses.replace(own, commercial_use="unclear")), encoding="utf-8")
    with pytest.raises(WeightsError, match="commercial use"):
        resolve(path, catalog=catalog, commercial_only=True)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (
            as_toml(record_of(b"older", name="mine", file="mine.onnx")),
            "mine.toml beside the weights is the record of anot",
        ),
        ("[tool]\nx = 1\n", "mine.toml beside the weights is no record of them: "),
    ],
)
def test_a_record_that_does_not_fit_is_left_alone_with_a_note(tmp_path, catalog, text, note):
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    found = resolve(put(tmp_path, b"mine", "mine.onnx"), catalog=catalog)
    assert found.record is None
    assert len(found.notes) == 1
    assert found.notes[0].startswith(note)


def test_a_name_is_not_taken_for_a_file_and_a_path_not_for_a_name(monkeypatch, tmp_path, home, catalog):
    monkeypatch.chdir(tmp_path)
    put(tmp_path, b"something else", "tiny")
    put(home)
    assert resolve("tiny", catalog=catalog).path == home / "tiny.onnx"
    assert resolve(Path("tiny"), catalog=catalog).path == Path("tiny")
    for missing in ("nowhere.onnx", "folder/tiny", tmp_path / "tinyy"):
        with pytest.raises(WeightsError, match="there is no such file"):
            resolve(missing, catalog=catalog)
    with pytest.raises(WeightsError, match="is a folder"):
        resolve(tmp_path, catalog=catalog)
    with pytest.raises(WeightsError, match="did you mean tiny"):
        resolve("tinny", catalog=catalog)


@pytest.mark.parametrize("asked", ["argument", "variable"])
def test_commercial_only_refuses_what_is_not_clear(monkeypatch, tmp_path, home, catalog, asked):
    put(home)
    put(home, b"grey", "doubtful.onnx")
    mine = put(tmp_path, b"mine", "mine.onnx")
    assert resolve("doubtful", catalog=catalog).record.name == "doubtful"
    if asked == "variable":
        monkeypatch.setenv("CLEANPLATE_COMMERCIAL_ONLY", "1")
    only = asked == "argument"
    assert resolve("tiny", commercial_only=only, catalog=catalog).path.name == "tiny.onnx"
    with pytest.raises(WeightsError, match=r"weights 'doubtful': refused: .*not clear \(not said\)"):
        resolve("doubtful", commercial_only=only, catalog=catalog)
    with pytest.raises(WeightsError, match="'doubtful': refused"):
        resolve(home / "doubtful.onnx", commercial_only=only, catalog=catalog)
    with pytest.raises(WeightsError, match=r"mine.onnx: refused: .*no record knows this file"):
        resolve(mine, commercial_only=only, catalog=catalog)


def test_commercial_only_variable_is_yes_or_no(monkeypatch, home, catalog):
    put(home, b"grey", "doubtful.onnx")
    monkeypatch.setenv("CLEANPLATE_COMMERCIAL_ONLY", "0")
    assert resolve("doubtful", catalog=catalog)
    monkeypatch.setenv("CLEANPLATE_COMMERCIAL_ONLY", "maybe")
    with pytest.raises(ArgumentError, match="CLEANPLATE_COMMERCIAL_ONLY: is 'maybe'"):
        resolve("doubtful", catalog=catalog)


def test_read_only_folders_are_enough(home, catalog):
    put(home)
    home.chmod(0o555)
    try:
        assert resolve("tiny", catalog=catalog).path.parent == home
    finally:
        home.chmod(0o755)
    assert [path.name for path in home.iterdir()] == ["tiny.onnx"]


def test_weights_without_a_known_hash_or_address_say_how_to_get_them(catalog):
    with pytest.raises(WeightsError, match="hash is not known; get https://"):
        installed(record_of(sha256="unknown", md5="unknown"))
    with pytest.raises(WeightsError, match="come in the Python package tiny-weights"):
        installed(record_of(urls=(), python_package="tiny-weights"))


def test_user_folder_is_in_the_place_of_the_platform(tmp_path, home):
    assert home.parts[-2:] == ("cleanplate", "models")
    if sys.platform.startswith("linux"):
        assert home == tmp_path / "data" / "cleanplate" / "models"
    assert not home.exists()
    assert folders.search_folders()[-1] == (folders.BUNDLED, "bundled")
    assert whereabouts(record_of()) is None


def test_importing_the_store_is_light():
    code = "import sys, cleanplate.weights.store; print({'numpy', 'urllib.request', 'rich', 'cv2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
