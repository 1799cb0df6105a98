# SPDX-License-Identifier: BSD-2-Clause
"""``hadam fit``: trains on recordings of one's own, or with ``--task`` on a built-in set; scores the integers once on the test
part."""

import argparse
import json
import shlex
import sys
from dataclasses import MISSING, fields
from enum import Enum
from functools import partial
from pathlib import Path

from hadam_hw.cli import INTERRUPTED, VerbParser
from hadam_hw.errors import DataError, ToolMissingError, UsageError
from hadam_hw.files import check_file_out
from hadam_hw.recordings import Kind as NumberKind
from hadam_hw.terminal import console
from hadam_hw.train.blank import blank_model
from hadam_hw.train.by_ridge import train_ridge
from hadam_hw.train.folds import fold_checkpoints
from hadam_hw.train.own.command import fit_files
from hadam_hw.train.own.options import NAMES, Balance, Front, options_of, read_entries
from hadam_hw.train.ridge_settings import DEFAULTS, LEAKS, tried_settings
from hadam_hw.train.settings import Fit, Settings, from_text, read_config
from hadam_hw.train.tasks import TASKS, load_task

_ABOUT = """Trains a model on recordings of your own: --data and --out are all that it needs. With --task it trains on a
built-in data set. The integers are scored once on the test part."""
#: Options that only recordings of one's own have.
_OWN = ("window", "hop", "rate", "resample", "group_from", "table", "background", "units", "mu_law", "balance", "test",
        "budget", "front_end")
_HELP = {
    "task": f"one of {', '.join(sorted(TASKS))}", "hidden": "units", "block": "of the Hadamard matrix; --hidden for one block",
    "seed": "signs, start, order, split", "lr": "Adam's rate at the start",
    "clip": "largest norm of a batch's gradient; 0 for no limit", "v_bits": "bits of V's codes",
    "u_bits": "bits of U's codes", "noise": "on the inputs while training, in the units of x; of tokens the share dropped",
    "offset": "deviation of a constant on each channel of a sequence while training, in the units of x",
    "shift": "steps (pixels of a picture) that a sequence is moved by, at most, while training",
    "turn": "degrees by which a worn sensor is turned about some axis, their deviation, while training",
    "stretch": "deviation of the factor by which a sequence is faster or slower, from 1, while training",
    "warp": "deviation of each element of the matrix that turns, stretches and shears a picture, while training",
    "dropout": "of the features while training", "v_init": "deviation of V at the start",
    "readout": "of the last state, the sum of all, or each", "leak": "0, or the state shrinks by 1 - 2**-LEAK a step",
    "leaks": "LEAST-MOST, as 2-5: a leak drawn for each unit in place of --leak, for --readout sum",
    "activation": "within the recurrence", "layers": "1 to 8, with a ternary matrix between each two",
    "signs": "drawn and fixed, trained as in the reference, flipped where a batch accepts it, searched before training; auto: "
    "searched where only the last state is read out, else fixed",
    "sign_lr": "rate of the signs for --signs adam", "state_bits": "bits of a state",
    "state_in_loop": "train with the rounded state",
    "rounding": "of the state", "evaluate_every": "epochs between scores of the integers",
    "stages": "hidden stages of the read-out, UNITS:BITS OF A CODE:BITS OF AN ACTIVATION each, with commas between; of the "
    "last state only they are trained, behind a recurrence that is drawn",
    "wires": "a permutation behind the blocks, with --stages; ring: each unit takes the one before it, for blocks of 1",
    "drive": "with --stages or --fit ridge, V drawn: all units, or one an input; auto: drawn for the last state and for a "
    "ridge, else trained",
    "decay": "AdamW's decay of the weights, with --stages",
    "folds": "0, or so many folds of the training persons choose the epoch, and then all of them are trained on",
    "until": "0, or an epoch that folds chose before: as far as that the whole training part is trained on",
    "recurrence": "oscillators: pairs of units, in blocks of 2, whose frequencies are chosen for the task, or "
    "drawn where V is trained",
    "copies": "of the training set, each moved anew by --shift and warped by --warp, with --stages",
    "fit": "gradient: by PyTorch, step by step; ridge: in seconds, without PyTorch: recurrence and V are drawn, and U "
    f"is fitted in closed form. --hidden {DEFAULTS['hidden']}, --block {DEFAULTS['block']}, --u-bits {DEFAULTS['u_bits']} "
    f"unless told otherwise, or suits pictures; of --leak {', '.join(map(str, LEAKS))} the best on validation",
}


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    arguments = _arguments(argv)
    entries = read_entries(Path(arguments.config)) if arguments.config else {}
    if arguments.task is None and "task" not in entries:
        return _fit_own(arguments, entries, argv)
    for name in _OWN:
        if getattr(arguments, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')} must be left alone with --task: it is for recordings of your own")
    if arguments.out is None:
        raise UsageError("--out must say where the model goes; see hadam fit --help")
    given = _given(arguments)
    tried = tried_settings(given) if given.get("fit") is Fit.RIDGE else (Settings(**given),)
    for settings in tried:
        settings.check()
        blank_model(settings)  # says what is wrong before data are read
    out = Path(arguments.out)
    for suffix in ("", ".jsonl", ".svg", ".checkpoint"):
        check_file_out(out.with_suffix(suffix) if suffix else out)
    train = _trainer(tried)
    task = load_task(settings.task, arguments.data, settings.seed)
    told = console(stderr=True, quiet=arguments.json)
    record, sentence, interrupted = train(task, out, told, "python -m hadam_hw.train " + shlex.join(argv))
    if arguments.json:
        sys.stdout.write(json.dumps(record) + "\n")
    else:
        console().print(sentence)
    if interrupted:
        return INTERRUPTED
    checkpoint = out.with_suffix(".checkpoint")
    for path in (checkpoint, *fold_checkpoints(checkpoint, settings)):
        path.unlink(missing_ok=True)
    return 0


def _fit_own(arguments, entries, argv):
    """Trains on one's own recordings: what the command line says wins over the configuration."""
    told = {name: getattr(arguments, name) for name in (*NAMES, *(field.name for field in fields(Settings)))
            if getattr(arguments, name, None) is not None}
    values = entries | told
    for name, way in (("data", "a folder of your recordings, CLASS/file.csv, or --task for a built-in set"),
                      ("out", "where the model goes, mine.npz")):
        if name not in values:
            raise UsageError(f"Training needs --{name}: {way}; see hadam fit --help")
    out = values.pop("out")
    return fit_files(options_of(values), Path(out), argv, arguments.json)


def _trainer(tried):
    """The function (task, out, console, command) that trains with the settings ``tried``, of which a ridge takes several."""
    if tried[0].fit is Fit.RIDGE:
        return partial(train_ridge, tried)
    try:
        from hadam_hw.train import by_gradient  # PyTorch is an extra, and takes seconds to load
    except ImportError as error:
        raise ToolMissingError(f"Training by gradients needs {error.name}, which is not installed; install this package's "
                               "extra 'train', or take --fit ridge, which needs NumPy alone") from None
    return partial(by_gradient.train_stages if tried[0].drawn else by_gradient.train_network, tried[0])


def _given(arguments):
    """The settings given, by their names: the configuration's, then those of the command line, the later ones winning."""
    given = read_config(Path(arguments.config)) if arguments.config else {}
    given |= {field.name: from_text(field.name, getattr(arguments, field.name)) for field in fields(Settings)
              if getattr(arguments, field.name) is not None}
    needless = DEFAULTS if given.get("fit") is Fit.RIDGE else ()
    missing = [field.name for field in fields(Settings)
               if field.default is MISSING and field.name not in given and field.name not in needless]
    if missing:
        raise DataError(f"Training needs {', '.join('--' + name for name in missing)}, or a --config that holds them")
    return given


def _add_own(group):
    group.add_argument("--window", type=int, metavar="STEPS", help="cut recordings into windows; default: each is one sequence")
    group.add_argument("--hop", type=int, metavar="STEPS", help="from one window to the next; default: half a window")
    group.add_argument("--front-end", choices=[entry.value for entry in Front],
                       help="what makes vectors of samples: none, or a bank of resonators for sound; default: the bank for one "
                       "channel of 4 kHz or more")
    group.add_argument("--rate", type=float, metavar="HZ", help="samples a second of files that have no time column")
    group.add_argument("--resample", type=float, metavar="HZ", help="bring all recordings to this rate; needs SciPy")
    group.add_argument("--group-from", metavar="REGEX",
                       help="what its first group matches in a file's path says who it belongs to: a person, a device, a day")
    group.add_argument("--table", metavar="FILE", help="start,end,label in seconds: --data is one long recording")
    group.add_argument("--background", metavar="CLASS", help="the class of what the table does not label; default: left out")
    group.add_argument("--units", choices=[kind.value for kind in NumberKind],
                       help="what whole numbers are if the header has no unit")
    group.add_argument("--mu-law", nargs="*", metavar="CHANNEL",
                       help="channels in which small numbers matter beside large ones; none for none")
    group.add_argument("--balance", choices=[entry.value for entry in Balance],
                       help="even: all classes count the same, however many sequences they have; auto (default): where their "
                       "sizes are very unequal")
    group.add_argument("--test", type=float, metavar="SHARE", help="of the groups, held out for the test where the recordings "
                       "do not say; 0 for none (default 0.2)")
    group.add_argument("--budget", type=float, metavar="SECONDS",
                       help="of processor time that gradients may take (default 300)")


def _arguments(argv):
    parser = VerbParser("fit", description=_ABOUT)
    parser.add_argument("--config", help="TOML file with any of the settings below, by their names with underscores")
    parser.add_argument("--out", help="the model's .npz; of recordings of your own, what repeats the training (.toml) and a "
                        "picture (.svg) go beside it, with --task metrics (.jsonl) and curve (.svg)")
    parser.add_argument("--data", help="recordings of your own: a folder CLASS/[GROUP/]file.csv or .wav, an .npz, or one long "
                        "recording with --table; with --task the folder of the built-in data sets")
    _add_own(parser.add_argument_group("recordings of your own (docs/own-data.md)",
                                       "what is left open is chosen on validation"))
    for field in fields(Settings):
        default = "required" if field.default is MISSING else f"default {getattr(field.default, 'value', field.default)}"
        flag, text = f"--{field.name.replace('_', '-')}", f"{_HELP.get(field.name, '')} ({default})"
        if field.type is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        elif issubclass(field.type, Enum):
            parser.add_argument(flag, choices=[entry.value for entry in field.type], help=text)
        else:
            parser.add_argument(flag, type=field.type, help=text)
    parser.add_argument("--json", action="store_true", help="the scores as one line of JSON, and nothing else")
    return parser.parse_args(argv)
