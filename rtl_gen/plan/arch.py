# SPDX-License-Identifier: BSD-2-Clause
"""Architectures: the ways in which a model becomes hardware, and how they are spelled.

``serial`` is :class:`Serial` with one bit a clock, ``serial:D`` with ``D`` bits a clock. ``parallel`` is :class:`Parallel`,
which moves whole words, and ``parallel,contexts=C`` serves ``C`` independent sequences in turn. ``folded:R`` is
:class:`Folded` with butterflies of radix ``R``, ``folded:RxL`` with ``L`` of them side by side; ``folded:1`` has none and moves
a word a clock. Behind each of them ``,codes=spram`` puts the codes of the read-out's stages into SPRAM, and of two
folded layers the matrix between them.

An architecture is data and answers for itself. A kind is a subclass of :class:`Architecture`; it is known by its ``word`` as
soon as its class exists, wherever it lives. :func:`rtl_gen.cores.build.build_core` turns a model and an architecture into
gateware.
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

from hadam_hw.checks import as_integer, assign
from hadam_hw.errors import ArchitectureError
from rtl_gen.plan.alignment import align
from rtl_gen.plan.code_store import CodeStore
from rtl_gen.plan.core import ContextCorePlan, CorePlan, StackedCorePlan
from rtl_gen.plan.feed import Feed
from rtl_gen.plan.folded import FoldedPlan
from rtl_gen.plan.folded_stack import FoldedStackPlan
from rtl_gen.plan.folding import fold
from rtl_gen.plan.one_word import OneWordPlan, fold_words
from rtl_gen.plan.pairs import PairPlan, fold_pairs
from rtl_gen.plan.parallel import ParallelPlan
from rtl_gen.plan.serial import SerialPlan

MAX_DIGIT = 8
RADICES = (1, 2, 4, 8)
MAX_LANES = 16
#: More than the clocks of any loop that was built.
MAX_CONTEXTS = 64
#: Digits and lanes that a choice looks at.
DIGITS, LANES = (1, 2, 3, 4), (1, 2, 4, 8)
#: What is this many times too large by its adders alone is not looked at more closely.
HOPELESS = 4

#: What a spelling ends with where codes do not lie in block RAM.
CODES = ",codes="
_STORES = {store.value: store for store in CodeStore}
_CONTEXTS = r"(,contexts=(?P<contexts>[0-9]{1,9}))?"


class Architecture(ABC):
    """A way in which a model becomes hardware; what every kind must say of itself.

    A kind gives ``word``, ``spellings``, ``pattern``, ``spelled`` and ``cell``, and ``str`` of it is what was parsed. Where it
    has more to say it gives ``pair``, ``candidates``, ``placement_options``, ``delay`` and ``carry_bits``. A kind whose core is
    more than a cell and a read-out gives ``plan``.
    """

    #: What its spelling begins with.
    word: ClassVar[str]
    #: Its spellings, and what a letter in each stands for.
    spellings: ClassVar[dict[str, str]]
    #: What may follow the word.
    pattern: ClassVar[re.Pattern]
    #: The group of architectures whose longest ways are alike: the key of a factor in ``estimate/clock_factors.json``.
    delay = "words"
    #: Where the codes of the read-out's stages lie, and of two folded layers the matrix between them; a kind that leaves the
    #: choice has a field of this name.
    codes = CodeStore.BLOCK

    _kinds: ClassVar[dict[str, type]] = {}

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        Architecture._kinds[cls.word] = cls

    @staticmethod
    def kinds():
        """The kinds that there are, by their words."""
        return dict(Architecture._kinds)

    @classmethod
    @abstractmethod
    def spelled(cls, match):
        """The architecture that is spelled by ``match``, of the kind's ``pattern``; an ArchitectureError for a wrong value."""

    def storing(self, codes):
        """The same with the codes of the read-out's stages in ``codes``, a :class:`CodeStore`.

        Raises
        ------
        ArchitectureError
            If the kind leaves no choice.
        """
        if codes is self.codes:
            return self
        if "codes" not in getattr(type(self), "__dataclass_fields__", ()):
            raise ArchitectureError(f"Codes must lie in {self.codes.value} in the architecture {self}, not {codes.value}; "
                                    f"leave out {CODES}{codes.value}")
        return replace(self, codes=codes)

    @abstractmethod
    def cell(self, layer):
        """The plan of a cell for ``layer``, for which there is a :class:`~rtl_gen.gateware.rendering.Rendering`.

        It has ``timing``, ``unload_cycles``, ``unload_interval`` and ``parts()``, as :class:`~rtl_gen.plan.serial.SerialPlan`.

        Raises
        ------
        ArchitectureError
            If there is no such cell.
        """

    def pair(self, lower, upper):
        """The plans of the cells of two layers, of which the upper takes the states of the lower; None for no such."""
        return None

    def plan(self, model):
        """The plan of a model's core: all that is known of it without its gateware.

        Raises
        ------
        ArchitectureError
            If the architecture cannot render the model.
        """
        if len(model.layers) == 1:
            return CorePlan(model, self, self.cell(model.top))
        pair = self.pair(*model.layers[-2:])
        if pair is None:
            raise ArchitectureError(
                f"Architecture of two stacked layers must be 'serial', 'serial:D', 'parallel' or 'folded:R', not {self}")
        if len(model.layers) > 2:
            raise ArchitectureError(f"Layers must be one or two in hardware, not {len(model.layers)}; "
                                    "the golden model and C take more")
        return self.stack(model, *pair)

    def stack(self, model, lower, upper):
        """The plan of a core of two layers, whose cells are those of :meth:`pair`."""
        return StackedCorePlan(model, self, lower, upper)

    @classmethod
    def candidates(cls, model, chip):
        """Those that a choice looks at: they can render ``model`` and are not hopelessly larger than ``chip``."""
        return []

    def placement_options(self, family):
        """Arguments for nextpnr for a chip family, by its name."""
        return []

    def carry_bits(self, model):
        """Bits of the longest chain of carries: here that of the widest word."""
        return max(align(layer, None).width for layer in model.layers)


@dataclass(frozen=True)
class Serial(Architecture):
    """Every word moves ``digit`` bits a clock, least significant digit first.

    Parameters
    ----------
    digit : int
        Bits of every word a clock, 1 to ``MAX_DIGIT``.
    codes : CodeStore

    Raises
    ------
    ArchitectureError
        If it is something else.
    """

    word = "serial"
    spellings = {"serial": "", "serial:D": "D bits a clock"}
    pattern = re.compile(r"(:(?P<digit>[0-9]{1,9}))?" + _CONTEXTS)
    delay = "serial"

    digit: int = 1
    codes: CodeStore = CodeStore.BLOCK

    def __post_init__(self):
        assign(self, digit=as_integer("Digit", self.digit, ArchitectureError))
        if not 1 <= self.digit <= MAX_DIGIT:
            raise ArchitectureError(
                f"Digit must be between 1 and {MAX_DIGIT} bits, not {self.digit}; "
                "for whole words use the architecture 'parallel'")

    def __str__(self):
        return ("serial" if self.digit == 1 else f"serial:{self.digit}") + _ending(self.codes)

    @classmethod
    def spelled(cls, match):
        """The digit; contexts are refused."""
        found, contexts = cls(int(match["digit"] or 1)), _check_contexts(int(match["contexts"] or 1))
        if contexts > 1:
            raise ArchitectureError(
                "Contexts must be 1 in a serial core, whose adders are busy with the digits of one sequence for nearly the "
                f"whole step; use 'parallel,contexts={contexts}', or several serial cores")
        return found

    @classmethod
    def candidates(cls, model, chip):
        """Few bits a clock, at most half of a state."""
        adders, width = _adders(model), _least_width(model)
        return [cls(digit) for digit in DIGITS if 2 * digit <= width and 2 * digit * adders <= HOPELESS * chip.lc]

    def cell(self, layer):
        """A :class:`SerialPlan`."""
        return SerialPlan(layer, self.digit)

    def pair(self, lower, upper):
        """The upper cell takes the digits out of the lower one's memory."""
        return SerialPlan(lower, self.digit, copies=True), SerialPlan(upper, self.digit, chained=True)

    def carry_bits(self, model):
        """Those of a digit beyond its first."""
        return self.digit - 1


@dataclass(frozen=True)
class Parallel(Architecture):
    """Whole words, an adder for each sum.

    Parameters
    ----------
    contexts : int
        Independent sequences that take turns, 1 to ``MAX_CONTEXTS``. How many a model's loop has room for is known when its
        core is built.
    codes : CodeStore

    Raises
    ------
    ArchitectureError
        If it is something else.
    """

    word = "parallel"
    spellings = {"parallel": "", "parallel,contexts=C": "C sequences in turn"}
    pattern = re.compile(_CONTEXTS)

    contexts: int = 1
    codes: CodeStore = CodeStore.BLOCK

    def __post_init__(self):
        assign(self, contexts=_check_contexts(as_integer("Contexts", self.contexts, ArchitectureError)))

    def __str__(self):
        return ("parallel" if self.contexts == 1 else f"parallel,contexts={self.contexts}") + _ending(self.codes)

    @classmethod
    def spelled(cls, match):
        """The contexts."""
        return cls(int(match["contexts"] or 1))

    @classmethod
    def candidates(cls, model, chip):
        """One context: more are only for who has several sequences."""
        fits = max(_adders(model), model.size) * _least_width(model) <= HOPELESS * chip.lc
        return [cls()] if fits else []

    def cell(self, layer):
        """A :class:`ParallelPlan`."""
        return ParallelPlan(layer)

    def pair(self, lower, upper):
        """The upper cell takes the words out of the lower one's registers."""
        return None if self.contexts > 1 else (ParallelPlan(lower, copies=True), ParallelPlan(upper))

    def plan(self, model):
        """With contexts a :class:`ContextCorePlan`."""
        if self.contexts > 1 and len(model.layers) == 1:
            return ContextCorePlan(model, self)
        return super().plan(model)


@dataclass(frozen=True)
class Folded(Architecture):
    """The state in block RAM; ``lanes`` butterflies of ``radix`` words go through it several times a step.

    Parameters
    ----------
    radix : int
        2, 4 or 8 words a butterfly; 1 is none, for blocks of 1, whose words are only moved.
    lanes : int
        Butterflies side by side, each on blocks of its own, or words: a power of two up to ``MAX_LANES``.
    codes : CodeStore

    Raises
    ------
    ArchitectureError
        If one of them is something else.
    """

    word = "folded"
    spellings = {"folded:R": "butterflies of radix R, none for 1", "folded:RxL": "L of them"}
    pattern = re.compile(r":(?P<radix>[0-9]{1,9})(x(?P<lanes>[0-9]{1,9}))?" + _CONTEXTS)

    radix: int
    lanes: int = 1
    codes: CodeStore = CodeStore.BLOCK

    def __post_init__(self):
        assign(self, radix=as_integer("Radix", self.radix, ArchitectureError),
               lanes=as_integer("Lanes", self.lanes, ArchitectureError))
        if self.radix not in RADICES:
            raise ArchitectureError(f"Radix must be 1, 2, 4 or 8 words a butterfly, not {self.radix}")
        if not 1 <= self.lanes <= MAX_LANES or self.lanes & (self.lanes - 1):
            raise ArchitectureError(f"Lanes must be a power of two up to {MAX_LANES}, not {self.lanes}")

    def __str__(self):
        return f"folded:{self.radix}" + (f"x{self.lanes}" if self.lanes > 1 else "") + _ending(self.codes)

    @classmethod
    def spelled(cls, match):
        """Radix and lanes; contexts are refused."""
        contexts = int(match["contexts"] or 1)
        if contexts != 1:
            raise ArchitectureError(
                f"Contexts must be 1 in a folded core, whose butterfly is busy all the time, not {contexts}; "
                f"use 'parallel,contexts={contexts}', or several folded cores")
        return cls(int(match["radix"]), int(match["lanes"] or 1))

    @classmethod
    def candidates(cls, model, chip):
        """Each radix and few lanes, where there is something to fold."""
        return [] if len(model.layers) > 2 else [
            cls(radix, lanes) for radix in RADICES for lanes in LANES
            if all(_foldable(layer.recurrence, radix, lanes) for layer in model.layers)]

    def cell(self, layer, feed=None):
        """A :class:`FoldedPlan`; without butterflies a :class:`OneWordPlan`, or for pairs a :class:`PairPlan`."""
        if self.radix == 1 and layer.recurrence.pairs is not None:
            return PairPlan(layer, fold_pairs(layer.recurrence, self.lanes), feed)
        if self.radix == 1:
            return OneWordPlan(layer, fold_words(layer.recurrence, self.lanes), feed)
        return FoldedPlan(layer, fold(layer.recurrence, self), self.lanes, feed)

    def pair(self, lower, upper):
        """The lower cell's words go into a memory of the upper one."""
        return self.cell(lower), self.cell(upper, Feed(lower.state.width, self.codes))

    def stack(self, model, lower, upper):
        """A :class:`FoldedStackPlan`."""
        return FoldedStackPlan(model, self, lower, upper)

    def placement_options(self, family):
        """On iCE40 nextpnr's usual router was seen to run in circles on a folded core that fills the memories."""
        return ["--router", "router2"] if family == "ice40" else []


def parse_architecture(text):
    """The :class:`Architecture` spelled by ``text``; see the words of this module.

    Raises
    ------
    ArchitectureError
        If ``text`` spells none.
    """
    word = re.match("[^:,]*", text)[0]
    kind = Architecture.kinds().get(word)
    spelled, _, codes = text.partition(CODES)
    match = kind and kind.pattern.fullmatch(spelled, len(word))
    if match and spelled != text and codes not in _STORES:
        raise ArchitectureError(f"Codes must lie in {_listed([*_STORES])}, not {codes!r}")
    if not match:
        said = [f"'{spelling}'" + (f" ({meaning})" if meaning else "") for spelling, meaning in _spellings()]
        raise ArchitectureError(f"Architecture must be {_listed(said)}, not {text!r}; "
                                "'serial' is the smallest up to some 128 units, 'folded:8' above")
    return kind.spelled(match).storing(_STORES[codes or CodeStore.BLOCK.value])


def spellings():
    """How architectures are spelled, for the help of a command."""
    return f"{_listed([spelling for spelling, _ in _spellings()])}, and behind it {CODES}{CodeStore.SPRAM.value} where " \
           "the chip has SPRAM for the codes of stages, or of the matrix between two folded layers"


def _ending(codes):
    return "" if codes is CodeStore.BLOCK else f"{CODES}{codes.value}"


def _spellings():
    return [entry for kind in Architecture.kinds().values() for entry in kind.spellings.items()]


def _listed(words):
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _check_contexts(contexts):
    if not 1 <= contexts <= MAX_CONTEXTS:
        raise ArchitectureError(f"Contexts must be between 1 and {MAX_CONTEXTS}, not {contexts}")
    return contexts


def _foldable(recurrence, radix, lanes):
    """Whether a recurrence may be folded so, as far as its sizes go."""
    block, pairs = recurrence.foldable_block, recurrence.pairs
    if pairs is not None:
        return radix == 1 and len(pairs) % lanes == 0
    return block is not None and radix <= block and (radix > 1) == (block > 1) and recurrence.size // block % lanes == 0


def _adders(model):
    return sum(layer.recurrence.adders for layer in model.layers)


def _least_width(model):
    return min(layer.state.width for layer in model.layers)
