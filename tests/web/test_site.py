"""``cleanplate web build``: what is written, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cleanplate.errors import OutputError
from cleanplate.server.site import build_site


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A built page in small."""
    folder = tmp_path / "page"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text('<html><head>\n<meta charset="utf-8" /></head></html>', encoding="utf-8")
    (folder / "assets" / "a.js").write_text("1", encoding="utf-8")
    return folder


def test_a_site_has_the_mark_the_policy_and_a_manifest(tmp_path: Path, page: Path) -> None:
    site = build_site(tmp_path / "site", print, page=page)
    index = (site.folder / "index.html").read_text(encoding="utf-8")
    assert 'name="cleanplate-site"' in index
    assert "connect-src 'self'" in index
    assert (site.folder / "assets" / "a.js").is_file()
    manifest = json.loads((site.folder / "manifest.json").read_text(encoding="utf-8"))
    files = {each["file"] for each in manifest["weights"]}
    assert files == {each.name for each in (site.folder / "weights").iterdir()}
    assert all(each["licence"] for each in manifest["weights"])
    assert {each.feature for each in site.weights} | set(site.missing) == {"matting", "video", "people"}


def test_its_own_site_is_replaced_and_nothing_else(tmp_path: Path, page: Path) -> None:
    site = build_site(tmp_path / "site", print, page=page)
    (page / "assets" / "a.js").rename(page / "assets" / "b.js")
    build_site(site.folder, print, page=page)
    assert [each.name for each in (site.folder / "assets").iterdir()] == ["b.js"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(OutputError, match="not empty"):
        build_site(other, print, page=page)
    assert [each.name for each in other.iterdir()] == ["letter.txt"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["other", "page", "site"]
