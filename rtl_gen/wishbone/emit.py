# SPDX-License-Identifier: BSD-2-Clause
"""The Verilog of a core on a Wishbone bus."""

from rtl_gen.cores.build import build_core
from rtl_gen.design.verilog import emit_verilog
from rtl_gen.wishbone.target import WishboneCore, check_contexts

MODULE = "hadam_wishbone"


def emit_wishbone(model, architecture, module=MODULE):
    """The Verilog text of a :class:`~rtl_gen.wishbone.target.WishboneCore` as module ``module``.

    Its ports are ``clk``, ``rst`` (synchronous, active high) and those of the component.

    Parameters
    ----------
    model : Model
    architecture : Architecture
    module : str

    Raises
    ------
    ArchitectureError
        If the architecture cannot render the model, or serves several contexts.
    """
    check_contexts(architecture.plan(model))
    return emit_verilog(WishboneCore(build_core(model, architecture)), module)
