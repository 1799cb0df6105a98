# SPDX-License-Identifier: BSD-2-Clause
"""What decides the result of a training, and the configuration file that says so."""

import tomllib
from dataclasses import asdict, dataclass, fields
from enum import Enum

from hadam_hw.errors import DataError
from hadam_hw.fixed import Rounding
from hadam_hw.layer import Activation
from hadam_hw.readout import Pooling
from hadam_hw.recurrence import MAX_LEAK


class Fit(Enum):
    """How the parameters come to be: by ``GRADIENT``, or those of today's one-stage read-out by ``RIDGE`` regression, behind a
    recurrence and a V that are drawn (:mod:`hadam_hw.train.ridge`)."""

    GRADIENT = "gradient"
    RIDGE = "ridge"


class Signs(Enum):
    """How the recurrent signs come to be.

    ``FIXED``: drawn from the seed, and left alone. ``ADAM``: latent numbers of which the signs count, with a straight-through
    gradient, as in the reference. ``FLIPS``: drawn, then changed one by one where a batch says that the loss falls.
    ``SEARCHED``: annealed before the training on what least squares tells of the classes from the last state, then left alone
    (:mod:`hadam_hw.train.sign_search`). ``AUTO``: searched where the last state is a linear function of few enough inputs, else
    fixed.
    """

    AUTO = "auto"
    FIXED = "fixed"
    ADAM = "adam"
    FLIPS = "flips"
    SEARCHED = "searched"


class Kind(Enum):
    """The recurrence: ``HADAMARD``, or ``OSCILLATORS`` (:mod:`hadam_hw.train.frequencies`)."""

    HADAMARD = "hadamard"
    OSCILLATORS = "oscillators"


class Wires(Enum):
    """The permutation of the units that follows the blocks.

    ``NONE``. ``DRAWN``: from the seed, one cycle for blocks of 1, and for larger ones a permutation that keeps each word in its
    bank of a folded core. ``ANY``: any permutation. ``RING``: for blocks of 1, each unit takes the one before it
    as it is; any other cycle whose signs have the product 1 is this one, but for the order and the signs of its units.
    """

    NONE = "none"
    DRAWN = "drawn"
    ANY = "any"
    RING = "ring"


class Drive(Enum):
    """Where V comes from: which units the inputs drive where it is drawn.

    ``AUTO``: it is trained, but drawn like ``ALL`` where stages take the last state, and for a ridge. ``ALL``: drawn, normal
    numbers in ``v_bits``. ``ONE``: each input drives one unit, by a 1.

    Of oscillators that are drawn only x is driven: by ``ALL`` inputs, or by ``ONE`` a pair, in turn. There the codes make the
    pairs equally loud, for ``ONE`` by powers of two.
    """

    AUTO = "auto"
    ALL = "all"
    ONE = "one"


@dataclass(frozen=True)
class HiddenStage:
    """A hidden stage of the read-out: its units, the bits of a code, the bits of an activation."""

    units: int
    bits: int
    width: int


@dataclass(frozen=True)
class Settings:
    """What decides the result of a training, beside the task's data.

    Parameters
    ----------
    task : str
    hidden : int
        n, the units.
    block : int
        Of the Hadamard matrix; ``hidden`` for one full block. Of oscillators 2, a pair.
    seed : int
        Of the signs, the start, the order of the batches and the validation split.
    epochs, batch : int
    lr : float
        Adam's rate, which falls to 0 along a cosine.
    clip : float
        Largest norm of a batch's gradient, which is scaled down to it; 0 for no limit.
    v_bits, u_bits : int
        Bits of the codes of V (of the table, where inputs are tokens) and U.
    noise : float
        Deviation of Gaussian noise on the inputs, in their units; for tokens the share replaced by padding. While training.
    offset : float
        Deviation of a constant that is added to each channel of a sequence of vectors, in their units, while training: as of a
        sensor that sits a little otherwise.
    shift : int
        Steps by which a sequence is moved to and fro in time while training, pixels in both directions for a picture; what is
        uncovered is 0.
    stretch : float
        Deviation of the factor by which a sequence is faster or slower while training, from 1.
    warp : float
        Deviation of each element of the matrix that turns, stretches and shears a picture about its middle while training,
        from the unit matrix.
    turn : float
        Deviation, in degrees, of the angle by which a worn sensor is turned about an axis drawn for each sequence, while
        training; for tasks whose channels are the three axes of sensors.
    dropout : float
        Share of the read-out's features dropped while training.
    v_init : float
        Deviation of V at the start.
    readout : Pooling
        Of the last state, the sum of all, or (copy task) each.
    leak : int
        0, or the state shrinks by ``1 - 2**-leak`` a step.
    leaks : str
        Empty, or ``least-most``, as 2-5: each unit has a leak of its own in place of ``leak``, drawn between these, for sums of
        states.
    activation : Activation
        ReLU within the recurrence or not.
    layers : int
        1 to 8, with a ternary matrix between each two.
    signs : Signs
    sign_lr : float
        Rate of the latent signs for ``Signs.ADAM``.
    state_bits : int
    state_in_loop : bool
        Train with the rounded, saturating state.
    rounding : Rounding
    evaluate_every : int
        Epochs between two evaluations as integers.
    stages : str
        Empty, or the hidden stages of the read-out, ``units:code bits:activation bits`` each, with commas between.
    wires : Wires
    drive : Drive
    decay : float
        AdamW's decay of the weights of the stages.
    recurrence : Kind
    copies : int
        Copies of the training set, one an epoch in turn, each moved anew by up to ``shift`` and warped by ``warp``; the first
        is as it is.
    folds : int
        0, or the epoch is chosen by so many folds of the training persons, and then all of them are trained on
        (:mod:`hadam_hw.train.folds`).
    until : int
        0, or the whole training part is trained on as far as this epoch, which the folds of another seed chose; nothing is
        validated then.
    fit : Fit
    """

    task: str
    hidden: int
    block: int
    seed: int = 0
    epochs: int = 20
    batch: int = 100
    lr: float = 2e-3
    clip: float = 0.0
    v_bits: int = 4
    u_bits: int = 4
    noise: float = 0.0
    offset: float = 0.0
    shift: int = 0
    turn: float = 0.0
    stretch: float = 0.0
    warp: float = 0.0
    dropout: float = 0.0
    v_init: float = 0.3
    readout: Pooling = Pooling.LAST
    leak: int = 0
    leaks: str = ""
    activation: Activation = Activation.LINEAR
    layers: int = 1
    signs: Signs = Signs.AUTO
    sign_lr: float = 1e-3
    state_bits: int = 12
    state_in_loop: bool = False
    rounding: Rounding = Rounding.HALF_UP
    evaluate_every: int = 1
    stages: str = ""
    wires: Wires = Wires.NONE
    drive: Drive = Drive.AUTO
    decay: float = 0.0
    copies: int = 1
    folds: int = 0
    until: int = 0
    recurrence: Kind = Kind.HADAMARD
    fit: Fit = Fit.GRADIENT

    @property
    def hidden_stages(self):
        """``stages`` as a tuple of :class:`HiddenStage`.

        Raises
        ------
        DataError
            If it cannot be read.
        """
        try:
            return tuple(HiddenStage(*map(int, stage.split(":"))) for stage in self.stages.split(",") if stage)
        except (ValueError, TypeError):
            raise DataError(f"stages must be units:code bits:activation bits, as 128:4:8, with commas between them, "
                            f"not {self.stages!r}") from None

    @property
    def leak_ends(self):
        """The least and the greatest leak that ``leaks`` says.

        Raises
        ------
        DataError
            If it cannot be read.
        """
        return _leak_ends(self.leaks)

    def _check_leaks(self):
        if self.leaks:
            _leak_ends(self.leaks)
        if self.leaks and (self.leak or self.readout is not Pooling.SUM):
            raise DataError("leaks must be left alone where there is a leak for all units, or where states are not summed")

    @property
    def drawn(self):
        """Whether the recurrence and V are drawn, and only the stages are trained (:mod:`hadam_hw.train.fit_stages`)."""
        return bool(self.stages) and (self.readout is Pooling.LAST or self.drive is not Drive.AUTO)

    def check(self):
        """Raises a DataError where settings contradict each other: those of stages, of a drawn recurrence, of a trained one."""
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if not least <= value <= most:  # NaN is not
                raise DataError(f"{name} must be between {least:,} and {most:,}, not {value}")
        if self.folds == 1:
            raise DataError(f"folds must be 0, or 2 or more, not {self.folds}")
        if not 0 <= self.until <= self.epochs or (self.until and self.folds):
            raise DataError(f"until must be 0, or without folds an epoch of {self.epochs}, not {self.until}")
        self._check_leaks()
        if self.fit is Fit.RIDGE:
            self._check_ridge()
        else:
            self._check_gradient()

    def _check_ridge(self):
        for field in fields(self):
            if field.name not in _OF_RIDGES and getattr(self, field.name) != field.default:
                raise DataError(f"{field.name} must be left alone with fit = ridge: only U is fitted, of one layer, at once")
        self._check_recurrence()
        self._check_block("with fit = ridge")
        self._check_drawn("with fit = ridge")

    def _check_gradient(self):
        if self.readout is Pooling.LAST and self.recurrence is Kind.OSCILLATORS and not self.drawn:
            raise DataError("readout must be sum or every for oscillators where V is trained, not last")
        self._check_recurrence()
        if self.stages:
            self._check_block("where stages are given")
            if not self.hidden_stages:
                raise DataError(f"stages must name a hidden stage at least, as 128:4:8, not {self.stages!r}")
        if self.drawn:
            self._leave_alone(_OF_TRAINED_RECURRENCES, "where the recurrence is drawn, as it is for stages of the last state")
            self._check_drawn("where the recurrence is drawn")
            if self.copies > 1 and not self.shift and not self.warp:
                raise DataError(f"copies must be 1, or more with a shift that moves them or a warp, not {self.copies}")
            return
        self._leave_alone(_OF_DRAWN_RECURRENCES, "where V is trained: only a recurrence that is drawn has it")
        if not self.stages:
            self._leave_alone(("decay",), "without stages")

    def _check_recurrence(self):
        if self.recurrence is Kind.OSCILLATORS:
            if self.block != 2 or self.wires is not Wires.NONE:
                raise DataError(f"block must be 2 for oscillators, and wires none, not {self.block} and {self.wires.value}: "
                                "a pair keeps to itself")
            if self.hidden % 2:
                raise DataError(f"hidden must be even for oscillators, two units a pair, not {self.hidden}")
            if self.signs not in (Signs.AUTO, Signs.FIXED):
                raise DataError(f"signs must be left alone for oscillators, not {self.signs.value}")

    def _check_block(self, when):
        if self.recurrence is Kind.HADAMARD and self.block.bit_length() % 2 == 0:
            raise DataError(f"block must be 1, 4, 16, 64 ... {when}, not {self.block}")

    def _check_drawn(self, when):
        if self.readout is Pooling.EVERY:
            raise DataError(f"readout must be last or sum {when}, not every: a sequence has one label there")
        if self.wires is Wires.RING and self.block != 1:
            raise DataError(f"wires must be drawn, any or none for blocks of {self.block}; a ring has blocks of 1")
        if self.signs not in (Signs.AUTO, Signs.FIXED):
            raise DataError(f"signs must be fixed {when}, not {self.signs.value}")

    def _leave_alone(self, names, where):
        for name in names:
            if getattr(self, name) != _default(name):
                raise DataError(f"{name} must be left alone {where}")

    def as_json(self):
        """The fields as plain values."""
        return {name: value.value if isinstance(value, Enum) else value for name, value in asdict(self).items()}


#: The least and the greatest of each number, beyond which no training makes sense; models have bounds of their own.
_RANGES = {
    "hidden": (1, 1 << 20), "block": (1, 1 << 20), "seed": (0, 2**63 - 1), "epochs": (1, 1_000_000), "batch": (1, 1_000_000),
    "lr": (1e-12, 1e3), "clip": (0, 1e9), "noise": (0, 1e6), "offset": (0, 1e6), "shift": (0, 1_000_000), "warp": (0, 10),
    "turn": (0, 360), "stretch": (0, 1), "dropout": (0, 0.99), "v_init": (0, 1e6), "leak": (0, MAX_LEAK), "sign_lr": (0, 1e3),
    "evaluate_every": (1, 1_000_000), "decay": (0, 1e3), "copies": (1, 1_000), "folds": (0, 1_000), "until": (0, 1_000_000)}
#: What a ridge depends on.
_OF_RIDGES = ("fit", "task", "hidden", "block", "seed", "v_bits", "u_bits", "readout", "leak", "leaks", "state_bits",
              "rounding", "signs", "wires", "drive", "recurrence")
#: What only a training of stages alone has a use for.
_OF_DRAWN_RECURRENCES = ("wires", "drive", "copies")
#: And what it has none for.
_OF_TRAINED_RECURRENCES = ("activation", "layers", "noise", "offset", "turn", "stretch", "clip", "state_in_loop",
                           "v_init")


def _leak_ends(text):
    """(least, most) of ``least-most``, or a DataError."""
    ends = [int(end) for end in text.split("-") if end.isdecimal()]
    if text.count("-") != 1 or len(ends) != 2 or not ends[0] <= ends[1] <= MAX_LEAK:
        raise DataError(f"leaks must be the least and the greatest, at most {MAX_LEAK}, as 2-5, not {text!r}")
    return tuple(ends)


def _default(name):
    return Settings.__dataclass_fields__[name].default


def from_text(name, value):
    """The value of field ``name`` from what a file or a command line holds.

    Raises
    ------
    DataError
        If there is no such field, or the value is not one of it.
    """
    kinds = {field.name: field.type for field in fields(Settings)}
    if name not in kinds:
        raise DataError(f"Configuration must not hold {name!r}; its keys are {', '.join(kinds)}")
    kind = kinds[name]
    if issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError:
            raise DataError(f"{name} must be one of {', '.join(entry.value for entry in kind)}, not {value!r}") from None
    wrong = isinstance(value, bool) is not (kind is bool) or not isinstance(value, (int, float) if kind is float else kind)
    if wrong:
        raise DataError(f"{name} must be of type {kind.__name__}, not {value!r}")
    return kind(value)


def read_toml(path):
    """The entries of a configuration file as they stand, a dict.

    Raises
    ------
    DataError
        If it cannot be read, or is no TOML.
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise DataError(f"Configuration {path} cannot be read: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"Configuration {path} must be TOML: {error}") from None


def read_config(path):
    """The fields of a configuration file (TOML, the names of :class:`Settings`) as a dict.

    Raises
    ------
    DataError
    """
    entries = read_toml(path)
    try:
        return {name: from_text(name, value) for name, value in entries.items()}
    except DataError as error:
        raise DataError(f"Configuration {path} cannot be used: {error}") from None
