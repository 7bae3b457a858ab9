"""The folders in which weights are looked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

Origin = Literal["given", "own folder", "fetched", "bundled"]
"""How weights were found: a file that was named, or in one of the folders here."""

VARIABLE = "CLEANPLATE_MODELS"
"""Environment variable with folders of the user's own, separated as in ``PATH``."""

BUNDLED = Path(__file__).parent / "files"
"""Weights that ship with cleanplate."""


def user_folder() -> Path:
    """Where fetched weights go: ``cleanplate/models`` in the place of the platform for data of programs.

    ``$XDG_DATA_HOME`` or ``~/.local/share`` on Linux, ``~/Library/Application Support`` on macOS,
    ``%LOCALAPPDATA%`` on Windows. The folder need not exist.
    """
    import platformdirs

    return platformdirs.user_data_path("cleanplate", appauthor=False) / "models"


def own_folders() -> list[Path]:
    """The folders of ``CLEANPLATE_MODELS``, in its order."""
    return [Path(part).expanduser() for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part.strip()]


def search_folders() -> list[tuple[Path, Origin]]:
    """All folders, in the order in which they are searched: the user's own, fetched weights, bundled weights."""
    own: list[tuple[Path, Origin]] = [(folder, "own folder") for folder in own_folders()]
    return [*own, (user_folder(), "fetched"), (BUNDLED, "bundled")]
