# SPDX-License-Identifier: BSD-2-Clause
"""A model's core in Amaranth's simulator, ``==`` the golden model, in one call: :func:`sim.verify`."""

from dataclasses import dataclass

from hadam_hw.errors import DiffersError
from hadam_hw.readout import Pooling
from rtl_gen.plan.arch import parse_architecture
from sim.core_check import mismatch
from sim.one_core import own_sequences
from sim.random_models import Case


@dataclass(frozen=True)
class Equal:
    """What was compared; nothing differed, or there would be none.

    Parameters
    ----------
    sequences, steps : int
    outputs : int
        Integers of the read-out; each state word that a core hands over was compared as well.
    """

    sequences: int
    steps: int
    outputs: int


def verify_model(model, arch="serial", *, sequences=None, steps=100):
    """Simulates the core of ``model`` and compares it with the golden model, integer for integer: :func:`sim.verify`.

    Nothing but this package is needed: what is simulated is what becomes Verilog. It takes about a second for 2,000 clocks of
    a small core; ``hadam sim`` runs the emitted Verilog in Verilator or Icarus, and faster.

    Parameters
    ----------
    model : Model
    arch : str
        As of :func:`rtl_gen.compile`; the report of a build has it as ``report["arch"]``.
    sequences : list of int [steps, inputs], optional
        Codes, as of ``model.input.encode``; by default ``steps`` of the model's own test sequences.
    steps : int

    Returns
    -------
    Equal

    Raises
    ------
    DiffersError
        With the first integer that differs.
    ArchitectureError
        If there is no such architecture, or it cannot render the model.
    """
    sequences = own_sequences(model, steps) if sequences is None else list(sequences)
    plan = parse_architecture(arch).plan(model)
    found = mismatch(Case(seed=0, model=model, plan=plan, sequences=sequences, paused=False))
    if found is not None:
        raise DiffersError(f"The core is not the golden model: {found}")
    taken = sum(map(len, sequences))
    readouts = taken if model.pooling is Pooling.EVERY else len(sequences)
    return Equal(len(sequences), taken, readouts * model.outputs)
