"""Fetching: verified, continued where it ended, and never half a file; against a server on this machine."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from cleanplate.errors import ArgumentError, OutputError, WeightsError
from cleanplate.weights.fetch import addresses, fetch
from cleanplate.weights.part_file import part_of
from cleanplate.weights.transfer import TransferError, _NoDowngrade, transfer
from tests.weights.records import CONTENT, record_of


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_fetched_file_is_whole_and_alone(server, home):
    steps = []
    path = fetch(record_of(), mirror=server.address, progress=lambda done, total: steps.append((done, total)))
    assert path == home / "tiny.onnx"
    assert path.read_bytes() == CONTENT
    assert names(home) == {"tiny.onnx"}
    assert steps[-1] == (len(CONTENT), len(CONTENT))
    assert steps == sorted(steps)
    assert fetch(record_of(), mirror=server.address) == path
    assert len(server.asked) == 1, "what is there is not fetched again"


def test_broken_connections_are_continued_within_one_call(server, home):
    server.stop_after = [300_000, 100_000]
    assert fetch(record_of(), mirror=server.address).read_bytes() == CONTENT
    assert [asked.get("range") for asked in server.asked] == [None, "bytes=300000-", "bytes=400000-"]
    assert [asked.get("if-range") for asked in server.asked] == [None, '"one"', '"one"']
    assert names(home) == {"tiny.onnx"}


def interrupted(server, home):
    server.stop_after = [100_000] * 4
    with pytest.raises(WeightsError, match="400000 bytes are kept; the same command goes on") as caught:
        fetch(record_of(), mirror=server.address)
    assert f"ended after 400000 of {len(CONTENT)} bytes" in str(caught.value)
    assert names(home) == {".tiny.onnx.part", ".tiny.onnx.part-of"}
    server.asked.clear()


def test_next_call_goes_on_where_the_last_one_ended(server, home):
    interrupted(server, home)
    assert fetch(record_of(), mirror=server.address).read_bytes() == CONTENT
    assert [asked.get("range") for asked in server.asked] == ["bytes=400000-"]
    assert names(home) == {"tiny.onnx"}


def test_server_without_ranges_sends_all_again(server, home):
    interrupted(server, home)
    server.ranges = False
    assert fetch(record_of(), mirror=server.address).read_bytes() == CONTENT
    assert len(server.asked) == 1
    assert names(home) == {"tiny.onnx"}


def test_other_version_on_the_server_is_fetched_from_the_beginning(server, home):
    interrupted(server, home)
    server.etag = '"two"'
    assert fetch(record_of(), mirror=server.address).read_bytes() == CONTENT
    assert server.asked[0]["if-range"] == '"one"'
    assert len(server.asked) == 1


def test_kept_bytes_of_another_version_lead_to_one_more_attempt(server, home):
    """Without a version the server cannot know better; the hash does."""
    server.etag = None
    server.files["/tiny.onnx"] = bytes(len(CONTENT))
    interrupted(server, home)
    server.files["/tiny.onnx"] = CONTENT
    assert fetch(record_of(), mirror=server.address).read_bytes() == CONTENT
    assert [asked.get("range") for asked in server.asked] == ["bytes=400000-", None]


def test_complete_part_needs_no_more_bytes(server, home):
    home.mkdir(parents=True)
    (home / ".tiny.onnx.part").write_bytes(CONTENT)
    assert fetch(record_of(), mirror=server.address).read_bytes() == CONTENT
    assert names(home) == {"tiny.onnx"}


def test_wrong_content_leaves_nothing(server, home):
    server.files["/tiny.onnx"] = bytes(len(CONTENT))
    with pytest.raises(WeightsError, match=r"what was fetched is not the file of 'tiny': sha256 .* nothing was kept"):
        fetch(record_of(), mirror=server.address)
    assert names(home) == set()


def test_too_much_content_is_not_stored(server, home):
    server.files["/tiny.onnx"] = CONTENT * 3
    server.length = False
    steps = []
    with pytest.raises(WeightsError, match=f"sends more than the {len(CONTENT)} bytes"):
        fetch(record_of(), mirror=server.address, progress=lambda done, total: steps.append(done))
    assert max(steps) <= len(CONTENT)
    assert names(home) == set()


def test_too_little_content_is_not_installed(server, home):
    server.files["/tiny.onnx"] = CONTENT[:-5]
    server.length = False
    with pytest.raises(
        WeightsError, match=f"{len(CONTENT) - 5} bytes found, {len(CONTENT)} expected; nothing was kept"
    ):
        fetch(record_of(), mirror=server.address)
    assert names(home) == set()


def test_missing_on_the_server_says_how_to_do_it_by_hand(server, home, tmp_path):
    with pytest.raises(WeightsError) as caught:
        fetch(record_of(file="other.onnx"), mirror=server.address, folder=tmp_path / "there")
    text = str(caught.value)
    record = record_of()
    for fact in ("404", "other.onnx", str(record.bytes), record.sha256, record.urls[0], str(tmp_path / "there")):
        assert fact in text
    assert "\n" not in text
    assert names(tmp_path / "there") == set()


def test_offline_says_how_to_do_it_by_hand(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(
        WeightsError, match=f"http://127.0.0.1:{port}/tiny.onnx: .*refused.*; without network: put tiny"
    ):
        fetch(record_of(), mirror=f"http://127.0.0.1:{port}")
    assert names(home) == set()


def test_silent_server_is_given_up(home):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(WeightsError, match="does not answer in time"):
            fetch(record_of(), mirror=f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)


def test_mirrors_map_to_file_names(monkeypatch, tmp_path):
    record = record_of(file="tiny-1.0.onnx")
    assert addresses(record) == ["https://weights.invalid/tiny.onnx"]
    assert addresses(record, "https://mirror.example/models/") == ["https://mirror.example/models/tiny-1.0.onnx"]
    monkeypatch.setenv("CLEANPLATE_MIRROR", "http://10.0.0.1:8000/x")
    assert addresses(record) == ["http://10.0.0.1:8000/x/tiny-1.0.onnx"]
    assert addresses(record, str(tmp_path)) == [f"{tmp_path.as_uri()}/tiny-1.0.onnx"]
    for wrong in ("ftp://mirror.example", str(tmp_path / "nowhere")):
        with pytest.raises(ArgumentError, match="neither an address"):
            addresses(record, wrong)


def test_folder_as_mirror(tmp_path, home):
    (tmp_path / "usb stick").mkdir()
    (tmp_path / "usb stick" / "tiny.onnx").write_bytes(CONTENT)
    assert fetch(record_of(), mirror=str(tmp_path / "usb stick")).read_bytes() == CONTENT
    with pytest.raises(WeightsError, match="cannot be fetched"):
        fetch(record_of(file="absent.onnx"), mirror=str(tmp_path / "usb stick"))


def test_addresses_of_a_record_are_tried_in_order(monkeypatch, server, home):
    record = record_of(urls=(f"{server.address}/gone.onnx", f"{server.address}/tiny.onnx"))
    assert fetch(record).read_bytes() == CONTENT
    assert [asked["path"] for asked in server.asked] == ["/gone.onnx", "/tiny.onnx"]


def test_redirects_are_followed_but_never_away_from_https(server, home):
    import urllib.request

    server.redirect = "https://127.0.0.1:1/tiny.onnx"
    with pytest.raises(WeightsError, match="refused"):
        fetch(record_of(), mirror=server.address)
    handler = _NoDowngrade()
    secure = urllib.request.Request("https://weights.invalid/tiny.onnx")
    with pytest.raises(TransferError, match="not https"):
        handler.redirect_request(secure, None, 302, "Found", {}, "http://weights.invalid/tiny.onnx")
    sent_on = handler.redirect_request(secure, None, 302, "Found", {}, "https://cdn.invalid/tiny.onnx")
    assert sent_on.full_url == "https://cdn.invalid/tiny.onnx"


def test_proxy_of_the_environment_is_used(monkeypatch, server, home):
    server.files["http://weights.invalid/tiny.onnx"] = CONTENT
    monkeypatch.setenv("http_proxy", server.address)
    assert fetch(record_of(), mirror="http://weights.invalid").read_bytes() == CONTENT


def test_a_file_that_is_there_is_replaced_only_when_asked(server, home):
    home.mkdir(parents=True)
    (home / "tiny.onnx").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"tiny.onnx: is not the file of 'tiny': 4 bytes found.*--overwrite"):
        fetch(record_of(), mirror=server.address)
    assert (home / "tiny.onnx").read_bytes() == b"mine"
    assert fetch(record_of(), mirror=server.address, overwrite=True).read_bytes() == CONTENT


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="folders refuse nothing to this user")
def test_folder_that_cannot_be_written(server, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o555)
    with pytest.raises(OutputError, match="cannot be written: Permission denied"):
        fetch(record_of(), mirror=server.address, folder=tmp_path / "closed")


def test_target_that_is_no_folder(server, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        fetch(record_of(), mirror=server.address, folder=tmp_path / "file")


def test_what_cannot_be_verified_or_has_no_address_is_not_fetched(server, home):
    with pytest.raises(WeightsError, match="hash is not known"):
        fetch(record_of(sha256="unknown", md5="unknown"), mirror=server.address)
    with pytest.raises(WeightsError, match="Python package tiny-weights"):
        fetch(record_of(urls=(), python_package="tiny-weights"))
    with pytest.raises(WeightsError, match="refused"):
        fetch(record_of(commercial_use="no"), mirror=server.address, commercial_only=True)
    assert server.asked == []
    assert not home.exists()


@pytest.mark.skipif(os.name == "nt", reason="files are not locked there")
def test_two_writers_do_not_mix(server, home):
    home.mkdir(parents=True)
    with part_of(home / "tiny.onnx"), pytest.raises(WeightsError, match="being fetched by another process"):
        fetch(record_of(), mirror=server.address)
    assert fetch(record_of(), mirror=server.address).read_bytes() == CONTENT


def test_many_at_once_end_with_one_whole_file(server, home):
    results = []

    def one():
        try:
            results.append(fetch(record_of(), mirror=server.address))
        except WeightsError as error:
            results.append(error)

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert any(result == home / "tiny.onnx" for result in results)
    assert all("another process" in str(result) for result in results if isinstance(result, WeightsError))
    assert (home / "tiny.onnx").read_bytes() == CONTENT
    assert names(home) == {"tiny.onnx"}


def test_part_that_the_server_did_not_send_as_asked_is_refused(server, tmp_path):
    with (tmp_path / "file").open("w+b") as file:
        file.write(b"12345")
        server.files["/tiny.onnx"] = CONTENT
        assert transfer(f"{server.address}/tiny.onnx", file).size == len(CONTENT)
        file.seek(0)
        assert file.read(10) == b"12345" + CONTENT[5:10]
