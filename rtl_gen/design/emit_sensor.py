# SPDX-License-Identifier: BSD-2-Clause
"""From a model to the Verilog of a design with a sensor."""

import json

from hadam_hw.errors import BoardError
from hadam_hw.sensors.ear import window_of
from rtl_gen.design.emit import CoreInstance, emit_core
from rtl_gen.design.instantiation import instantiation_template
from rtl_gen.design.sensor_top import BAUD, SensorTop, check_sensor
from rtl_gen.design.verilog import emit_verilog
from rtl_gen.sensors.rates import pdm_rates
from rtl_gen.tools.design_files import CORE, CORE_FILE, DESIGN_FILE, FACTS_FILE, TEMPLATE_FILE
from rtl_gen.tools.family import FAMILIES

#: A microphone leaves time enough, so the clock is slow: the bank reaches some 22 MHz on a UP5K, whose PLL begins at 16.
CLOCK_MHZ = 18.0


def emit_sensor_design(model, architecture, board, clock_mhz):
    """The files of a design with a PDM microphone, as :func:`rtl_gen.design.emit.emit_design` makes those with a link.

    Parameters
    ----------
    model : Model
        Whose input is the resonator bank.
    architecture : Architecture
    board : boards.parts.board.Board
    clock_mhz : float or None
        ``None`` takes 18 MHz.

    Raises
    ------
    BoardError
        If the board says of no pins for a microphone, or as :class:`~rtl_gen.design.sensor_top.SensorTop`.
    """
    if not board.pdm:
        raise BoardError(f"Board must have pins for a PDM microphone, and {board.name} names none; add Board(pdm=...) in a "
                         "file of your own")
    plan = architecture.plan(model)
    clock = board.clock(clock_mhz or CLOCK_MHZ)
    check_sensor(model, plan.timing, clock.hz)
    core, core_text = emit_core(model, architecture)
    top = SensorTop(CoreInstance(core), clock_hz=clock.hz)
    name = f"hadam_{board.name.replace('-', '_')}"
    steps, rates = window_of(model.input), pdm_rates(clock.hz, model.input.rate_hz)
    sequence, rate_hz = plan.sequence_timing(steps), float(rates.rate_hz(clock.hz))
    seconds = steps * model.input.front_end.frame_hop / rate_hz
    facts = {
        "top": name, "board": board.name, "family": board.chip.family, "chip": board.chip.device, "package": board.chip.package,
        "speed": board.chip.speed, "placement_options": architecture.placement_options(board.chip.family),
        "packing_options": board.packing_options, "clock_mhz": float(clock.hz / 10**6),
        "cycles_per_step": plan.timing.interval, "contexts": plan.timing.contexts,
        "latency_cycles": sequence.latency, "sequence_cycles": sequence.interval, "identity": None,
        "link": "text", "link_profile": "text", "link_divisor": top.divisor, "link_baud": BAUD,
        "link_sequences_per_second": 1 / seconds, "codes": None,
        "sensor": {"kind": "pdm", "divider": rates.divider, "bit_hz": float(clock.hz) / rates.divider,
                   "ratio": rates.ratio, "rate_hz": rate_hz,
                   "rate_wanted_hz": model.input.rate_hz, "window_steps": steps, "window_seconds": seconds}}
    text = emit_verilog(board.wrapper(top, clock), name) + core_text
    return {name: content.encode() for name, content in {
        CORE_FILE: core_text, DESIGN_FILE: text, FAMILIES[board.chip.family].pins_file: board.constraints(sensor=True),
        TEMPLATE_FILE: instantiation_template(core, CORE), FACTS_FILE: json.dumps(facts)}.items()}
