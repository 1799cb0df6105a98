# SPDX-License-Identifier: BSD-2-Clause
"""``hadam build --weights model.npz --board icebreaker``: from a model to a bitstream."""

import json
import shlex
import sys
from pathlib import Path

import boards
from hadam_hw.cache import Cache, cache_folder
from hadam_hw.cli import VerbParser, positive
from hadam_hw.files import check_folder_out
from hadam_hw.model_file import load_model
from hadam_hw.terminal import console
from rtl_gen.link.kind import Link, Profile
from rtl_gen.plan.arch import parse_architecture, spellings
from rtl_gen.progress import Progress
from rtl_gen.sensors.kind import Sensor
from rtl_gen.tools.toolchain import Kind

AUTO = "auto"
DESCRIPTION = "From a quantised model to Verilog, a bitstream and a report of what they cost."


def parser():
    """The command line's parser."""
    parsing = VerbParser("build", description=DESCRIPTION)
    parsing.add_argument("--weights", type=Path, required=True, metavar="FILE", help="the quantised model (.npz)")
    parsing.add_argument("--board", required=True,
                         help="such as icebreaker (hadam boards lists them), or a file with another: my_board.py")
    parsing.add_argument("--arch", default=AUTO,
                         help=f"auto (default: the fastest that fits), {spellings()}")
    parsing.add_argument("--out", type=Path, metavar="DIR", help="default: build/MODEL-BOARD-ARCH")
    parsing.add_argument("--freq", type=positive(float), metavar="MHZ", help="the clock to run at; default: the board's")
    parsing.add_argument("--baud", type=positive(int, 1e9), metavar="BAUD",
                         help="of the UART; default: the board's, or the highest at which the core loses no vector")
    parsing.add_argument("--link", choices=[link.value for link in Link], default=Link.UART.value, help="default: uart")
    parsing.add_argument("--profile", choices=[profile.value for profile in Profile],
                         help="of the link, lean for small chips (docs/link.md); default: the board's")
    parsing.add_argument("--sensor", choices=[sensor.value for sensor in Sensor],
                         help="a microphone at the board's pins in place of a link; labels go to LEDs and, as text, to the "
                         "UART; --arch auto takes the smallest then")
    parsing.add_argument("--seeds", type=positive(int), default=1, metavar="N", help="place & route seeds (default 1)")
    parsing.add_argument("--tools", choices=[kind.value for kind in Kind], default=Kind.YOWASP.value,
                         help="from PyPI (default), or the native ones on the PATH")
    parsing.add_argument("--synth-options", default="", metavar="OPTIONS",
                         help="more options for synth_ice40, synth_ecp5 or synth_gowin, in one word")
    parsing.add_argument("--no-cache", action="store_true", help="make everything anew, and remember nothing")
    parsing.add_argument("--json", action="store_true", help="print report.json instead of tables")
    return parsing


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    arguments = parser().parse_args(argv)
    boards.require(arguments.board)
    model = load_model(arguments.weights)
    architecture = None if arguments.arch == AUTO else parse_architecture(arguments.arch)
    name = f"{arguments.weights.stem}-{Path(arguments.board).stem}-{arguments.arch.replace(':', '')}"
    folder = check_folder_out(arguments.out or Path("build") / name)
    cache = Cache(None if arguments.no_cache else cache_folder() / "builds")

    from rtl_gen.auto import build_auto  # after the quick checks, which need less
    from rtl_gen.build import Options, build

    options = Options(
        arguments.freq, arguments.seeds, tuple(shlex.split(arguments.synth_options)), arguments.baud, Link(arguments.link),
        arguments.profile and Profile(arguments.profile), arguments.sensor and Sensor(arguments.sensor))
    with Progress() as progress:
        if architecture is None:
            result = build_auto(model, arguments.board, Kind(arguments.tools), cache, options=options, on_stage=progress.stage)
        else:
            result = build(model, architecture, arguments.board, Kind(arguments.tools), cache, options=options,
                           on_stage=progress.stage)
        progress.stage(f"writing {folder}")
        result.write(folder)
    if arguments.json:
        sys.stdout.write(json.dumps(result.report, indent=2) + "\n")
    else:
        from rtl_gen.report.report import show

        show(result.report)
        console().print(f"written to {folder}: {', '.join(sorted(result.files))}")
    return 0
