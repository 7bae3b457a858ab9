"""The dependency rule of ARCHITECTURE.md, read off the source: stages never import each other; tasks join them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "cleanplate"
STAGES = {"decode", "detect", "mask", "inpaint", "matting", "colour", "prints", "compose", "encode"}
NEUTRAL = {"errors", "types", "picture", "clip", "planes", "container"}
SERVICES = {"runtime", "weights"}
ALLOWED = {
    **dict.fromkeys(STAGES, NEUTRAL | SERVICES),
    **dict.fromkeys(NEUTRAL, NEUTRAL),
    **dict.fromkeys(SERVICES, NEUTRAL | SERVICES),
    "tasks": NEUTRAL | SERVICES | STAGES,
    "batch": NEUTRAL | SERVICES | STAGES | {"tasks"},
    "scale": NEUTRAL | SERVICES | STAGES | {"tasks", "batch"},
    "cli": NEUTRAL | SERVICES | STAGES | {"tasks", "batch", "scale", "server"},
    "server": NEUTRAL | SERVICES | STAGES | {"tasks", "batch"},
    "__main__": {"cli"},
    "__init__": NEUTRAL | {"tasks", "detect", "colour"},
}
EXCEPTIONS = {
    # Converting public checkpoints needs the training half, which is asked for by name and may be absent.
    ("cli/models.py", "cleanplate_training"),
}
"""File and the part it may import besides; each one is a decision, not an accident."""

ONLY_RUNTIME = {"onnxruntime"}
NEVER = {"torch", "torchvision", "tensorflow", "cleanplate_training"}


def _files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute here"
            yield node.module or ""
            if node.module == "cleanplate":
                yield from (f"cleanplate.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("file", _files(), ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_imports_follow_the_rule(file: Path) -> None:
    inside = file.relative_to(PACKAGE).as_posix()
    part = inside.split("/")[0].removesuffix(".py")
    for name in _imports(file):
        top, _, rest = name.partition(".")
        assert top not in NEVER or (inside, top) in EXCEPTIONS, f"{inside} imports {name}"
        assert top not in ONLY_RUNTIME or part == "runtime", f"{inside} imports {name}; only runtime/ may"
        other = rest.split(".")[0]
        if top != "cleanplate" or not other or other == part or other == "__version__":
            continue
        allowed = ALLOWED[part] | {extra for where, extra in EXCEPTIONS if where == inside}
        assert other in allowed, f"{inside} imports {name}, which '{part}' may not"


def test_every_part_has_a_rule() -> None:
    parts = {file.relative_to(PACKAGE).parts[0].removesuffix(".py") for file in _files()}
    assert parts <= ALLOWED.keys()
