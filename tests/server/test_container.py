"""The container files say what SECURITY.md promises; read by a parser, since tests need no container engine."""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from dockerfile_parse import DockerfileParser
from typer.main import get_command

ROOT = Path(__file__).parents[2]
KNOWN = {
    *("FROM", "WORKDIR", "COPY", "RUN", "LABEL", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "COMMENT"),
}


@pytest.fixture(scope="module")
def stages():
    """Instructions by stage; the last one is what runs."""
    parser = DockerfileParser(fileobj=BytesIO((ROOT / "Dockerfile").read_bytes()))
    found = []
    for step in parser.structure:
        assert step["instruction"] in KNOWN, step
        if step["instruction"] == "FROM":
            found.append([])
        if found and step["instruction"] != "COMMENT":
            found[-1].append((step["instruction"], step["value"]))
    return found


def values(stage, instruction):
    return [value for name, value in stage if name == instruction]


def test_the_stage_that_runs_holds_no_build_tools_and_no_rights(stages):
    last = stages[-1]
    assert len(stages) >= 3
    assert values(last, "USER") == ["10001:10001"]
    names = [name for name, _ in last]
    assert names.index("USER") > max(place for place, name in enumerate(names) if name in ("COPY", "RUN"))
    assert all("--from=" in value for value in values(last, "COPY"))
    assert not any(word in value for value in values(last, "RUN") for word in ("apt", "pip", "npm", "curl", "wget"))


def test_bases_have_versions_and_no_secret_is_built_in(stages):
    for stage in stages:
        base = values(stage, "FROM")[0].split()[0]
        assert re.search(r":\d", base), base
        assert not any("TOKEN" in value for value in values(stage, "ENV"))


def test_what_is_copied_is_there(stages):
    for stage in stages:
        for value in values(stage, "COPY"):
            if "--from" not in value:
                for source in value.split()[:-1]:
                    assert (ROOT / source).exists(), source


def test_the_command_is_one_that_the_program_knows(stages):
    from cleanplate.cli.serve import app

    known = {option for parameter in get_command(app).params for option in parameter.opts}
    entry = json.loads(values(stages[-1], "ENTRYPOINT")[0])
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    extra = compose["services"]["cleanplate"]["command"]
    assert entry[:2] == ["cleanplate", "serve"]
    assert {word for word in (*entry, *extra) if word.startswith("--")} <= known
    assert entry[entry.index("--port") + 1] == values(stages[-1], "EXPOSE")[0]


def test_hadolint_finds_nothing():
    program = Path(sysconfig.get_path("scripts"), "hadolint")
    done = subprocess.run([program, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_runs_it_read_only_on_this_machine_alone():
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["cleanplate"]
    assert service["read_only"] is True
    assert [each.split(":")[0] for each in service["tmpfs"]] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert ":?" in service["environment"]["CLEANPLATE_TOKEN"]
    assert service["mem_limit"]
