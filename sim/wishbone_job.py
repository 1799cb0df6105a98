# SPDX-License-Identifier: BSD-2-Clause
"""What the bench of a core on a Wishbone bus is told: vectors, and what the golden model says of each."""

from hadam_hw import golden
from hadam_hw.readout import Pooling
from rtl_gen.wishbone.emit import MODULE
from rtl_gen.wishbone.registers import SATURATED, encode_vector, identity_words
from sim.runner import compile_design, run_bench

BENCH = "sim.bench_wishbone"


def job_of(model, sequences, seed=0):
    """The bench's job: for each vector its words, and the outputs that follow it.

    Parameters
    ----------
    model : Model
    sequences : list of int [steps, inputs]
    seed : int
        Of the pauses.
    """
    told, saturated = [], 0
    for sequence in sequences:
        trace = golden.trace(model, sequence)
        saturated += int((trace.saturations > 0).sum())
        every = model.pooling is Pooling.EVERY
        told.append({"vectors": [encode_vector(vector, model) for vector in sequence],
                     "outputs": [outputs.tolist() if every or step == len(sequence) - 1 else []
                                 for step, outputs in enumerate(trace.outputs)]})
    registers = [[register.index, word] for register, word in identity_words(model).items()]
    return {"seed": seed, "sequences": told, "registers": [*registers, [SATURATED.index, saturated]]}


def simulate_wishbone(text, job, simulator, *, folder=None, cache=None):
    """Compiles the Verilog ``text`` of :func:`~rtl_gen.wishbone.emit.emit_wishbone` and works through ``job``.

    Returns
    -------
    dict
        ``compared``, the numbers that were equal.

    Raises
    ------
    BenchFailed
        At the first number that is not what it must be.
    """
    compiled = compile_design({"core.v": text}, MODULE, simulator, cache=cache)
    return run_bench(compiled, BENCH, job, folder=folder)
