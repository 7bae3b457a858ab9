"""The page as a static site: the built page, the networks that ship, and a manifest with their licences."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from cleanplate import __version__
from cleanplate.errors import OutputError
from cleanplate.server.page import built_page
from cleanplate.weights.catalog import shipped
from cleanplate.weights.record import Record
from cleanplate.weights.store import installed

Feature = Literal["matting", "video", "people"]
FEATURES: tuple[Feature, ...] = ("matting", "video", "people")
MANIFEST = "manifest.json"
_MADE_BY = "cleanplate web build"
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
"""Content security policy of the site: nothing is loaded from, or sent to, anywhere else."""


@dataclass(frozen=True)
class SiteWeights:
    """A network of the site.

    Attributes:
        feature: what the page uses it for.
        file: its name under ``weights/``.
        name, licence, sha256: as in its record.
    """

    feature: Feature
    file: str
    name: str
    licence: str
    sha256: str


@dataclass(frozen=True)
class Site:
    """What was written.

    Attributes:
        folder: where.
        weights: networks in it.
        missing: what no network is bundled for.
    """

    folder: Path
    weights: tuple[SiteWeights, ...]
    missing: tuple[Feature, ...]


def build_site(folder: Path, say: Callable[[str], None], *, page: Path | None = None) -> Site:
    """Write the site, whole or not at all.

    Args:
        folder: new, empty, or a site written before, which is replaced.
        say: takes one line for people, while the page is built in a clone.
        page: the built page; None for that of this installation.

    Raises:
        OutputError: the folder holds something else, the page is not built, or it cannot be written.
        WeightsError: a bundled network is damaged.
    """
    _check_ours(folder)
    page = page or built_page(say)
    if page is None:
        raise OutputError("the page is not built", subject=folder, fix="install a release, or Node and run 'make page'")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".cleanplate-site-", dir=folder.parent) as scratch:
            made = Path(scratch, "site")
            shutil.copytree(page, made)
            weights = _weights(made)
            index = made / "index.html"
            index.write_text(_local(index.read_text(encoding="utf-8")), encoding="utf-8")
            manifest = {"made_by": _MADE_BY, "version": __version__, "weights": [asdict(each) for each in weights]}
            (made / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
            if folder.exists():
                folder.rename(Path(scratch, "before"))
            made.rename(folder)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", subject=folder) from None
    there = {each.feature for each in weights}
    return Site(folder, tuple(weights), tuple(each for each in FEATURES if each not in there))


def _check_ours(folder: Path) -> None:
    """Refuse to replace what this command did not write."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        ours = json.loads((folder / MANIFEST).read_text(encoding="utf-8")).get("made_by") == _MADE_BY
    except (OSError, ValueError, AttributeError):
        ours = False
    if not ours:
        raise OutputError(
            "is not empty and not a site of this command", subject=folder, fix="name a new or an empty folder"
        )


def _local(index: str) -> str:
    """The page's HTML with the mark by which it knows that no server stands behind it, and the policy."""
    mark = (
        f'<meta name="cleanplate-site" content="{__version__}" />\n'
        f'    <meta http-equiv="Content-Security-Policy" content="{POLICY}" />\n    '
    )
    at = index.index("<meta")
    return index[:at] + mark + index[at:]


def _weights(site: Path) -> list[SiteWeights]:
    """Copy the bundled networks into the site."""
    target = site / "weights"
    target.mkdir()
    found = []
    for feature in FEATURES:
        record = _record(feature)
        if record is None:
            continue
        shutil.copyfile(installed(record).path, target / record.file)
        found.append(SiteWeights(feature, record.file, record.name, record.licence, record.sha256))
    return found


def _record(feature: Feature) -> Record | None:
    """The bundled network for a feature."""
    catalog = shipped()
    for record in catalog.for_task("instances" if feature == "people" else "matting"):
        previous = any(port.name == "previous" for port in record.ports)
        if record.bundled and record.format == "onnx" and previous == (feature == "video"):
            return record
    return None
