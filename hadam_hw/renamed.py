# SPDX-License-Identifier: BSD-2-Clause
"""Names that are no more: asking for one says what took its place."""


def refuse_old_names(module, successors):
    """A module's ``__getattr__`` that answers the old names of ``successors`` (old to new) with one sentence."""
    def find(name):
        if name in successors:
            raise ImportError(f"{module}.{name} is {successors[name]} now; see CHANGELOG.md")
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return find
