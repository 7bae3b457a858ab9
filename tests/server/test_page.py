import os

import pytest

from cleanplate.server.page import built_page


@pytest.fixture
def clone(tmp_path):
    source = tmp_path / "web"
    for name in ("package.json", "index.html", "src/main.tsx", "public/icon.svg"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("{}")
    (source / "node_modules").mkdir()
    return source


def npm(tmp_path, monkeypatch, script):
    """Put a program called npm first in the path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_an_installed_page_is_served_as_it_is(tmp_path):
    page = tmp_path / "page"
    assert built_page(print, page=page, source=tmp_path / "web") is None
    page.mkdir()
    (page / "index.html").touch()
    assert built_page(print, page=page, source=tmp_path / "web") == page


def test_in_a_clone_it_is_built_when_it_is_missing_or_old(clone, tmp_path, monkeypatch):
    page, said = tmp_path / "page", []
    npm(tmp_path, monkeypatch, f"mkdir -p {page} && touch {page}/index.html && echo x >> {tmp_path}/count")
    for _ in range(2):
        assert built_page(said.append, page=page, source=clone) == page
    assert (tmp_path / "count").read_text() == "x\n"
    os.utime(clone / "src" / "main.tsx", (2**31, 2**31))
    built_page(said.append, page=page, source=clone)
    assert (tmp_path / "count").read_text() == "x\nx\n"


def test_without_node_it_says_how(clone, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    said = []
    assert built_page(said.append, page=tmp_path / "page", source=clone) is None
    assert "install Node" in said[0]


def test_a_build_that_fails_leaves_the_api(clone, tmp_path, monkeypatch):
    npm(tmp_path, monkeypatch, "echo 'no such module' >&2; exit 1")
    said = []
    assert built_page(said.append, page=tmp_path / "page", source=clone) is None
    assert "no such module" in said[-1]
