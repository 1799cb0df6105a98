# SPDX-License-Identifier: BSD-2-Clause
"""What a design costs and does, as data (``report.json``) and as a table for the terminal."""

from dataclasses import asdict

from hadam_hw.answer import Answer
from hadam_hw.cache import digest
from hadam_hw.terminal import show_table
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
        **{f"{score_key(model)}_{kind}": getattr(scores, f"{kind}_score") for kind in ("integer", "float", "full_precision")},
        "components": shipped.parts,
        "tools": tools, "synthesis_options": list(synthesis_options),
        "verilog": DESIGN_FILE, "verilog_sha256": digest(files[DESIGN_FILE]),
        "core_verilog": CORE_FILE, "core_verilog_sha256": digest(files[CORE_FILE]),
        "bitstream": bitstream_name, "bitstream_sha256": digest(bitstream), "codes": facts["codes"],
        "sensor": facts.get("sensor"), "input_digest": model.input.digest if model.input.known else None,
    }
    for kind, _ in RESOURCES:
        report[kind] = shipped.used[kind]
        report[f"{kind}_available"] = shipped.available[kind]
    return report


def score_key(model):
    """What the scores of ``model`` are called in a report: percent of right answers, or root mean square errors of values."""
    return "rmse" if model.readout.answer is Answer.VALUES else "accuracy"


def score_words(report):
    """(what the recorded scores are, that as integers, that with an unrounded state) for people; None where there is none."""
    units = {value["unit"] for value in report["model"]["values"]}
    unit = units.pop() if len(units) == 1 else ""

    def words(kind):
        if "rmse_integer" in report:
            error = report[f"rmse_{kind}"]
            return error if error is None else f"{error:.4g} {unit}".rstrip()
        accuracy = report[f"accuracy_{kind}"]
        return accuracy if accuracy is None else f"{accuracy:.2f} %"

    return "RMSE" if "rmse_integer" in report else "accuracy", words("integer"), words("float")


def describe_model(model):
    """A model's sizes and where it comes from, as JSON data."""
    layers = [describe_layer(layer) for layer in model.layers]
    top = layers[-1] | ({} if len(layers) == 1 else {"recurrence": "stack", "block": None})
    return {
        "task": model.provenance.task, "command": model.provenance.command, "split": model.provenance.split, **top,
        "units": model.size, "inputs": model.inputs, "input_width": model.input.width, "outputs": model.outputs,
        "emit": model.pooling.value, "answer": model.readout.answer.value,
        "values": [asdict(value) for value in model.readout.values],
        "input_bits": layers[0]["input_bits"], "output_bits": model.readout.stages[-1].bits,
        "layers": layers, "stages": [describe_stage(stage) for stage in model.readout.stages],
        "data_source": model.input.source, "data_licence": model.input.licence,
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
    name, integer, unrounded = score_words(report)
    if integer is not None:
        more = "" if unrounded is None else f", {unrounded} with an unrounded state"
        rows.append((f"{name}, as recorded", f"{integer} as integers{more}"))
    codes = report["codes"]
    if codes:
        rows.append(("codes", f"{codes['bytes']:,} bytes behind the bitstream, at {codes['flash_offset']:#x} in the flash; "
                              f"in SPRAM after {codes['seconds'] * 1e3:.1f} ms"))
    sensor = report["sensor"]
    if sensor:
        off = sensor["rate_hz"] / sensor["rate_wanted_hz"] - 1
        rows.append(("sensor", f"{sensor['kind']} at {sensor['bit_hz'] / 1e6:g} MHz, {sensor['rate_hz']:,.6g} samples a second "
                               f"({off:+.2%}), a label every {sensor['window_seconds']:.3g} s"))
    rows += [("bitstream", f"{report['bitstream']} ({report['bitstream_sha256'][:16]})"),
             ("tools", ", ".join(dict.fromkeys(report["tools"].values())))]
    return rows


def resources_of(report):
    """Those of :data:`RESOURCES` that matter: SPRAM only on a chip that has some."""
    return [(kind, name) for kind, name in RESOURCES if kind != "spram" or report["spram_available"]]


def show(report):
    """Writes the report's tables to standard output."""
    resources = resources_of(report)
    rows = [(name, *(str(counts[kind] or "") for kind, _ in resources))
            for name, counts in grouped(report["components"]).items()]
    rows += [("used", *(str(report[kind]) for kind, _ in resources)),
             ("available", *(str(report[f"{kind}_available"]) for kind, _ in resources)),
             ("share", *(share(report, kind) for kind, _ in resources))]
    show_table(("component", *(f"{kind.upper()}>" for kind, _ in resources)), rows,
               f"{report['model']['task'] or 'model'} on {report['board']}, {report['arch']}")
    show_table(("", ""), facts_for_people(report))


def share(report, kind):
    """Percent of the available resource that is used, as text."""
    available = report[f"{kind}_available"]
    return f"{100 * report[kind] / available:.0f} %" if available else "-"
