# SPDX-License-Identifier: BSD-2-Clause
"""What a core is made of, part by part, counted from its model and architecture without building it.

The counts are those that a reader of the gateware would write down in iCE40 logic cells: one for a look-up table and the
flip-flop behind it, one a bit for a sum, two for a difference of whole words (an operand of the carry chain cannot be
inverted in it). What synthesis really makes of a part is that times a factor near 1, which is fitted on builds
(:mod:`rtl_gen.estimate.model`); so a part here is a key there.
"""

from collections import Counter

from hadam_hw.fixed import Rounding
from hadam_hw.layer import Activation
from rtl_gen.cores.context_core import ContextCore
from rtl_gen.cores.stacked_core import StackedCore
from rtl_gen.estimate.networks import serial_delays, word_network
from rtl_gen.estimate.ram import block_rams, varying_bits
from rtl_gen.estimate.readouts import readout_parts
from rtl_gen.gateware.folded.cell import FoldedCell
from rtl_gen.gateware.parallel.cell import ParallelCell
from rtl_gen.gateware.selector import GROUP
from rtl_gen.gateware.serial.cell import SerialCell
from rtl_gen.plan.adder_graph import recurrence_graph
from rtl_gen.plan.alignment import align, input_products
from rtl_gen.plan.bias_table import bias_table

#: Cells of a two-way multiplexer when many are combined: four ways take two look-up tables.
MUX = 2 / 3
#: Cells around the core, from whole designs: all that does not depend on the model; a bit of a vector of several elements,
#: which is collected; a bit of a logit, which is compared, kept and sent.
LINK, LINK_VECTOR_BIT, LINK_LOGIT_BIT = 725, 1.05, 4.2
#: Its buffer.
LINK_RAMS = 1
#: All that does not depend on the model where the link is lean; a logit's bit is only sent there.
LEAN_LINK = 350


def inventory(core):
    """(cells, block RAMs) of a core: a Counter of the parts' cells, and a number.

    Parameters
    ----------
    core : Core, ContextCore or StackedCore
        Not elaborated; only its model and cells are looked at.
    """
    model = core.model
    if isinstance(core, ContextCore):
        parts, rams = _contexts(model.top, core)
    else:
        cells = core.cells if isinstance(core, StackedCore) else (core.cell,)
        counted = [{SerialCell: _serial, ParallelCell: _parallel, FoldedCell: _folded}[type(cell)](layer, cell)
                   for layer, cell in zip(model.layers, cells)]
        parts, rams = sum((parts for parts, _ in counted), Counter()), sum(rams for _, rams in counted)
    more, more_rams = readout_parts(model)
    return parts + more, rams + more_rams


def surroundings(model, lean=False):
    """Cells of what a board puts around the core: UART, frames, the identity, reset."""
    vector = model.inputs * model.input.width if model.inputs > 1 else 0
    if lean:
        return Counter({"link": LEAN_LINK + LINK_VECTOR_BIT * vector + model.readout_width})
    return Counter({"link": LINK + LINK_VECTOR_BIT * vector + LINK_LOGIT_BIT * model.readout_width})


def _selector(size, width):
    cells, left = 0, size
    while left > 1 or not cells:
        groups = -(-left // GROUP)
        cells, left = cells + max(groups, (left - groups) * MUX), groups
    return width * cells + (size - 1).bit_length()**2 / 4


def _observation(words):
    """Cells that say whether one of so many words saturated."""
    return words / 3 + 5


def _serial(layer, cell):
    digit, size, phases = cell.digit, layer.size, len(layer.phases)
    alignment, products = align(layer, digit), input_products(layer)
    graph = recurrence_graph(layer.recurrence)
    words = -(-layer.state.width // digit)
    biases = bias_table([phase.bias for phase in alignment.phases], digit)
    rows, in_ram = biases.rows, biases.in_block_ram
    users = sum(unit is not None for unit in products.units)
    varying = varying_bits(rows, biases.columns)
    adders = len(graph.adders) + len(products.graph.adders) + size + users
    rectified = layer.activation is Activation.RELU
    flags = 1 + 1.5 * digit / 2 + 2 * (layer.rounding is Rounding.HALF_EVEN)
    shifted = any(phase.state_shift % digit for phase in alignment.phases)
    fetched = digit * (1.5 + rectified + shifted * (1 + (phases > 1)))
    parts = Counter({
        # a sum and a carry look-up table a bit
        f"adders, {'one bit' if digit == 1 else 'more bits'}": 2 * digit * adders,
        "delayed digits": digit * (serial_delays(graph, digit) + serial_delays(products.graph, digit)
                                    + (phases > 1) * products.count),
        "serial state": size * (flags + fetched + digit * cell.copies) + (not in_ram) * varying * max(1, len(rows) / 8),
        "selector": 0 if cell.copies else _selector(size, digit),  # which is for the read-out
        "serial input": 0 if cell.chained else layer.inputs * (
            2 * layer.input.width + max(phase.input_shift % digit for phase in alignment.phases)),
        "serial control": cell.schedule.interval + 30 * phases + words * digit,
        "observation": _observation(size),
    })
    return parts, block_rams(max(2, words), digit * size) + (block_rams(len(rows), varying) if in_ram else 0)


def _parallel(layer, cell):
    size, width, phases = layer.size, layer.state.width, len(layer.phases)
    alignment, products = align(layer, None), input_products(layer)
    most = max(phase.state_shift for phase in alignment.phases)
    graph = recurrence_graph(layer.recurrence)
    network = word_network(graph, layer.state.minimum << most, layer.state.maximum << most)
    source = word_network(products.graph, min(layer.input.minimum, -1), layer.input.maximum)
    users = sum(unit is not None for unit in products.units)
    subtracted = sum(edge is not None and edge.negate for edge in graph.outputs) \
        + sum(unit is not None and unit[1] for unit in products.units)
    return Counter({
        "sums": network.sums + source.sums, "differences": 2 * (network.differences + source.differences),
        "delayed bits": network.delays + source.delays,
        "joins": alignment.width * (size + users + subtracted + (phases - 1) * size),
        "saturation": size * _saturation(layer, alignment),
        "parallel words": size * width * (1 + (phases > 1)),
        "selector": 0 if isinstance(cell, ParallelCell) and cell.copies else _selector(size, width),
        "parallel control": 10 + layer.inputs * layer.input.width,
        "observation": _observation(size),
    }), 0


def _contexts(layer, core):
    """The parallel step as a pipeline; its states and the queue of finished ones are memories, with a register behind each.

    On ECP5 and Gowin these are memories of look-up tables, three cells for two bits.
    """
    parts, rams = _parallel(layer, core)
    bits = layer.size * layer.state.width
    parts += Counter({"context words": 2 * bits, "context control": 10 * core.timing.interval})
    return parts, rams + block_rams(core.contexts, bits) + block_rams(core.queue, bits)


def _saturation(layer, alignment):
    """Cells of one word: the choice of the limit, the test of the bits above, the test for a tie."""
    shift = alignment.phases[0].output_shift
    above = alignment.width - shift - layer.state.width + 1
    return layer.state.width + above / 2 + (shift / 3 + 1) * (layer.rounding is Rounding.HALF_EVEN)


def _folded(layer, cell):
    folding, lanes, alignment, source = cell.folding, cell.lanes, cell.alignment, cell.source
    banks, width, rho, phases = folding.radix * lanes, cell.width, folding.log2_radix, len(layer.phases)
    finished, leak = banks // cell.schedule.groups, layer.recurrence.leak
    bank = word_network(source.multiples, min(layer.input.minimum, -1), layer.input.maximum)
    parts = Counter({
        "butterflies": 2 * banks * sum(width + axis + 1 for axis in range(rho)),
        "folded words": banks * width * (1 + cell.has_short_pass),
        "folded sums": finished * ((2 + phases) * alignment.width + width + rho + _saturation(layer, alignment)
                                   + 2 * (width + rho + leak) * (leak > 0)),
        "folded products": finished * (bank.width + MUX * (sum(source.widths) - max(source.widths))),
        "folded input": bank.sums + 2 * bank.differences + sum(source.widths) * phases
        + layer.inputs * layer.input.width,
        "folded control": 60 + 4 * folding.rows.bit_length() * len(folding.passes),
        "selector": _selector(banks, layer.state.width),
        "observation": _observation(finished),
    })
    rams = banks * block_rams(max(2, cell.schedule.rows), width)
    return parts, rams + sum(block_rams(len(rows), varying_bits(rows, bits)) for rows, bits in source.memories)
