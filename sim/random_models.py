# SPDX-License-Identifier: BSD-2-Clause
"""A random model, architecture and input for each seed, over the whole documented space: ``random_case(seed)``.

Each dimension is drawn by a function of its own, or is a line in ``random_layer`` or ``random_readout``. A new one is one
more of them, and a word in the line that :meth:`Case.describe` makes. What a model or an architecture refuses is drawn
again, so a draw needs not know all limits. Seeds mean other cases then: what a sweep finds belongs into a test of its own.
"""

from dataclasses import dataclass

import numpy as np

from hadam_hw.errors import ArchitectureError, ModelError
from hadam_hw.fixed import FixedPoint, Rounding
from hadam_hw.layer import Activation, InputFormat, Layer, Phase, phase_gain
from hadam_hw.model import Model
from hadam_hw.oscillators import MAX_REACH, Oscillators, oscillations
from hadam_hw.readout import Dense, Pooling, Readout, Requantization
from hadam_hw.recurrence import Hadamard, Integer
from rtl_gen.plan.arch import MAX_DIGIT, RADICES, Folded, Parallel, Serial
from rtl_gen.plan.folding import Folding

MAX_UNITS = 16
#: Multipliers of four signed digits or five, whose shifted sums are shifted again.
FOUR_DIGITS = (45, 53, 75, 85, 91, 107, 171, 181, 219)
#: One of so many models has two layers.
STACKS = 6


@dataclass(frozen=True)
class Case:
    """What one run of a core is made of.

    Parameters
    ----------
    seed : int
    model : Model
    plan : CorePlan, StackedCorePlan or ContextCorePlan
        Of that model's core; its architecture is ``plan.architecture``.
    sequences : list of int64 [steps, inputs]
    paused : bool
        Both streams pause now and then, and contexts pass their turns.
    """

    seed: int
    model: Model
    plan: object
    sequences: list
    paused: bool

    def describe(self):
        """The case in a line, for a report."""
        layers = " + ".join(_describe(layer) for layer in self.model.layers)
        stages = " ".join(f"{stage.outputs}:{stage.bits}" for stage in self.model.readout.stages)
        return (f"seed {self.seed}: {self.plan.architecture}, {layers}, emit {self.model.pooling.value}, "
                f"stages {stages}{', pauses' if self.paused else ''}")


def _describe(layer):
    recurrence = layer.recurrence
    scalars = "".join(f", {name}={value}" for name, value in recurrence.header().items())
    wires = "".join(f", {name}" for name in recurrence.arrays() if name != "recurrent")
    sign = "s" if layer.input.signed else "u"
    return (f"{recurrence.kind}({layer.size}{scalars}{wires}) {sign}{layer.input.width}x{layer.inputs} V{layer.input_bits} "
            f"state {layer.state.width}.{layer.state.frac} e{'/'.join(str(phase.input_frac) for phase in layer.phases)} "
            f"{layer.rounding.value} {layer.activation.value}")


def random_case(seed):
    """The :class:`Case` of ``seed``, 0 or more; always the same one."""
    rng = np.random.default_rng(seed)
    draw = random_stack if not rng.integers(STACKS) else random_model  # once: many stacks are refused
    while True:
        try:
            model = draw(rng)
            plan = random_architecture(rng, model).plan(model)
        except (ModelError, ArchitectureError):
            continue
        return Case(seed, model, plan, random_sequences(rng, model), not rng.integers(4))


def random_architecture(rng, model):
    """Any architecture; not each renders the model."""
    recurrences = [layer.recurrence for layer in model.layers]
    odds = [0.5, 0.12, 0.1, 0.28]
    if len(recurrences) > 1:
        odds = [0.25, 0.05, 0, 0.7] if _alike(*recurrences) else [0.8, 0.2, 0, 0]
    kind = rng.choice(["serial", "parallel", "contexts", "folded"], p=odds)
    if kind == "serial":
        narrowest = min(layer.state.width for layer in model.layers)
        return Serial(int(rng.integers(1, min(MAX_DIGIT, max(1, narrowest // 2)), endpoint=True)))
    if kind == "folded":
        # most recurrences are folded with one of the radices only, and two layers with one that both take
        least = min(recurrence.foldable_block or 1 for recurrence in recurrences) if len(recurrences) > 1 else max(RADICES)
        radix = 1 if _by_word(recurrences[0]) else int(rng.choice([radix for radix in RADICES if radix <= least]))
        return Folded(radix, int(rng.choice([1, 1, 2, 4])))
    return Parallel(int(rng.integers(2, 9)) if kind == "contexts" else 1)


def random_sequences(rng, model):
    """Several sequences, so that each is followed by another one; few steps where each is handed over, which takes long.

    Where only the last step is read out, the others follow each other closely, and small errors of theirs add up.
    """
    lengths = rng.choice([1, 2, 9, 17], 4) if model.pooling is Pooling.LAST else rng.choice([1, 2, 3], 3)
    return [_random_vectors(rng, model, int(length)) for length in lengths]


def _random_vectors(rng, model, length):
    """Each vector is noise or made of the extremes."""
    shape, source = (length, model.inputs), model.input
    loud = rng.choice([source.minimum, source.maximum], shape)
    return np.where(rng.random((length, 1)) < 0.5, rng.integers(source.minimum, source.maximum, shape, endpoint=True), loud)


def random_model(rng):
    """A model of one layer."""
    source = random_input(rng)
    return random_readout(rng, random_layer(rng, random_recurrence(rng), source, int(rng.integers(1, 9))))


def random_stack(rng):
    """Two layers, the upper one's input matrix of -1, 0 and 1; half of them such that one folded core may take both."""
    recurrences, alike = (random_recurrence(rng, 8), random_recurrence(rng)), rng.integers(2)
    while alike and not _alike(*recurrences):
        recurrences = random_recurrence(rng, 8), random_recurrence(rng)
    below = random_layer(rng, recurrences[0], random_input(rng), int(rng.integers(1, 9)))
    source = InputFormat(below.size, below.state.width - 1, False)
    return random_readout(rng, random_layer(rng, recurrences[1], source, 1)).above(below)


def _alike(below, above):
    """Whether both are folded a word at a time, or both with butterflies."""
    return _by_word(below) and _by_word(above) or min((one.foldable_block or 1) for one in (below, above)) > 1


def _by_word(recurrence):
    """Whether it is folded a word at a time."""
    return recurrence.foldable_block == 1 or recurrence.pairs is not None


def random_recurrence(rng, most=MAX_UNITS):
    """Butterflies, wires, a leak; oscillators; a matrix with or without zeros and a multiplier; at most ``most`` units."""
    if rng.random() < 0.15:
        pairs = _small(rng, 1, most // 2)
        leaks = rng.integers(0, 6, pairs) if rng.integers(2) else None
        known = oscillations(int(rng.choice([4, 8, MAX_REACH])))
        return Oscillators.of([known[index] for index in rng.integers(0, len(known), pairs)], leaks)
    if rng.random() < 0.6:
        block = int(rng.choice([1, 1, 2, 2, 2, 4, 4, 4, 8, 16]))
        size = block * _small(rng, 1, max(1, most // block))
        return Hadamard(size, block, rng.choice([-1, 1], size), random_leak(rng, size),
                        wires=random_wires(rng, size, block))
    size = _small(rng, 1, most)
    matrix = rng.choice([-1, 1], (size, size)) * (rng.random((size, size)) < rng.choice([0.2, 0.6, 1]))
    matrix[rng.random(size) < rng.choice([0, 0.3])] = 0
    bits = int(rng.choice([1, 1, rng.integers(2, 9)]))  # -1, 0 and 1 are a kind of their own
    if bits > 1:
        matrix *= rng.integers(-(1 << bits - 1), 1 << bits - 1, (size, size))
        matrix = np.minimum(matrix, (1 << bits - 1) - 1)
    multiplier = int(rng.choice([1, rng.integers(1, 256), rng.choice(FOUR_DIGITS)]))
    # about as large as keeps the state from growing
    usual = int(np.log2(multiplier * np.sqrt(size))) + bits - 1
    return Integer(matrix, multiplier, max(0, usual + int(rng.integers(-1, 3))))


def random_leak(rng, size):
    """None, one, or one for each unit; small ones, since a large one is a shift by as much and no other case."""
    return int(rng.choice([0, 0, rng.integers(1, 6)])) if rng.integers(5) else rng.integers(0, rng.integers(2, 8), size)


def random_wires(rng, size, block):
    """None, a ring, any permutation, or one that some folded core takes."""
    kind = rng.choice(["none", "ring", "any", "banks"], p=[0.3, 0.1, 0.3, 0.3])
    if kind == "ring":
        return (np.arange(size) + rng.integers(size)) % size
    if kind == "any":
        return rng.permutation(size)
    lanes, log2_radix = int(rng.choice([1, 1, 2, 4])), int(rng.integers(0, min(3, block.bit_length() - 1), endpoint=True))
    if kind == "none" or size // block % lanes:
        return None
    return wires_within(rng, banks_of(size, block, 1 << log2_radix, lanes))


def banks_of(size, block, radix, lanes):
    """The bank of each unit in a folded core."""
    folding = Folding(size // lanes, block, radix.bit_length() - 1)
    return [lane * radix + (folding.bank(unit) if radix > 1 else 0) for lane in range(lanes) for unit in range(folding.units)]


def wires_within(rng, banks):
    """A random permutation that keeps each unit's word in its bank, of ``banks`` [size]."""
    banks = np.asarray(banks)
    wires = np.arange(len(banks))
    for bank in np.unique(banks):
        wires[banks == bank] = rng.permutation(np.flatnonzero(banks == bank))
    return wires


def random_input(rng):
    """Words of 1 to 16 bits, signed or not, often of few bits."""
    return InputFormat(int(rng.choice([1, 1, 1, 2, 3])), int(rng.choice([rng.integers(1, 5), rng.integers(1, 17)])),
                       bool(rng.integers(2)))


def random_layer(rng, recurrence, source, input_bits):
    """A layer that neither rests at 0 nor always saturates, most times."""
    codes = _random_codes(rng, (recurrence.size, source.size), input_bits)
    width = int(rng.choice([rng.integers(2, 33), rng.integers(6, 24)]))
    usual = width - source.width - input_bits
    frac = int(rng.choice([rng.integers(-12, 13), *(usual + rng.integers(-6, 2) for _ in range(3))]))
    phases = []
    for p in range(recurrence.phases):
        input_frac = int(rng.choice([0, rng.integers(0, 7)]))
        fine = max(recurrence.shift(p), input_frac - frac)  # fraction bits of a sum beyond the state's
        most = 1 << int(rng.integers(0, max(1, min(width + fine, 40))))
        phases.append(Phase(np.rint(phase_gain(p) * 2**input_frac * codes).astype(np.int64) if p else codes,
                            input_frac, rng.integers(-most, most, recurrence.size, endpoint=True) * int(rng.integers(2))))
    return Layer(recurrence=recurrence, input=source, state=FixedPoint(width, frac), rounding=rng.choice(list(Rounding)),
                 phases=tuple(phases), input_bits=input_bits,
                 activation=Activation.RELU if not rng.integers(4) else Activation.LINEAR)


def random_readout(rng, layer):
    """The model of ``layer`` and a read-out: 1 to 30 outputs, often few."""
    outputs, bits = int(rng.choice([1, 1, 2, 3, rng.integers(1, 31)])), _small(rng, 1, 8)
    emit = rng.choice([Pooling.LAST, Pooling.LAST, Pooling.EVERY, Pooling.SUM])
    pool_bits = int(rng.choice([rng.integers(1, 4), rng.integers(1, 17)])) if emit is Pooling.SUM else 0
    phases, inputs, magnitude = len(layer.phases), layer.size, layer.state.width + pool_bits
    stages = []
    for k in range(int(rng.choice([0, 0, 1, 2]))):
        stages.append(random_hidden_stage(rng, inputs, 1 if k else phases, magnitude))
        inputs, magnitude = stages[-1].outputs, stages[-1].requantization.width
    stages.append(Dense(codes=_random_codes(rng, (outputs, inputs), bits), bits=bits,
                        biases=tuple(rng.integers(-1000, 1001, outputs) for _ in range(1 if stages else phases))))
    return Model(layers=(layer,), readout=Readout(
        pooling=emit, stages=tuple(stages), pool_bits=pool_bits, scales=tuple(1 / phase_gain(p) for p in range(phases))))


def random_hidden_stage(rng, inputs, phases, magnitude):
    """A hidden stage of few outputs, of words of about ``magnitude`` bits, whose activations neither rest nor all saturate."""
    outputs, bits, width = _small(rng, 1, 9), _small(rng, 1, 8), int(rng.integers(1, 9))
    shift = int(np.clip(magnitude + bits - width + rng.integers(-3, 3), 0, 30))
    return Dense(codes=_random_codes(rng, (outputs, inputs), bits), bits=bits, bias_shift=int(rng.integers(0, shift + 1)),
                 biases=tuple(rng.integers(-100, 101, outputs) for _ in range(phases)),
                 requantization=Requantization(shift, width))


def _small(rng, least, most):
    """From ``least`` to ``most``, more often small: the time of a run goes with sizes."""
    return int(rng.integers(least, most, 3, endpoint=True).min())


def _random_codes(rng, shape, bits):
    """Codes of so many bits, now and then with rows of zeros."""
    low, high = (-1, 1) if bits == 1 else (-1 << (bits - 1), (1 << (bits - 1)) - 1)
    codes = rng.integers(low, high, shape, endpoint=True)
    codes[rng.random(shape[0]) < rng.choice([0, 0, 0.4])] = 0
    return codes
