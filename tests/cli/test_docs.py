"""The manual says what the program does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from cleanplate.cli.app import EXIT_CODES

MANUAL = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", MANUAL, re.DOTALL) for line in block.splitlines() if line]


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_are_understood(cleanplate, line, monkeypatch):
    asked = []
    monkeypatch.setattr("cleanplate.cli.wishes.carry_out", asked.append)
    words = shlex.split(line.split("|")[-1].split(">")[0])
    assert words[0] == "cleanplate"
    ran = cleanplate(*words[1:])
    assert ran.code == 0, ran.stderr
    if words[1] == "erase":
        assert not asked[0].assignment.selection.is_empty


def test_every_option_of_erase_is_explained(cleanplate, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    options = set(re.findall(r"--[a-z][a-z-]+", cleanplate("erase", "--help").stdout))
    explained = set(re.findall(r"--[a-z][a-z-]+", MANUAL))
    assert options - {"--help", "--output"} - explained == set()
    assert explained - options - {"--help", "--debug"} == set()


def test_exit_codes_are_those_of_the_program():
    said = {row[0]: row[1].replace("`", "") for row in re.findall(r"^\| (\d+) \| (.+?) \|$", MANUAL, re.MULTILINE)}
    for line in EXIT_CODES.splitlines():
        code, _, meaning = line.strip().partition(" ")
        if code.isdigit():
            assert said[code].startswith(meaning.strip().removesuffix(")"))
