# SPDX-License-Identifier: BSD-2-Clause
"""Which of two things a component of a chip's cell becomes: the cell, or a model of it."""


class Cells:
    """Given to ``elaborate`` as its platform where a component is to become Verilog: there a chip's cells are instances.

    Without it, as in Amaranth's simulator, which knows no instances, they are models of their behavior.
    """


CELLS = Cells()
