"""Tables of the erase benchmark, and the place in README.md where they go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

START, END = "<!-- figures of benchmarks.erase start -->", "<!-- figures of benchmarks.erase end -->"

_FILE_TARGETS = {"2 MP": "1.5 s", "24 MP": "2.0 s, 1000 MB", "33 MP": "3.0 s", "100 MP": "2500 MB"}
_FLAT_TARGET = 1.3


def tables(results: dict[str, Any]) -> list[str]:
    """All tables as Markdown lines."""
    machine, cases = results["machine"], results["cases"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    head = [
        f"{machine['cores']} cores of {machine['processor']}, {machine['system']}, Python {machine['python']};",
        f"{versions}.",
        f"Median of {machine['repeats']} interleaved runs (smallest..largest).",
        "",
    ]
    parts = {"file": _files, "engine": _engines, "memory": _memory, "start": _starts}
    groups = {name.partition("/")[0] for name in cases}
    return [*head, *(line for group, part in parts.items() if group in groups for line in (*part(cases), ""))][:-1]


def update_readme(path: Path, lines: list[str]) -> None:
    """Replace what stands between the two marks."""
    before, _, rest = path.read_text(encoding="utf-8").partition(START)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{START}\n" + "\n".join(lines) + f"\n{END}{after}", encoding="utf-8")


def _files(cases: dict[str, Any]) -> list[str]:
    lines = [
        "### File to file (whole process: start, decode, erase, encode)",
        "",
        "| photo | method | seconds | peak MB | times cleanplate | target |",
        "|---|---|---|---|---|---|",
    ]
    for name, case in cases.items():
        group, _, rest = name.partition("/")
        if group != "file":
            continue
        label, _, method = rest.partition("/")
        ours = cases[f"file/{label}/cleanplate"]["median_s"]
        ratio = f"{'' if case['finished'] else 'over '}{case['median_s'] / ours:.1f}"
        target = _FILE_TARGETS[label] if method == "cleanplate" else ""
        lines.append(f"| {label} | {method} | {_seconds(case)} | {case['peak_mb']} | {ratio} | {target} |")
    return lines


def _engines(cases: dict[str, Any]) -> list[str]:
    lines = [
        "### Engines (4K photo, a tenth of it erased; whole process)",
        "",
        "| engine | seconds | peak MB | target |",
        "|---|---|---|---|",
    ]
    for name, case in cases.items():
        group, _, engine = name.partition("/")
        if group == "engine":
            target = "3.0 s, 1000 MB" if engine == "cra" else ""
            lines.append(f"| {engine} | {_seconds(case)} | {case['peak_mb']} | {target} |")
    return lines


def _memory(cases: dict[str, Any]) -> list[str]:
    own: dict[str, dict[str, Any]] = {}
    for name, case in cases.items():
        if name.startswith("memory/"):
            _, growing, label = name.split("/")
            own.setdefault(growing, {})[label] = case
    labels = list(next(iter(own.values())))
    lines = [
        "### In memory (a warm `cleanplate.erase`, no decoding or encoding)",
        "",
        f"| selection | {' | '.join(labels)} | largest / smallest |",
        "|---" * (len(labels) + 2) + "|",
    ]
    for growing, by_label in own.items():
        medians = [case["median_s"] for case in by_label.values()]
        cells = [f"{_seconds(by_label[label])}, {by_label[label]['peak_mb']} MB" for label in labels]
        lines.append(f"| {growing} | {' | '.join(cells)} | {max(medians) / min(medians):.2f} (target {_FLAT_TARGET}) |")
    return lines


def _starts(cases: dict[str, Any]) -> list[str]:
    base = cases["start/import numpy"]["median_s"]
    lines = ["### Start", "", "| what | seconds | over `import numpy` | target |", "|---|---|---|---|"]
    targets = {"import cleanplate": "0.2 s over numpy", "cleanplate --help": "0.3 s"}
    for name, case in cases.items():
        group, _, what = name.partition("/")
        if group == "start":
            over = case["median_s"] - base
            lines.append(f"| {what} | {_seconds(case)} | {over:+.2f} | {targets.get(what, '')} |")
    return lines


def _seconds(case: dict[str, Any]) -> str:
    if not case["finished"]:
        return f"ended after {case['max_s']:.0f}"
    if case["runs"] == 1:
        return f"{case['median_s']:.2f} (one run)"
    return f"{case['median_s']:.2f} ({case['min_s']:.2f}..{case['max_s']:.2f})"
