"""Where the built web page is, and building it in a clone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

PAGE = Path(__file__).parent / "page"
"""Folder of the built page inside the package."""
SOURCE = Path(__file__).parents[3] / "web"
"""Sources of the page, in a clone only."""


def built_page(say: Callable[[str], None], *, page: Path = PAGE, source: Path = SOURCE) -> Path | None:
    """Return the folder of the page; in a clone it is built first if it is missing or older than its sources.

    Args:
        say: takes one line for people.
        page: where the built page belongs.
        source: where its sources are in a clone.

    Returns:
        None if there is no page and it cannot be built; then ``say`` was told how.
    """
    there = page / "index.html"
    if not (source / "package.json").is_file():
        return page if there.is_file() else None
    if there.is_file() and there.stat().st_mtime >= _newest(source):
        return page
    npm = shutil.which("npm")
    if npm is None:
        say("the web page is not built; install Node and run 'make page'")
        return page if there.is_file() else None
    say("building the web page (npm run build) ...")
    try:
        if not (source / "node_modules").is_dir():
            subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=source, check=True, capture_output=True)
        subprocess.run([npm, "run", "build"], cwd=source, check=True, capture_output=True)
    except (subprocess.CalledProcessError, OSError) as error:
        reason = getattr(error, "stderr", None) or str(error).encode()
        lines = reason.decode(errors="replace").strip().splitlines()
        say(f"the web page could not be built ({lines[-1] if lines else error}); try 'make page'")
    return page if there.is_file() else None


def _newest(source: Path) -> float:
    """Time of the last change of what the page is built from."""
    files = [
        source / "index.html",
        source / "package.json",
        *(source / "src").rglob("*"),
        *(source / "public").rglob("*"),
    ]
    return max(file.stat().st_mtime for file in files if file.is_file())
