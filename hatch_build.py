"""Puts the built web page into wheels; an editable install leaves it to `cleanplate serve`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageBuildHook(BuildHookInterface[Any]):
    """Builds the page before a wheel is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page if this is a release and not an editable install."""
        if version == "editable" or self.target_name != "wheel":
            return
        file = Path(self.root, "src/cleanplate/server/page.py")
        # Loaded by itself: the package's dependencies are not there while it is built.
        spec = importlib.util.spec_from_file_location("page", file)
        assert spec is not None
        assert spec.loader is not None
        page = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(page)
        page.built_page(lambda line: print(line, file=sys.stderr))
