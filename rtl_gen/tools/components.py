# SPDX-License-Identifier: BSD-2-Clause
"""Which part of the design each packed cell belongs to, so that the parts sum to what place & route counts."""

import bisect
import re
from collections import Counter, deque

from rtl_gen.tools.family import KINDS

OTHER = "other"
TOP = "board"
_MODULE = re.compile(r"^module \\?(\S+?) ?[(;]")
# Yosys and nextpnr append types and ports of cells, in capitals, to the name of what is there in the design.
_PUBLIC_PART = re.compile(r"[$\[].*|_[A-Z].*")


def module_paths(verilog):
    """First line and hierarchical name of each module of Amaranth's Verilog, in order.

    There each instance has a module of its own, named by its path from the top of its text (``top.link.receiver``).
    """
    found = []
    for number, line in enumerate(verilog.splitlines(), 1):
        match = _MODULE.match(line)
        if match:
            found.append((number, match.group(1)))
    return found


def count_components(placed, verilog, top, file_name, family):
    """LC, FF, RAM and DSP of each component.

    Each cell goes to the module whose lines its ``src`` attribute names; failing that, to the module that its name or
    its output's name begins with; failing that, to where the first named cell stands that it feeds; the rest is
    :data:`OTHER`.

    Parameters
    ----------
    placed : dict
        What nextpnr writes with ``--write``.
    verilog : str
        The text that was synthesised.
    top : str
        Its top module.
    file_name : str
        What the tools called that text.
    family : Family

    Returns
    -------
    dict of str to dict
        Hierarchical name to a number for each of :data:`~rtl_gen.tools.family.KINDS`. Names begin below the top, which itself
        is :data:`TOP`; those of modules from another text than the top's begin with the name of that text's top.
    """
    module, = placed["modules"].values()
    finder = _Finder(module["cells"], module_paths(verilog), top, file_name)
    counts = {}
    for name, cell in module["cells"].items():
        resource = family.resource_of(cell["type"])
        if resource is None:
            continue
        count = counts.setdefault(finder.component(name), Counter(dict.fromkeys(KINDS, 0)))
        count[resource.kind] += resource.weight
        count["ff"] += cell["parameters"].get(resource.ff_parameter) == "1"
    return {name: dict(counts[name]) for name in sorted(counts)}


class _Finder:
    def __init__(self, cells, modules, top, file_name):
        self._cells = cells
        self._lines = [line for line, _ in modules]
        self._paths = [path[len(top):].lstrip(".") if path.split(".")[0] == top else path for _, path in modules]
        self._known = set(self._paths)
        self._roots = {path for path in self._paths if path and "." not in path}
        self._source = re.compile(re.escape(file_name) + r":(\d+)\.")
        self._users = {}  # net to the cells that it feeds
        for name, cell in cells.items():
            for port, bits in cell["connections"].items():
                if cell["port_directions"].get(port) == "input":
                    for bit in bits:
                        self._users.setdefault(bit, []).append(name)

    def component(self, name):
        """The component of the cell ``name``."""
        seen, queue = {name}, deque([name])
        while queue:
            here = queue.popleft()
            found = self._told_by_source(self._cells[here])
            if found is None:
                found = self._told_by_name(here)
            if found is not None:
                return found or TOP
            for port, bits in self._cells[here]["connections"].items():
                if self._cells[here]["port_directions"].get(port) == "output":
                    for bit in bits:
                        for user in self._users.get(bit, ()):
                            if user not in seen:
                                seen.add(user)
                                queue.append(user)
        return OTHER

    def _told_by_source(self, cell):
        match = self._source.search(cell["attributes"].get("src", ""))
        if not match:
            return None
        return self._paths[bisect.bisect_right(self._lines, int(match.group(1))) - 1]

    def _told_by_name(self, name):
        if name.startswith("$"):
            return None
        path = _PUBLIC_PART.sub("", name)
        parts = path.split(".")
        for at in range(len(parts) - 1, 0, -1):
            if parts[at] in self._roots and ".".join(parts[:at + 1]) not in self._known:
                path = ".".join(parts[at:])  # inside an instance of another text's top
                break
        while path:
            if path in self._known:
                return path
            path = path.rpartition(".")[0]
        # A name of the top itself tells where a net ends, not where the logic before it stands.
        return None
