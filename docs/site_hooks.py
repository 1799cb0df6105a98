# SPDX-License-Identifier: BSD-2-Clause
"""What the site has beyond the pages of docs/: the commands' help, and pages of the repository's other folders."""

import json
import os
import re
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
from mkdocs.structure.files import File

from firmware.mcu.page import Clip, render_page
from hadam_hw.command import VERBS
from hadam_hw.model_file import load_model

ROOT = Path(__file__).resolve().parent.parent
#: Pages that stand elsewhere in the repository, and where the site has them.
OUTSIDE = {"bench/RESULTS.md": "project/RESULTS.md", "CONTRIBUTING.md": "project/CONTRIBUTING.md",
           "CHANGELOG.md": "project/CHANGELOG.md", "docs/notebook.ipynb": "notebook.md"}
#: The page that hears, and the page that leads to it.
HEARS, ABOUT_HEARS = "hears.html", "hear.md"
_LINK = re.compile(r"\[([^\]]*)\]\(([^)#:\s]+)(#[^)\s]*)?\)")
#: What is left of ``:class:`~package.Name```.
_ROLE = re.compile(r":(?:mod|class|func|data|meth|attr|exc):<code>~?(?:[\w.]*\.)?(\w+)</code>")


def on_files(files, config):
    """Adds the pages that are made, and those from elsewhere."""
    for source, place in OUTSIDE.items():
        text = (ROOT / source).read_text("utf-8")
        text = notebook_page(json.loads(text)) if source.endswith(".ipynb") else text
        files.append(File.generated(config, place, content=_moved(text, source, place)))
    files.append(File.generated(config, "reference/commands.md", content=_commands()))
    files.append(File.generated(config, HEARS, content=_page_that_hears()))
    return files


def on_page_markdown(markdown, page, config, files):
    """Links to pages elsewhere lead to where the site has those; how long a block runs is the tests' affair."""
    if page.file.src_uri not in OUTSIDE.values():
        markdown = _moved(markdown, f"docs/{page.file.src_uri}", page.file.src_uri)
    if page.file.src_uri == ABOUT_HEARS:
        markdown += f"\n[Open the page that hears]({HEARS}){{ .md-button .md-button--primary }}\n"
    return markdown.replace("```bash long\n", "```bash\n")


def on_page_content(html, page, config, files):
    """Roles of docstrings become what they name."""
    return _ROLE.sub(r"<code>\1</code>", html)


def notebook_page(book):
    """The Markdown of an executed notebook: its cells, and what they said."""
    parts = []
    for cell in book["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        for output in cell.get("outputs", ()):
            data = {kind: "".join(text) for kind, text in output.get("data", {}).items()}
            picture, said = data.get("image/svg+xml"), "".join(output.get("text", data.get("text/plain", "")))
            parts.append(_picture(picture) if picture else f"```text\n{said.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def _picture(svg):
    """An SVG as a block of Markdown, which an empty line would end."""
    return "<div>\n" + "\n".join(line for line in svg.splitlines() if line.strip()) + "\n</div>"


def _moved(text, source, place):
    """``text`` of the repository's file ``source`` with the links that it needs as the site's page ``place``."""
    def link(match):
        words, target = match[1], os.path.normpath(os.path.join(os.path.dirname(source), match[2]))
        if not target.startswith("docs/") and target not in OUTSIDE:
            return words  # no page of the site
        target = OUTSIDE.get(target, target.removeprefix("docs/"))
        return f"[{words}]({os.path.relpath(target, os.path.dirname(place) or '.')}{match[3] or ''})"

    return _LINK.sub(link, text)


def _page_that_hears():
    """The shipped model of spoken digits in a page, with four recordings of its test set."""
    clips = []
    for path in sorted((ROOT / "docs/clips").glob("*.wav")):
        with wave.open(str(path)) as sound:
            clips.append(Clip(path.stem, np.frombuffer(sound.readframes(sound.getnframes()), "<i2")))
    return render_page(
        load_model(ROOT / "models/digits-bank-h128.npz"), "A recurrent network without a multiplier hears digits",
        "Say a digit. What answers is the C that hadam export-c writes, in WebAssembly: 32 resonators of shifts and additions, "
        "128 units with weights of -1 and 1, and the same integers as on an FPGA.", clips)


def _commands():
    """A page of the help of each verb."""
    parts = ["# Commands\n\n`hadam VERB ...`; each verb loads what it alone needs. `eval \"$(hadam completion bash)\"` in\n"
             "`~/.bashrc` makes the shell complete verbs and options; `zsh` and `fish` likewise.\n"]
    for verb in VERBS.values():
        said = subprocess.run([sys.executable, "-m", "hadam_hw", verb.name, "--help"], cwd=ROOT, text=True, check=True,
                              capture_output=True, env=os.environ | {"COLUMNS": "100"}).stdout
        parts.append(f"## {verb.name}\n\n{verb.about.capitalize()}.\n\n```text\n{said}```\n")
    return "\n".join(parts)
