# SPDX-License-Identifier: BSD-2-Clause
"""Makes docs/results.md and its plot of the recorded trainings: bench/trainings.jsonl and bench/baselines.jsonl."""

import argparse
import io
import statistics
import sys
from pathlib import Path

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from hadam_hw.files import atomic_write
from hadam_hw.train.record import read_lines

ROOT = Path(__file__).resolve().parent.parent
TRAININGS, BASELINES = ROOT / "bench" / "trainings.jsonl", ROOT / "bench" / "baselines.jsonl"
PAGE, PLOT, TEXT = ROOT / "docs" / "results.md", ROOT / "docs" / "results.svg", ROOT / "bench" / "results_text.md"
#: How each kind of network is drawn, in every panel.
STYLES = {kind: {"marker": marker, "color": f"C{k}"} for k, (kind, marker) in enumerate(
    zip(("HadamRNN, integers", "orthogonal", "orthogonal-sum", "gru", "lstm", "fastgrnn"), "osD^Pv", strict=True))}
#: What was asked for: task -> (n, percent, bytes), None where any will do.
ASKED = {"pmnist": [(256, 98, None), (128, 97.2, None), (128, 95.5, 5000)], "smnist": [(64, 97.3, None), (None, 98.5, None)],
         "fashion": [(128, 87, None), (None, 88, None)],
         "har": [(None, 92, 3000)], "har-mu": [(None, 92, 3000), (None, 95.5, 4000)], "har2": [(None, 95.6, 3000)],
         "har2-mu": [(None, 95.6, 3000), (None, 96.5, 4000)], "dsa-random": [(None, 84, 3250)],
         "dsa-persons": [(None, 84, 3250), (None, 88, None)],
         "dsa-persons-mu": [(None, 84, 3250), (None, 88, None)], "sst2": [(128, 80, None)], "keywords": [(None, 82, None)],
         "imdb": [(128, 86, None)], "digits": [(None, 95, None)], "copy": [(128, 100, None)]}


def main(argv):
    """Writes the page and the plot; with ``--check`` says whether they are what the records make."""
    parser = argparse.ArgumentParser(prog="python -m bench results", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if page or plot are of other records")
    arguments = parser.parse_args(argv)
    trainings, baselines = read_lines(TRAININGS), read_lines(BASELINES)
    made = {PAGE: page(trainings, baselines, TEXT.read_text("utf-8")).encode(), PLOT: plot(trainings, baselines)}
    if arguments.check:
        stale = [path.name for path, content in made.items() if not path.exists() or path.read_bytes() != content]
        sys.stderr.write("".join(f"{name} is not what the records make; run python -m bench results\n" for name in stale))
        return 1 if stale else 0
    for path, content in made.items():
        atomic_write(path, content)
    return 0


def page(trainings, baselines, text):
    """The page: ``text`` with its ``{marks}`` replaced by tables."""
    plain = [record for record in trainings if record["group"] != "signs"]
    return text.replace("{asked}", asked_table(plain)).replace("{trainings}", trainings_table(plain)) \
        .replace("{signs}", signs_table([record for record in trainings if record["group"] == "signs"])) \
        .replace("{baselines}", baselines_table(plain, baselines))


def asked_table(trainings):
    """What was asked against what the model that is best on validation reached on the test set, as integers."""
    rows = []
    for task, wishes in ASKED.items():
        for size, percent, limit in wishes:
            fitting = [record for record in trainings if record["task"] == task and (size is None or record["hidden"] == size)
                       and (limit is None or record["bytes"] <= limit)]
            what = f"{task}{f', n = {size}' if size else ''}{f', at most {limit:,} bytes' if limit else ''}"
            if not fitting:
                rows.append([what, f"{percent} %", "**not trained**", "", ""])
                continue
            best = max(fitting, key=_validation)
            reached = f"{best['integer']:.2f} %" if best["integer"] >= percent else f"**missed**: {best['integer']:.2f} %"
            loss = "" if best["float"] is None else f"{best['float'] - best['integer']:+.2f}"
            rows.append([what, f"{percent} %", reached, loss, f"`{best['name']}`"])
    return _table(["task", "figure", "integers, test set", "float minus integers, points", "model"], rows)


def trainings_table(trainings):
    """Every recorded training, the best on validation of a task first."""
    rows = []
    for record in _by_task(trainings):
        variant = [record["readout"], f"leak {record['leak']}" if record["leak"] else "",
                   "ReLU" if record["activation"] == "relu" else "", "" if record["signs"] == "fixed" else record["signs"],
                   _wires(record)]
        rows.append([record["task"], f"`{record['name']}`", ", ".join(filter(None, variant)), record["hidden"], record["block"],
                     record.get("stages", ""), f"{record['v_bits']} / {record['u_bits']} / {record['state_bits']}",
                     _score(record["float"]), f"**{record['integer']:.2f}**", _score(record["full_precision"]),
                     _score(record["validation"]), f"{record['bytes']:,}", record["epochs"] or "ridge",
                     "" if record["seconds"] is None else f"{record['seconds']:.0f}",
                     record["seed"]])
    return _table(["task", "model", "variant", "n", "block", "hidden stages", "bits V / U / state", "float", "integers",
                   "full precision", "validation", "bytes", "epochs", "s", "seed"], rows)


def _by_task(trainings):
    """The records by task, those of a task by validation."""
    return sorted(sorted(trainings, key=_validation, reverse=True), key=lambda record: record["task"])


def _validation(record):
    """What sorts records by validation: the mean of folds, which every training person is in, before the score of a few of
    them, which is soon at its ceiling; none, where the whole training part was trained on, comes last."""
    return bool(record.get("folds")), -1.0 if record["validation"] is None else record["validation"]


def _wires(record):
    """How the rows are permuted, where they are, and whether a single unit is driven."""
    words = [{"drawn": "wires drawn", "any": "any wires", "ring": "a ring"}.get(record.get("wires"), ""),
             "oscillators" if record.get("recurrence") == "oscillators" else "",
             "one unit driven" if record.get("drive") == "one" else ""]
    return ", ".join(filter(None, words))


def _score(value):
    return "" if value is None else f"{value:.2f}"


def signs_table(trainings):
    """A row a task, a width and a way of getting signs: the median and the range of its seeds."""
    rows = []
    for config in dict.fromkeys(record["config"] for record in trainings):
        records = [record for record in trainings if record["config"] == config]
        scores = sorted(record["integer"] for record in records)
        rows.append([records[0]["task"], records[0]["hidden"], f"`{config}`", len(scores), f"{statistics.median(scores):.2f}",
                     f"{scores[0]:.2f} to {scores[-1]:.2f}"])
    return _table(["task", "n", "configuration", "seeds", "integers, test set, median", "range"], sorted(
        rows, key=lambda row: (row[0], row[1], float(row[4]))))


def baselines_table(trainings, baselines):
    """The baselines, and above those of a task the best binary model of it on validation."""
    rows = []
    for task in dict.fromkeys(record["task"] for record in baselines):
        ours = [record for record in trainings if record["task"] == task]
        if ours:
            best = max(ours, key=_validation)
            rows.append([task, "**HadamRNN, integers**", best["hidden"], f"{best['bytes']:,}", best["epochs"] or "ridge",
                         f"{best['validation']:.2f}", f"**{best['integer']:.2f}**"])
        for record in (record for record in baselines if record["task"] == task):
            kind = record["kind"] + (f", leak {record['leak']}" if record["leak"] else "")
            rows.append([task, kind, record["width"], f"{record['bytes']:,}", record["epochs"] or "ridge",
                         f"{record['validation']:.2f}", f"{record['test']:.2f}"])
    return _table(["task", "network", "width", "bytes", "epochs", "validation", "test"], rows)


def plot(trainings, baselines):
    """Score over bytes, a panel a task, as SVG."""
    plain = [record for record in trainings if record["group"] != "signs"]
    tasks = list(dict.fromkeys(record["task"] for record in sorted(plain, key=lambda record: record["task"])))
    columns = 4
    figure = Figure(figsize=(13, 3 * -(-len(tasks) // columns)), layout="constrained")
    FigureCanvasSVG(figure)
    panels = figure.subplots(-(-len(tasks) // columns), columns, squeeze=False).flatten()
    for panel, task in zip(panels, tasks):
        kinds = {"HadamRNN, integers": [(record["bytes"], record["integer"]) for record in plain if record["task"] == task]}
        for record in (record for record in baselines if record["task"] == task):
            kinds.setdefault(record["kind"], []).append((record["bytes"], record["test"]))
        for kind, points in kinds.items():
            panel.scatter(*zip(*points), label=kind, **STYLES[kind])
        panel.set(title=task, xscale="log", xlim=(1e2, 1e7), xlabel="bytes", ylabel="test, %")
        panel.grid(alpha=0.3)
    named = {}
    for panel in panels:
        named |= dict(reversed(pair) for pair in zip(*panel.get_legend_handles_labels()))
    figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=len(named))
    for panel in panels[len(tasks):]:
        panel.set_axis_off()
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "results"}):  # the same picture is the same file
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
