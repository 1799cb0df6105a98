# SPDX-License-Identifier: BSD-2-Clause
"""Every public object says what it is."""

import ast

import pytest

from tests.test_architecture import modules

# Names that a framework calls and whose meaning it defines.
GIVEN = {"elaborate", "main", "convert"}


def without_docstring(text):
    """Public classes, functions and properties of a module's source that have no docstring, and the module itself."""
    tree = ast.parse(text)
    missing = [] if ast.get_docstring(tree) else ["module"]

    def visit(body, prefix):
        for node in body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if node.name.startswith("_") or node.name in GIVEN or _is_test(node):
                continue
            if ast.get_docstring(node) is None:
                missing.append(prefix + node.name)
            if isinstance(node, ast.ClassDef):
                visit(node.body, f"{prefix}{node.name}.")

    visit(tree.body, "")
    return missing


def _is_test(node):
    """cocotb's tests are called by their decorator; their name says what holds."""
    return any("cocotb" in ast.unparse(decorator) for decorator in node.decorator_list)


def test_every_public_object_has_a_docstring():
    read, missing = 0, []
    for module, path in modules():
        read += 1
        missing += [f"{module}: {name}" for name in without_docstring(path.read_text())]
    assert read > 45, f"only {read} files were read"
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("text, name", [
    ("x = 1", "module"),
    ('"""."""\ndef f(): pass', "f"),
    ('"""."""\nclass C:\n    x = 1\n    "late"', "C"),
    ('"""."""\nclass C:\n    "."\n    @property\n    def size(self): return 1', "C.size"),
])
def test_a_missing_docstring_is_found(text, name):
    assert without_docstring(text) == [name]
