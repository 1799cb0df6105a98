# SPDX-License-Identifier: BSD-2-Clause
"""The exact sums of each step of a serial core, before they are rounded: there a wrong low bit is seen that rounding hides."""

import numpy as np

from hadam_hw import golden
from rtl_gen.gateware.serial.cell import SerialCell


def serial_cells(core):
    """The serial cells of a core, the lower one first; none of another architecture."""
    return [cell for cell in core.cells if isinstance(cell, SerialCell)]


def sums_of(cell, clocks):
    """The sums [steps, units] of the steps that a cell began.

    ``clocks`` holds (``start``, ``pre`` as an integer) of each clock.
    """
    plan, size = cell.schedule, cell.layer.size
    found = []
    for begin in (clock for clock, (start, _) in enumerate(clocks) if start):
        fields = [row >> size * bit for _, row in clocks[begin + 1 + plan.pre:][:plan.digits] for bit in range(cell.digit)]
        words = [sum((field >> unit & 1) << place for place, field in enumerate(fields)) for unit in range(size)]
        found.append([word - (word >> (len(fields) - 1) << len(fields)) for word in words])
    return found


def golden_sums(model, cells, sequences):
    """For each sequence and cell the sums [steps, units], with the fraction bits and half units that its alignment adds."""
    found = []
    for sequence in sequences:
        inputs, of_cells = sequence, []
        for cell in cells:
            layer, state, sums, states = cell.layer, np.zeros(cell.layer.size, dtype=np.int64), [], []
            for index, x in enumerate(inputs):
                phase = model.phase_of(index)
                aligned, constants = cell.alignment.phases[phase], layer.phases[phase]
                sums.append(((layer.recurrence.apply(state) << aligned.state_shift)
                             + ((constants.input_codes @ x) << aligned.input_shift) + np.array(aligned.bias)).tolist())
                state, _ = golden.step(layer, state, x, phase)
                states.append(state)
            of_cells.append(sums)
            inputs = np.maximum(states, 0)
        found.append(of_cells)
    return found
