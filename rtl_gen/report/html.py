# SPDX-License-Identifier: BSD-2-Clause
"""The report as one HTML page that needs nothing else: plots are SVG inside it."""

from importlib.resources import files

from rtl_gen.report.report import facts_for_people, grouped, resources_of, score_words, share

WIDTH, LEFT, SPAN = 880, 220, 470  # of the plots, in their own units: all, beginning and length of the longest bar
ROW = 26


def render(report):
    """The page of a report that :func:`rtl_gen.report.report.make_report` made, as text."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined)
    template = environment.from_string(files("rtl_gen").joinpath("templates/report.html").read_text("utf-8"))
    model = report["model"]
    return template.render(
        report=report, resources=resources_of(report), width=WIDTH, left=LEFT, span=SPAN,
        title=f"{model['task'] or 'model'} on {report['board']}",
        subtitle=f"{_shape(model)}; architecture {report['arch']}; chip {report['chip']} in {report['package']}",
        cards=_cards(report), usage=_usage(report), parts=_parts(report), clock=_clock(report),
        facts=facts_for_people(report), origin=origin_rows(model), digests=_digests(report)) + "\n"


def _shape(model):
    block = f" in blocks of {model['block']}" if model["block"] else ""
    if len(model["layers"]) > 1:
        block = f" in {len(model['layers'])} layers ({' and '.join(str(layer['units']) for layer in model['layers'])})"
    inputs = f"{model['inputs']} input{'s' if model['inputs'] > 1 else ''} of {model['input_width']} bits"
    return (f"{model['units']} units{block}, {inputs}, {model['outputs']} outputs, {model['state_width']}-bit state, "
            f"{model['rounding']}")


def _cards(report):
    cards = [(f"{report['lc']:,}", f"logic cells of {report['lc_available']:,} ({share(report, 'lc')})"),
             (f"{report['clock_mhz']:g} MHz", "clock"),
             (f"{report['cycles_per_step']}", "clocks a step"),
             (f"{report['steps_per_second'] / 1e6:.2f} M", "steps a second")]
    if report["steps_per_sequence"]:
        slower = min(report["sequences_per_second_core"], report["sequences_per_second_link"])
        by = "link" if slower < report["sequences_per_second_core"] else "core"
        cards += [(f"{slower:,.0f}", f"sequences a second (the {by} is the limit)"),
                  (f"{report['latency_seconds'] * 1e3:.2f} ms", "from first element to answer")]
    name, integer, _ = score_words(report)
    if integer is not None:
        cards.append((integer, f"{name} as integers, as recorded"))
    cards.append((f"{report['model_bytes']:,}", "bytes of model"))
    return cards


def _usage(report):
    bars = []
    for kind, name in resources_of(report):
        used, available = report[kind], report[f"{kind}_available"]
        bars.append({"name": name, "used": f"{used:,}", "available": f"{available:,}",
                     "length": round(SPAN * min(used / available, 1), 1) if available else 0,
                     "share": f" ({share(report, kind)})" if available else ""})
    return bars


def _parts(report):
    groups = grouped(report["components"])
    longest = max((counts["lc"] for counts in groups.values()), default=0) or 1
    return [{"name": name, "lc": counts["lc"], "ff": counts["ff"],
             "ff_length": round(SPAN * counts["ff"] / longest, 1),
             "rest_length": round(SPAN * (counts["lc"] - counts["ff"]) / longest, 1)}
            for name, counts in groups.items() if counts["lc"]]


def _clock(report):
    clocks = [*report["fmax_mhz"], report["clock_mhz"]]
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100) if (max(clocks) - min(clocks)) / step <= 8 or step == 100)
    low = int(min(clocks) / step) * step
    high = (int(max(clocks) / step) + 1) * step

    def x(mhz):
        return round(LEFT + SPAN * (mhz - low) / (high - low), 1)

    seeds = [{"number": number, "fmax": fmax, "x": x(fmax), "y": ROW * index + 16, "met": fmax >= report["clock_mhz"],
              "shipped": number == report["seed"]}
             for index, (number, fmax) in enumerate(zip(report["seeds"], report["fmax_mhz"]))]
    ticks = [{"x": x(mhz), "label": mhz} for mhz in range(low, high + 1, step)]
    return {"height": ROW * len(seeds) + 36, "seeds": seeds, "ticks": ticks, "asked": x(report["clock_mhz"])}


def origin_rows(model):
    """Pairs (what, text) of where a described model and its data come from."""
    rows = [("task", model["task"]), ("made by", model["command"]), ("scores on", model["split"]),
            ("data", model["data_source"]), ("licence of the data", model["data_licence"])]
    return [(name, value) for name, value in rows if value]


def _digests(report):
    return [("model", report["model_digest"]),
            (f"{report['core_verilog']}", report["core_verilog_sha256"]),
            (f"{report['verilog']}, the text that was synthesised", report["verilog_sha256"]),
            (f"{report['bitstream']}", report["bitstream_sha256"])]
