# SPDX-License-Identifier: BSD-2-Clause
"""``hadam VERB ...``: the one command, and the older ``python -m`` words that lead to the same verbs.

The table names modules of every package as text. They are imported when they are called, so that none is needed by another
and each verb loads what it alone needs.
"""

import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version

from hadam_hw import completion
from hadam_hw.errors import ToolMissingError, UsageError

PROGRAM = "hadam"


@dataclass(frozen=True)
class Verb:
    """A word behind ``hadam``.

    Parameters
    ----------
    name : str
    about : str
        What it does, in a few words.
    module : str
        Whose ``main(argv)`` does it.
    older : str
        How it was spelled before, and still may be; empty for a verb that has no older words.
    example : str
        What follows the word, of a call that makes sense.
    """

    name: str
    about: str
    module: str
    older: str
    example: str

    @property
    def epilog(self) -> str:
        """What stands at the end of the verb's help."""
        example = f"example: {PROGRAM} {self.name} {self.example}".rstrip()
        return f"{example}\nolder spelling: {self.older}" if self.older else example

    def run(self, argv: list[str]) -> int:
        """Runs the verb; returns the exit code.

        Raises
        ------
        ToolMissingError
            If the verb's package is not installed.
        """
        try:
            module = import_module(self.module)
        except ModuleNotFoundError as error:
            if error.name != self.module.partition(".")[0]:
                raise
            raise ToolMissingError(f"{PROGRAM} {self.name} needs the package {error.name}, which is not installed; "
                                   "work in a clone of the repository") from None
        return module.main(argv)


_TABLE = (
    Verb("data", "looks at your own recordings", "hadam_hw.verbs.data", "python -m hadam_hw data",
         "recordings --html data.html"),
    Verb("fit", "trains a model", "hadam_hw.train.command", "python -m hadam_hw.train",
         "--data recordings --out mine.npz"),
    Verb("predict", "says which class recordings are, without a device", "hadam_hw.verbs.predict", "python -m hadam_hw predict",
         "mine.npz recording.csv"),
    Verb("import", "makes a model of a checkpoint: HadamRNN, torch.nn.RNN, QORNN", "hadam_hw.reference_command",
         "python -m hadam_hw import", "checkpoint.pt --task pmnist --out model.npz"),
    Verb("inspect", "shows what a model is", "hadam_hw.verbs.inspect", "python -m hadam_hw inspect", "model.npz"),
    Verb("check", "recomputes a model's test vectors", "hadam_hw.verbs.check", "python -m hadam_hw check", "model.npz"),
    Verb("explore", "estimates what each architecture costs on a board", "rtl_gen.verbs.explore", "python -m rtl_gen explore",
         "--weights model.npz --board icebreaker"),
    Verb("build", "makes Verilog, bitstream and report", "rtl_gen.verbs.build", "python -m rtl_gen",
         "--weights model.npz --board icebreaker"),
    Verb("boards", "lists the boards", "rtl_gen.verbs.boards", "python -m rtl_gen boards", ""),
    Verb("program", "sends a bitstream to a board", "rtl_gen.verbs.program", "python -m rtl_gen program",
         "--board icebreaker --bitstream build/demo/design.bin"),
    Verb("sim", "simulates the core's Verilog against the golden model", "sim.cli", "python -m sim",
         "--weights model.npz --arch serial --steps 1000"),
    Verb("simulate", "offers a virtual board behind a pseudo-terminal", "firmware.verbs.simulate",
         "python -m firmware simulate", "--weights model.npz --board icebreaker"),
    Verb("identify", "asks a device what it is", "firmware.verbs.identify", "python -m firmware identify",
         "--port /dev/ttyUSB1"),
    Verb("infer", "lets a device classify sequences", "firmware.verbs.infer", "python -m firmware infer",
         "--port /dev/ttyUSB1 --weights model.npz data.npz"),
    Verb("stream", "lets a device label a running sensor", "firmware.verbs.stream", "python -m firmware stream",
         "--port /dev/ttyUSB1 --weights mine.npz -"),
    Verb("selftest", "compares a device with the golden model", "firmware.verbs.selftest", "python -m firmware selftest",
         "--port /dev/ttyUSB1 --weights model.npz"),
    Verb("bench", "measures a device's speed", "firmware.verbs.bench", "python -m firmware bench", "--port /dev/ttyUSB1"),
    Verb("export-c", "writes a model as C99", "firmware.verbs.export_c", "python -m firmware export-c",
         "--weights model.npz --out c"),
    Verb("export-page", "writes a page that hears, with the model's C in it", "firmware.verbs.export_page", "",
         "--weights digits.npz --out hear.html"),
    Verb("completion", "prints what makes a shell complete these words", "hadam_hw.verbs.completion", "", "bash"),
)
VERBS = {verb.name: verb for verb in _TABLE}


def main(argv: list[str], program: str = PROGRAM, names: tuple[str, ...] | None = None) -> int:
    """Hands the rest of the command line to its verb; returns the exit code.

    Parameters
    ----------
    argv : list of str
    program : str
        How the caller spells this command, for its help.
    names : tuple of str, optional
        The verbs that it knows; default: all.

    Raises
    ------
    UsageError
        If the first word is no verb.
    """
    names = tuple(VERBS) if names is None else names
    if completion.asked():
        argv = completion.verb(program, names)
    word = argv[0] if argv else "--help"
    if word in ("-h", "--help"):
        sys.stdout.write(_help(program, names))
        return 0
    if word == "--version":
        sys.stdout.write(f"{PROGRAM} {version('hadam_hw')}\n")
        return 0
    if word not in names:
        raise UsageError(f"Verb must be one of {', '.join(names)}, not {word!r}; see {program} --help")
    return VERBS[word].run(argv[1:])


def older_words(package: str) -> tuple[str, ...]:
    """The verbs that are spelled ``python -m PACKAGE VERB`` too."""
    return tuple(verb.name for verb in _TABLE if verb.older == f"python -m {package} {verb.name}")


def _help(program: str, names: tuple[str, ...]) -> str:
    width = max(map(len, names))
    verbs = "".join(f"  {name:<{width}}  {VERBS[name].about}\n" for name in names)
    return (f"usage: {program} VERB ...\n\nRecurrent networks without multipliers, from training to a small FPGA.\n\n"
            f"{verbs}\n{program} VERB --help has the options and an example of each; {program} --version.\n")
