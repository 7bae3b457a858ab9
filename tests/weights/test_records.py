"""Every record that ships is complete; incomplete or contradictory ones are refused with what is valid."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest

from cleanplate.errors import WeightsError
from cleanplate.weights.catalog import RECORDS, Catalog, shipped
from cleanplate.weights.folders import BUNDLED
from cleanplate.weights.record import Record, as_toml, read_record, texts
from tests.weights.records import catalog_of, record_of

FILES = sorted(RECORDS.glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_shipped_records_are_complete(path):
    record = read_record(path)
    assert record.training_data, "say 'unknown' at least"
    assert record.sources
    assert record.input == "unknown" or record.input.multiple_of >= 1
    assert {port.way for port in record.ports} in (set(), {"input", "output"})
    if record.runnable:
        assert "unknown" not in (record.input, record.output, record.bytes, record.sha256)
        assert record.run_with.startswith("cleanplate ")
        assert record.ports
    if record.bundled:
        content = (BUNDLED / record.file).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (record.bytes, record.sha256)


def test_every_file_that_ships_has_a_record():
    names = {path.name for path in BUNDLED.glob("*.onnx")}
    assert names == {record.file for record in shipped().records if record.bundled}


def test_nothing_of_this_machine_is_in_a_record():
    for record in shipped().records:
        for where, text in texts(record):
            assert "/home/" not in text, f"{record.name}: {where}"
            assert not text.startswith("/"), f"{record.name}: {where}"


def test_catalog_finds_by_name_and_task():
    catalog = shipped()
    assert [path.stem for path in FILES] == [record.name for record in catalog.records]
    assert catalog.named("lama").bytes == 208044816
    assert {record.name for record in catalog.for_task("inpaint")} >= {"lama", "migan", "big-lama", "hifill"}
    assert "lama" in catalog
    assert "nothing" not in catalog


@pytest.mark.parametrize(
    ("asked", "near"), [("lamma", "lama"), ("u2netp", "u2net-p"), ("modnet", "modnet-photographic"), ("Migan", "migan")]
)
def test_unknown_names_list_similar_ones(asked, near):
    with pytest.raises(WeightsError, match=f"'{asked}'") as caught:
        shipped().named(asked)
    assert f"did you mean {near}" in caught.value.fix or f" {near}" in caught.value.fix


def test_unknown_name_that_resembles_nothing_lists_all():
    with pytest.raises(WeightsError, match="known are: big-lama, "):
        shipped().named("xyzzyqq")


def test_written_records_read_back_equal(tmp_path):
    for record in [*shipped().records, record_of()]:
        path = tmp_path / f"{record.name}.toml"
        path.write_text(as_toml(record), encoding="utf-8")
        assert read_record(path) == record


FIELDS = [field.name for field in dataclasses.fields(Record)]


@pytest.mark.parametrize("name", FIELDS)
def test_a_missing_key_is_named(tmp_path, name):
    path = tmp_path / "tiny.toml"
    lines = as_toml(
        record_of(sources=("one",), measured=(), ports=(), training_data=(), input="unknown", output="unknown")
    )
    kept = [line for line in lines.splitlines() if not line.startswith(f"{name} =")]
    path.write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(WeightsError, match=f"tiny.toml: lacks {name}; "):
        read_record(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('licence = "', 'lisence = "', "unknown key 'lisence'; did you mean 'licence'"),
        ("bytes = ", "bytes = -", "bytes is -"),
        ("bytes = 1048576", 'bytes = "1048576"', "bytes is '1048576'; give a whole number or \"unknown\""),
        ("bytes = 1048576", "bytes = true", "bytes is True"),
        ("bytes = 1048576", "bytes = 1.5", "bytes is 1.5"),
        ('task = "inpaint"', 'task = "paint"', "task is 'paint'; give \"inpaint\" or "),
        ("bundled = false", 'bundled = "no"', "bundled is 'no'; give true or false"),
        ("urls = [", "urls = [3, ", r"urls\[0\] is 3; give text"),
        ('urls = ["https', 'urls = ["http', "every URL must begin with https"),
        ('file = "tiny', 'file = "../tiny', "must be a plain file name"),
        ('name = "tiny"', 'name = "small"', "name 'small' must be that of the file"),
        ('sha256 = "', 'sha256 = "0', "must be 64 small hexadecimal digits"),
        ('licence = "Apache-2.0"', 'licence = " "', "licence is empty"),
        ('format = "onnx"', 'format = "pytorch"', "opset is '18' for format pytorch"),
        ("value = 0.5", 'value = "high"', r"measured\[0\].value is 'high'; give a number"),
        ('way = "input"', 'way = "inwards"', r"ports\[0\].way is 'inwards'"),
        ("multiple_of = 1", "multiples = 1", r"\[input\] unknown key 'multiples'; did you mean 'multiple_of'"),
        ("mean = [0.0, 0.0, 0.0]", "mean = [0.0]", r"\[input\] mean and std need 3"),
        ("[input]", "[input", "cannot be read"),
    ],
)
def test_mistakes_are_named(tmp_path, old, new, message):
    path = tmp_path / "tiny.toml"
    text = as_toml(record_of())
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(WeightsError, match=message) as caught:
        read_record(path)
    assert caught.value.subject == str(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipe": "unknown"}, "recipe is unknown"),
        ({"bytes": "unknown"}, "bytes is unknown"),
        ({"input": "unknown"}, "input is unknown"),
        ({"measured": ()}, "lacks training_data, measured or ports"),
        ({"commercial_use": "unclear"}, "commercial use is not clear"),
    ],
)
def test_weights_that_ship_have_no_unknowns(tmp_path, change, message):
    path = tmp_path / "tiny.toml"
    path.write_text(as_toml(record_of(bundled=True)), encoding="utf-8")
    assert read_record(path).bundled
    path.write_text(as_toml(record_of(bundled=True, **change)), encoding="utf-8")
    with pytest.raises(WeightsError, match=message):
        read_record(path)


def test_records_of_the_catalog_say_where_their_file_can_be_had(tmp_path):
    with pytest.raises(WeightsError, match=r"tiny\.toml: nothing says where the file can be had"):
        catalog_of(tmp_path, record_of(urls=()))


def test_two_records_cannot_claim_one_file(tmp_path):
    with pytest.raises(WeightsError, match=r"file 'tiny.onnx' is also that of 'other'"):
        catalog_of(tmp_path, record_of(), record_of(name="other"))
    assert Catalog(tmp_path / "empty").records == []
