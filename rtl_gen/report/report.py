# SPDX-License-Identifier: BSD-2-Clause
"""What a design costs and does, as data (``report.json``) and as a table for the terminal."""

from hadam_hw.cache import digest
from rtl_gen.tools import components
from rtl_gen.tools.design_files import CORE_FILE, DESIGN_FILE

SCHEMA = 1
#: Resources: key in the report, what the table calls it.
RESOURCES = (("lc", "logic cells (LC)"), ("ff", "flip-flops (FF)"), ("ebr", "block RAMs (EBR)"),
             ("spram", "single-port RAMs (SPRAM)"), ("dsp", "multipliers (DSP)"))


def make_report(model, architecture, board_name, files, facts, placements, shipped, bitstream_name, bitstream, tools,
                synthesis_options, steps):
    """The report of a build, as JSON data.

    Parameters
    ----------
    model : Model
    architecture : Architecture
    board_name : str
    files : dict of str to bytes
        As :func:`rtl_gen.design.emit.emit_design` made them.
    facts : dict
        What they say of the design.
    placements : sequence of Placement
        One a seed.
    shipped : Placement
        The one whose bitstream is delivered.
    bitstream_name : str
    bitstream : bytes
    tools : dict of str to str
        Names to versions.
    synthesis_options : sequence of str
    steps : int or None
        Vectors of a sequence, where known.

    Returns
    -------
    dict
        ``lc + ...`` of all ``components`` sum to ``lc``, and so on. Rates are at ``clock_mhz``, which the shipped seed meets.
    """
    clock_hz = facts["clock_mhz"] * 1e6
    core_rate = clock_hz / facts["sequence_cycles"] if steps else None
    scores = model.provenance
    report = {
        "schema": SCHEMA, "board": board_name, "family": facts["family"], "chip": facts["chip"], "package": facts["package"],
        "arch": str(architecture),
        "clock_mhz": facts["clock_mhz"], "fmax_mhz": [round(placed.fmax_mhz, 2) for placed in placements],
        "seeds": [placed.seed for placed in placements], "seed": shipped.seed,
        "cycles_per_step": facts["cycles_per_step"], "steps_per_sequence": steps,
        "latency_cycles": facts["latency_cycles"], "sequence_cycles": facts["sequence_cycles"],
        "latency_seconds": facts["latency_cycles"] / clock_hz,
        "steps_per_second": clock_hz / facts["cycles_per_step"] * facts["contexts"],
        "sequences_per_second_core": core_rate,
        "sequences_per_second_link": facts["link_sequences_per_second"] if steps else None,
        "link_baud": facts["link_baud"], "link_profile": facts["link_profile"],
        "model_digest": model.digest, "model_bytes": model.model_bytes, "model": describe_model(model),
        "accuracy_integer": scores.integer_score, "accuracy_float": scores.float_score,
        "accuracy_full_precision": scores.full_precision_score,
        "components": shipped.parts,
        "tools": tools, "synthesis_options": list(synthesis_options),
        "verilog": DESIGN_FILE, "verilog_sha256": digest(files[DESIGN_FILE]),
        "core_verilog": CORE_FILE, "core_verilog_sha256": digest(files[CORE_FILE]),
        "bitstream": bitstream_name, "bitstream_sha256": digest(bitstream), "codes": facts["codes"],
    }
    for kind, _ in RESOURCES:
        report[kind] = shipped.used[kind]
        report[f"{kind}_available"] = shipped.available[kind]
    return report


def describe_model(model):
    """A model's sizes and where it comes from, as JSON data."""
    layers = [describe_layer(layer) for layer in model.layers]
    top = layers[-1] | ({} if len(layers) == 1 else {"recurrence": "stack", "block": None})
    return {
        "task": model.provenance.task, "command": model.provenance.command, "split": model.provenance.split, **top,
        "units": model.size, "inputs": model.inputs, "input_width": model.input.width, "outputs": model.outputs,
        "emit": model.pooling.value, "input_bits": layers[0]["input_bits"], "output_bits": model.readout.stages[-1].bits,
        "layers": layers, "stages": [describe_stage(stage) for stage in model.readout.stages],
    }


def describe_layer(layer):
    """A layer's sizes, as JSON data."""
    return {
        "units": layer.size, "block": getattr(layer.recurrence, "block", None),
        "recurrence": layer.recurrence.kind, "state_width": layer.state.width,
        "rounding": layer.rounding.value, "activation": layer.activation.value, "input_bits": layer.input_bits,
    }


def describe_stage(stage):
    """A read-out stage's sizes, as JSON data."""
    hidden = stage.requantization
    return {"inputs": stage.inputs, "outputs": stage.outputs, "bits": stage.bits, "bias_shift": stage.bias_shift,
            "shift": hidden and hidden.shift, "activation_bits": hidden and hidden.width}


def grouped(parts, depth=3):
    """``parts`` with everything below ``depth`` levels of the hierarchy added to its ancestor there, largest first.

    A parent that has parts of its own beside its children's keeps its own row.
    """
    groups = {}
    for name, counts in parts.items():
        group = groups.setdefault(".".join(name.split(".")[:depth]), dict.fromkeys(counts, 0))
        for kind, count in counts.items():
            group[kind] += count
    return dict(sorted(groups.items(), key=lambda item: (item[0] == components.OTHER, -item[1]["lc"], item[0])))


def facts_for_people(report):
    """Pairs of a name and a value with its unit: what matters of a report, in reading order."""
    spread = sorted(report["fmax_mhz"])
    middle = spread[len(spread) // 2] if len(spread) % 2 else (spread[len(spread) // 2 - 1] + spread[len(spread) // 2]) / 2
    fmax = f"{spread[0]:.1f} MHz" if len(spread) == 1 else \
        f"min {spread[0]:.1f}, median {middle:.1f}, max {spread[-1]:.1f} MHz over {len(spread)} seeds"
    rows = [
        *([("architecture", report["arch_chosen"])] if "arch_chosen" in report else []),
        ("clock", f"{report['clock_mhz']:g} MHz (met by the shipped seed {report['seed']})"),
        ("fmax", fmax),
        ("clocks a step", f"{report['cycles_per_step']}"),
        ("steps a second", f"{report['steps_per_second']:,.0f}"),
    ]
    if report["steps_per_sequence"]:
        rows += [
            ("sequence", f"{report['steps_per_sequence']} steps, answer after {report['latency_seconds'] * 1e3:.3f} ms "
                         f"({report['latency_cycles']:,} clocks)"),
            ("sequences a second", f"{report['sequences_per_second_core']:,.1f} core, "
                                   f"{report['sequences_per_second_link']:,.1f} {report['link_profile']} link at "
                                   f"{report['link_baud'] / 1e6:g} Mbit/s"),
        ]
    rows += [("model", f"{report['model_bytes']:,} bytes, {report['model_digest'][:16]}")]
    if report["accuracy_integer"] is not None:
        accuracy = f"{report['accuracy_integer']:.2f} % as integers"
        if report["accuracy_float"] is not None:
            accuracy += f", {report['accuracy_float']:.2f} % with an unrounded state"
        rows.append(("accuracy, as recorded", accuracy))
    codes = report["codes"]
    if codes:
        rows.append(("codes", f"{codes['bytes']:,} bytes behind the bitstream, at {codes['flash_offset']:#x} in the flash; "
                              f"in SPRAM after {codes['seconds'] * 1e3:.1f} ms"))
    rows += [("bitstream", f"{report['bitstream']} ({report['bitstream_sha256'][:16]})"),
             ("tools", ", ".join(dict.fromkeys(report["tools"].values())))]
    return rows


def resources_of(report):
    """Those of :data:`RESOURCES` that matter: SPRAM only on a chip that has some."""
    return [(kind, name) for kind, name in RESOURCES if kind != "spram" or report["spram_available"]]


def show(report, console):
    """Prints the report's tables on a :class:`rich.console.Console`."""
    from rich.table import Table

    resources = resources_of(report)
    usage = Table(title=f"{report['model']['task'] or 'model'} on {report['board']}, {report['arch']}", title_justify="left")
    for name, justify in (("component", "left"), *((kind.upper(), "right") for kind, _ in resources)):
        usage.add_column(name, justify=justify)
    for name, counts in grouped(report["components"]).items():
        usage.add_row(name, *(str(counts[kind] or "") for kind, _ in resources))
    usage.add_section()
    usage.add_row("used", *(str(report[kind]) for kind, _ in resources), style="bold")
    usage.add_row("available", *(str(report[f"{kind}_available"]) for kind, _ in resources))
    usage.add_row("share", *(share(report, kind) for kind, _ in resources))
    console.print(usage)
    facts = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in facts_for_people(report):
        facts.add_row(name, value)
    console.print(facts)


def share(report, kind):
    """Percent of the available resource that is used, as text."""
    available = report[f"{kind}_available"]
    return f"{100 * report[kind] / available:.0f} %" if available else "-"
