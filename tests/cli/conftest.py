"""A small photograph, and the program called in this process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from cleanplate.cli.app import app
from tests.cli.pictures import photo_pixels


@dataclass
class Ran:
    code: int
    stdout: str
    stderr: str
    stdout_bytes: bytes

    @property
    def error(self) -> str:
        """The one line of an error."""
        lines = [line for line in self.stderr.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.stderr
        assert "Traceback" not in self.stderr
        return lines[0]


@pytest.fixture
def cleanplate(monkeypatch, tmp_path):
    """Call the program in ``tmp_path``, as ``cleanplate("erase", "photo.png", ...)``."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments, stdin=None) -> Ran:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
        return Ran(result.exit_code, result.stdout, result.stderr, result.stdout_bytes)

    return call


@pytest.fixture
def photo(tmp_path) -> Path:
    """``photo.png``, 120 x 90."""
    path = tmp_path / "photo.png"
    Image.fromarray(photo_pixels()).save(path)
    return path
