"""``cleanplate doctor``: what is installed here, what works, and what a slow or failing run may be due to."""

from __future__ import annotations

import dataclasses
import json as json_text
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleanplate.cli.doctor_findings import Findings

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def doctor(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check this installation: versions, cores, memory, engines, devices, weights, extras, folders.

    Engines are tried on a small picture, devices by running a small network on them, and installed weights are read and
    compared with their records. Nothing is fetched. Ends with exit code 6 if something that is installed is damaged.
    """
    from cleanplate.cli.doctor_findings import examined
    from cleanplate.errors import EngineError

    findings = examined()
    if json:
        typer.echo(json_text.dumps(dataclasses.asdict(findings), indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join(_lines(findings)))
    if findings.problems:
        raise EngineError(f"{len(findings.problems)} problem(s): {'; '.join(findings.problems)}")


def _lines(findings: Findings) -> Iterator[str]:
    yield f"cleanplate {findings.versions['cleanplate']}, Python {findings.versions['python']}, {findings.platform}"
    others = {name: version for name, version in findings.versions.items() if name not in ("cleanplate", "python")}
    yield f"  {', '.join(f'{name} {version}' for name, version in others.items())}"
    yield ""
    yield _cores(findings)
    yield _memory(findings)
    yield ""
    yield "Engines"
    for engine in findings.engines:
        yield f"  {engine.name:10} {engine.problem or 'works'}"
    yield "  onnx       with weights, on the devices below"
    yield ""
    yield f"Devices (--device auto means {findings.automatic or 'none: networks cannot run'})"
    for device in findings.devices:
        state = "works" if device.works else device.problem
        yield f"  {device.name:9} {state}" + ("" if device.installed else f" ({device.install})")
    yield ""
    yield "Weights" if findings.weights else "Weights: none on this machine ('cleanplate models' lists what there is)"
    for weight in findings.weights:
        yield f"  {weight.name}: {weight.path}: {weight.state}"
    yield ""
    yield "Extras"
    for extra in findings.extras:
        missing = f"lacks {', '.join(extra.missing)}; pip install 'cleanplate[{extra.name}]'"
        yield f"  {extra.name:9} {missing if extra.missing else 'installed'} ({extra.purpose})"
    yield ""
    yield "Folders"
    for folder in findings.folders:
        yield f"  {folder.purpose}: {folder.path} ({folder.state})"
    if findings.variables:
        yield ""
        yield "Environment"
        yield from (f"  {name}={value}" for name, value in findings.variables.items())
    if findings.remarks:
        yield ""
        yield from (f"Note: {remark}" for remark in findings.remarks)


def _cores(findings: Findings) -> str:
    cores = findings.cores
    reasons = []
    if cores.affinity is not None and cores.affinity < cores.machine:
        reasons.append(f"bound to {cores.affinity} (affinity)")
    if cores.quota is not None:
        reasons.append(f"a quota of {cores.quota:g} by its container or service")
    return ", ".join([f"Cores: {cores.usable} used of {cores.machine}", *reasons])


def _memory(findings: Findings) -> str:
    memory = findings.memory
    total = "not told by this system" if memory.machine is None else f"{memory.machine / 2**30:.1f} GiB"
    limit = "" if memory.limit is None else f", limited to {memory.limit / 2**30:.1f} GiB by its container or service"
    return f"Memory: {total}{limit}"
