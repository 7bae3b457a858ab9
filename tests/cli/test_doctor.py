"""The doctor command: what it finds, as text and as JSON, and when it complains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from cleanplate import __version__
from cleanplate.cli import doctor_findings
from cleanplate.runtime import session
from cleanplate.weights import folders
from tests.weights.records import CONTENT, catalog_of, record_of


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """The user's folder for weights."""
    for name in [name for name in os.environ if name.startswith("CLEANPLATE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "data"))
    return folders.user_folder()


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A catalog of one small weight."""
    record = record_of()
    catalog = catalog_of(tmp_path / "records", record)
    monkeypatch.setattr(doctor_findings, "shipped", lambda: catalog)
    return record


def found(cleanplate, code=0):
    ran = cleanplate("doctor", "--json")
    assert ran.code == code, ran.stderr
    return json.loads(ran.stdout)


def test_a_healthy_machine(cleanplate, home):
    data = found(cleanplate)
    assert data["versions"]["cleanplate"] == __version__
    assert data["versions"]["onnxruntime"][0].isdigit()
    assert 1 <= data["cores"]["usable"] <= data["cores"]["machine"]
    devices = {device["name"]: device for device in data["devices"]}
    assert list(devices) == ["cpu", "cuda", "tensorrt", "openvino", "coreml", "directml", "cann"]
    assert devices["cpu"]["works"]
    assert devices[data["automatic"]]["works"]
    assert data["folders"][0] == {"purpose": "fetched weights", "path": str(home), "state": "made when needed"}
    assert not home.exists(), "looking leaves no traces"
    assert data["problems"] == []


def test_weights_are_verified(cleanplate, home, tiny):
    home.mkdir(parents=True)
    (home / tiny.file).write_bytes(CONTENT)
    (weight,) = found(cleanplate)["weights"]
    assert (weight["name"], weight["state"]) == (tiny.name, "verified")
    (home / tiny.file).write_bytes(CONTENT[:-1])
    data = found(cleanplate, code=6)
    assert "bytes found" in data["weights"][0]["state"]
    assert len(data["problems"]) == 1
    ran = cleanplate("doctor")
    assert ran.code == 6
    assert tiny.name in ran.error


def test_text_says_the_same(cleanplate, home, tiny, monkeypatch, tmp_path):
    monkeypatch.setenv("CLEANPLATE_MODELS", str(tmp_path / "mine"))
    ran = cleanplate("doctor")
    assert ran.code == 0, ran.stderr
    assert ran.stdout.startswith(f"cleanplate {__version__}, Python ")
    assert "--device auto means" in ran.stdout
    assert "\n  cpu       works\n" in ran.stdout
    assert "Weights: none on this machine" in ran.stdout
    assert f"your own weights: {tmp_path / 'mine'} (does not exist)" in ran.stdout
    assert f"  CLEANPLATE_MODELS={tmp_path / 'mine'}" in ran.stdout


def test_passwords_in_addresses_are_left_out(cleanplate, monkeypatch):
    monkeypatch.setenv("CLEANPLATE_MIRROR", "https://me:secret@files.example.org/x")
    ran = cleanplate("doctor")
    assert "CLEANPLATE_MIRROR=https://***@files.example.org/x" in ran.stdout
    assert "secret" not in ran.stdout


def test_what_limits_the_cores_is_told(cleanplate, monkeypatch):
    monkeypatch.setattr(doctor_findings, "usable_cores", lambda: 2)
    monkeypatch.setattr(doctor_findings, "affinity_cores", lambda: 8)
    monkeypatch.setattr(doctor_findings, "cpu_quota", lambda: 1.5)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    told = cleanplate("doctor").stdout
    assert "Cores: 2 used of 64, bound to 8 (affinity), a quota of 1.5 by its container or service" in told


def test_what_limits_the_memory_is_told(cleanplate, monkeypatch):
    monkeypatch.setattr(doctor_findings, "machine_memory", lambda: 64 << 30)
    monkeypatch.setattr(doctor_findings, "memory_limit", lambda: 3 << 29)
    assert "Memory: 64.0 GiB, limited to 1.5 GiB by its container or service" in cleanplate("doctor").stdout
    assert found(cleanplate)["memory"] == {"machine": 64 << 30, "limit": 3 << 29}


def test_engines_are_tried(cleanplate, monkeypatch):
    import patchmatch

    assert found(cleanplate)["engines"] == [{"name": name, "problem": ""} for name in ("patchmatch", "telea")]
    monkeypatch.setattr(patchmatch, "patchmatch_available", False)
    data = found(cleanplate, code=6)
    assert data["engines"][0]["problem"] == "the native library of PyPatchMatch did not load"
    ran = cleanplate("doctor")
    assert ran.error.startswith("error: 1 problem(s): engine 'patchmatch': the native library")


def test_without_a_usable_onnxruntime_the_rest_is_still_told(cleanplate, monkeypatch):
    session._onnxruntime.cache_clear()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    try:
        ran = cleanplate("doctor")
    finally:
        session._onnxruntime.cache_clear()
    assert ran.code == 6
    assert "onnxruntime cannot be loaded" in ran.stdout
    assert "\n  patchmatch works\n" in ran.stdout
    assert "--device auto means none" in ran.stdout
    assert "ONNX Runtime cannot be loaded" in ran.error
    assert "pip install --force-reinstall onnxruntime" in ran.error


def test_packages_that_overwrite_each_other_are_noted(cleanplate, monkeypatch):
    both = {"onnxruntime": ["onnxruntime-gpu", "onnxruntime", "onnxruntime"]}
    monkeypatch.setattr(doctor_findings.importlib.metadata, "packages_distributions", lambda: both)
    (remark,) = found(cleanplate)["remarks"]
    assert remark.startswith("onnxruntime and onnxruntime-gpu overwrite each other: pip uninstall onnxruntime onn")
    assert f"\nNote: {remark}\n" in cleanplate("doctor").stdout


def test_devices_that_auto_passes_over_are_noted(cleanplate, monkeypatch):
    passed = SimpleNamespace(device="cpu", notes=("cuda is installed but was not used: no driver",))
    monkeypatch.setattr(doctor_findings, "automatic", lambda: passed)
    assert "Note: cuda is installed but was not used: no driver" in cleanplate("doctor").stdout


def test_missing_extras_are_named_with_their_installation(cleanplate, monkeypatch):
    monkeypatch.setattr(doctor_findings, "_EXTRAS", {"raw": ("raw files", ("sys", "no_such_module"))})
    assert found(cleanplate)["extras"] == [{"name": "raw", "purpose": "raw files", "missing": ["no_such_module"]}]
    assert "lacks no_such_module; pip install 'cleanplate[raw]'" in cleanplate("doctor").stdout


def test_torch_is_not_imported_for_looking(tmp_path):
    script = (
        "import sys; from cleanplate.cli.app import app\n"
        "try: app(['doctor', '--json'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "sys.exit('torch' in sys.modules)"
    )
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
