# SPDX-License-Identifier: BSD-2-Clause
"""What a read-out is made of: cells by the kinds of their parts, and block RAMs."""

from collections import Counter

from hadam_hw.fixed import signed_width
from rtl_gen.plan.one_stage import FEW_ROWS
from rtl_gen.plan.ram import block_rams, varying_bits

#: Cells that begin and end groups, stages and answers, whatever their sizes.
SEQUENCER = 45


def readout_parts(model, plan):
    """(cells, block RAMs) of the read-out of a :class:`~hadam_hw.model.Model`: a Counter of the parts' cells, and a number.

    ``plan`` is that of the read-out, as :func:`rtl_gen.plan.core.plan_readout` makes it.
    """
    return _staged(plan) if len(model.readout.stages) > 1 else _one_stage(model)


def _one_stage(model):
    stage, = model.readout.stages
    classes, words = model.outputs, model.readout_width
    size, state, pool_bits = model.top.size, model.top.state.width, model.readout.pool_bits
    bits = signed_width(int(stage.codes.min()), int(stage.codes.max()))
    addresses = sum(count.bit_length() for count in (size, size * classes, classes))
    constants = [int(value) for biases in stage.biases for value in biases]
    kept = state - 1 + pool_bits
    pool = 2 * (kept + state + size.bit_length()) if pool_bits else 0  # a sum, its limit, two clocks' delay
    rams = block_rams(size, kept) + block_rams(size * classes, bits)
    if len(constants) > FEW_ROWS:
        rams += block_rams(len(constants), varying_bits(constants, words))
    return Counter({"read-out": 4 * words + 2 * state + 3 * bits + 3 * addresses + 20 + pool}), rams


def _staged(plan):
    looked_at = plan.hidden_width - plan.hidden_shift  # bits of a hidden sum that its activation depends on
    ring = plan.vector_ring.bit_length() - 1
    pool = 2 * (plan.pool_width + ring) if plan.pooled else 0
    activations = plan.activation_width * (2 + plan.hidden) + looked_at / 3
    banks = _choice(len(plan.banks)) * plan.row_bits + plan.row_latency * 2 * plan.lanes
    addresses = 2 * (plan.code_rows - 1).bit_length() + 3 * ring
    parts = Counter({
        "stage sums": sum(plan.accumulator_widths) + plan.operand_width,
        "stage choices": looked_at * _choice(plan.lanes) + plan.stages[-1].width * plan.choice * _choice(plan.last_lanes),
        "stage control": SEQUENCER + activations + banks + addresses + plan.lanes + plan.vector_width + pool})
    return parts, sum(block_rams(*memory) for memory in plan.memories)


def _choice(words):
    """Look-up tables a bit that choose one of so many words by a bit for each: two words a table, then three tables a table."""
    pairs = -(-words // 2)
    return pairs + -(-(pairs - 1) // 3)
