# SPDX-License-Identifier: BSD-2-Clause
"""The site of docs/: it builds without a dead link, and loads nothing from elsewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hadam_hw.command import VERBS

ROOT = Path(__file__).parent.parent
#: What a page loads by itself; links that a reader follows are not of these.
LOADED = re.compile(r"<(?:script|img|iframe|source)[^>]*\ssrc=\"([^\"]+)\"|<link[^>]*rel=\"(?:stylesheet|icon|preload)\"[^>]*"
                    r"href=\"([^\"]+)\"|url\(([^)]+)\)|@import\s+[\"']([^\"']+)")


def build(folder, config="mkdocs.yml"):
    """Builds the site into ``folder``; the finished process."""
    return subprocess.run([sys.executable, "-m", "mkdocs", "build", "-f", config, "-d", str(folder)], cwd=ROOT,
                          text=True, capture_output=True, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"})


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    process = build(folder)
    assert process.returncode == 0, process.stderr
    return folder


def foreign(text):
    """What ``text``, of a page or a style, loads from elsewhere."""
    return [found for groups in LOADED.findall(text) for found in groups if re.match(r"(https?:)?//", found.strip("'\""))]


def test_nothing_is_loaded_from_elsewhere(site):
    read = 0
    for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
        read += 1
        assert not foreign(path.read_text("utf-8")), path
    assert read > 15


@pytest.mark.parametrize("text", ['<script src="https://x/y.js">', '<img alt="a" src="//x/y">', "@import 'https://fonts/z'",
                                  '<link rel="stylesheet" href="https://x.css">', "url('https://x/y.woff')"])
def test_what_comes_from_elsewhere_is_found(text):
    assert foreign(text)


def test_the_commands_and_the_docstrings_are_there(site):
    commands, python = ((site / "reference" / f"{name}.html").read_text("utf-8") for name in ("commands", "python"))
    assert all(f'id="{name}"' in commands for name in VERBS) and "example: hadam inspect model.npz" in commands
    assert 'id="hadam_hw.model.Model"' in python and ":class:" not in python


def test_the_notebook_is_a_page_with_what_its_cells_said(site):
    page = (site / "notebook.html").read_text("utf-8")
    assert "recordings of shape" in page and page.count("<svg") > 3 and "Equal(" in page
    assert 'href="notebook.html"' in (site / "python.html").read_text("utf-8")


def test_a_dead_link_is_found(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[gone](gone.md)\n")
    (tmp_path / "mkdocs.yml").write_text("site_name: x\nstrict: true\nvalidation: {links: {not_found: warn}}\n")
    process = build(tmp_path / "site", str(tmp_path / "mkdocs.yml"))
    assert process.returncode == 1 and "gone.md" in process.stderr
