# SPDX-License-Identifier: BSD-2-Clause
"""What an entry of the ablation is: a recurrence that is drawn, a read-out trained behind it, and what both would cost.

V is drawn and not trained, whatever the recurrence, so that nothing but the recurrence and the read-out differ. States are
integers, computed once for each recurrence; the read-out's forward pass is the integer one.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import torch

import boards
from hadam_hw.layer import phase_gain
from hadam_hw.model import Model
from hadam_hw.readout import Dense, Pooling, Readout, Requantization, pool_bits
from hadam_hw.recurrence import Hadamard
from hadam_hw.train.draw import drawn_layer
from hadam_hw.train.ridge import fit_readout
from hadam_hw.train.scores import percent
from hadam_hw.train.settings import Drive, HiddenStage, Kind, Settings, Wires
from hadam_hw.train.sign_search import SEQUENCES, Explained, anneal
from hadam_hw.train.stages import Stages
from hadam_hw.train.states import last_states
from rtl_gen.estimate import estimate
from rtl_gen.plan.arch import parse_architecture

BOARD, ARCHITECTURE = "icebreaker", "serial"
#: Units of a comparison at equal units, and those of the recurrence whose cells the others may have.
UNITS = 128
STATE_BITS, V_BITS, U_BITS = 14, 4, 6
#: Common leak of a sum of states.
LEAK = 3
#: Training sequences whose states set the shifts of the stages.
SAMPLE = 5000
BATCH, RATE, DECAY = 100, 0.004, 0.03
#: Units are looked for in steps of so many, up to so many.
GRAIN, MOST_UNITS = 8, 512


@dataclass(frozen=True)
class Budget:
    """What a task's trainings get: the pooling, training sequences at most, epochs."""

    pooling: Pooling
    sequences: int
    epochs: int


BUDGETS = {"pmnist": Budget(Pooling.LAST, 12_000, 15), "smnist": Budget(Pooling.LAST, 12_000, 15),
           "har-mu": Budget(Pooling.SUM, 12_000, 30), "keywords": Budget(Pooling.SUM, 12_000, 40)}


@dataclass(frozen=True)
class Drawn:
    """A kind of recurrence.

    ``settings`` are its fields of :class:`~hadam_hw.train.settings.Settings`; without a ``block`` among them it is one block.
    ``searched``: its signs are, for the last state. ``poolings`` are those that it is tried with, and ``cells`` says whether it
    is tried at equal cells too, with other units than :data:`UNITS`.
    """

    settings: dict = field(default_factory=dict)
    searched: bool = False
    poolings: tuple[Pooling, ...] = (Pooling.LAST, Pooling.SUM)
    cells: bool = True

    def sizes(self, pooling):
        """The units that there can be, ascending."""
        if "block" in self.settings:
            return range(GRAIN, MOST_UNITS + 1, GRAIN)
        return [1 << k for k in range(3, MOST_UNITS.bit_length()) if pooling is Pooling.LAST or k % 2 == 0]


_OSCILLATORS = {"recurrence": Kind.OSCILLATORS, "block": 2}
REFERENCE = "blocks of 64"
RECURRENCES = {
    REFERENCE: Drawn({"block": 64}, cells=False),
    "blocks of 64, signs searched": Drawn({"block": 64}, searched=True, poolings=(Pooling.LAST,), cells=False),
    "blocks of 64, leaks 2 to 5": Drawn({"block": 64, "leaks": "2-5"}, poolings=(Pooling.SUM,), cells=False),
    "one block": Drawn(),
    "blocks of 4 and any wires": Drawn({"block": 4, "wires": Wires.ANY}),
    "blocks of 4 and wires within banks": Drawn({"block": 4, "wires": Wires.DRAWN}),
    "one cycle": Drawn({"block": 1, "wires": Wires.DRAWN}),
    "oscillators": Drawn(_OSCILLATORS),
    "oscillators, leaks 2 to 5": Drawn(_OSCILLATORS | {"leaks": "2-5"}, poolings=(Pooling.SUM,)),
}
READOUTS = {"one stage": (), "64 hidden": (HiddenStage(64, 4, 8),), "128 hidden": (HiddenStage(128, 4, 8),)}


def settings_of(task, name, units, seed):
    """The settings of the recurrence ``name`` of :data:`RECURRENCES`, with ``units`` units."""
    pooling, fields = BUDGETS[task.name].pooling, {"block": units} | RECURRENCES[name].settings
    leak = LEAK if pooling is Pooling.SUM and "leaks" not in fields else 0
    return Settings(task=task.name, hidden=units, seed=seed, drive=Drive.ALL, state_bits=STATE_BITS, v_bits=V_BITS,
                    u_bits=U_BITS, leak=leak, readout=pooling, **fields)


def layer_of(task, name, units, seed):
    """The layer of these settings, drawn by ``seed``."""
    kind, summed = RECURRENCES[name], BUDGETS[task.name].pooling is Pooling.SUM
    settings, train = settings_of(task, name, units, seed), task.train
    # what the last state explains says nothing of a sum, so frequencies are drawn there
    layer = drawn_layer(settings, task.format, train.inputs, None if summed else train.labels)
    if kind.searched:
        rng = np.random.default_rng([seed, 8])
        chosen = rng.permutation(len(train))[:SEQUENCES]
        explained = Explained(train.inputs[chosen].astype(np.float32) * np.float32(task.scale), train.labels[chosen],
                              layer.phases[0].input_codes.astype(np.float32), layer.recurrence.signs, settings.block, 0)
        signs = anneal(explained, rng)[1]
        layer = replace(layer, recurrence=Hadamard(units, settings.block, signs))
    return layer


class Vectors:
    """What a read-out takes of a task's parts behind a layer: last states, or pools, computed once.

    Parameters
    ----------
    task : Task
    settings : Settings
        Of :func:`settings_of`.
    layer : Layer
    """

    def __init__(self, task, settings, layer):
        budget = BUDGETS[task.name]
        self.task, self.settings, self.layer = task, settings, layer
        self.pooling, self.count = budget.pooling, min(budget.sequences, len(task.train))

        def of(inputs):
            return last_states(layer, inputs, summed=budget.pooling is Pooling.SUM)[0]

        self.train = of(task.train.inputs[:self.count])
        self.validation, self.test = of(task.validation.inputs), of(task.test.inputs)

    def scores(self, hidden):
        """(validation, test) in percent of a read-out with the stages ``hidden``, in integers.

        It is trained to the last epoch. One stage of pools is fitted in closed form: pools are far from 0 and differ little, on
        which gradients of U alone make no progress.
        """
        if self.pooling is Pooling.SUM and not hidden:
            vectors = self.train.astype(np.int64), self.validation.astype(np.int64)
            readout = fit_readout(self.task, self.settings, self.layer, *vectors).readout
        else:
            readout = self._trained(hidden)
        parts = (self.validation, self.task.validation), (self.test, self.task.test)
        return tuple(percent(readout(vectors.astype(np.int64), 0), part.labels) for vectors, part in parts)

    def _trained(self, hidden):
        epochs, steps = BUDGETS[self.task.name].epochs, self.task.train.inputs.shape[1]
        vectors = torch.from_numpy(self.train.astype(np.float32))
        if not hidden:  # today's read-out takes rectified states
            vectors = vectors.clamp(min=0)
        labels = torch.from_numpy(self.task.train.labels[:self.count])
        generator = torch.Generator().manual_seed(int(np.random.SeedSequence([self.settings.seed, 9]).generate_state(1)[0]))
        stages = Stages(vectors[:SAMPLE], hidden, len(self.task.classes), U_BITS, generator)
        optimiser = torch.optim.AdamW(stages.groups(DECAY), lr=RATE)
        batches = -(-self.count // BATCH)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * batches)
        for _ in range(epochs):
            for part in torch.randperm(self.count, generator=generator).split(BATCH):
                optimiser.zero_grad()
                torch.nn.functional.cross_entropy(stages(vectors[part]), labels[part]).backward()
                optimiser.step()
                schedule.step()
                stages.settle()
        return stages.readout(pooling=self.pooling, pool_bits=pool_bits(steps) if self.pooling is Pooling.SUM else 0)


def cost(layer, task, hidden):
    """The :class:`~rtl_gen.estimate.Estimate` of a whole design: ``layer``, and a read-out of this shape with drawn codes."""
    phases, pooling, rng = layer.recurrence.phases, BUDGETS[task.name].pooling, np.random.default_rng(0)
    stages, below = [], layer.size
    for stage in hidden:
        stages.append(Dense(codes=_codes(rng, stage.units, below, stage.bits), bits=stage.bits, bias_shift=2,
                            biases=tuple(rng.integers(-500, 501, stage.units) for _ in range(phases)),
                            requantization=Requantization(layer.state.width + stage.bits - stage.width, stage.width)))
        below = stage.units
    outputs = len(task.classes)
    stages.append(Dense(codes=_codes(rng, outputs, below, U_BITS), bits=U_BITS, biases=tuple(
        rng.integers(-1000, 1001, outputs) for _ in range(1 if hidden else phases))))
    readout = Readout(pooling=pooling, stages=tuple(stages), scales=tuple(1 / phase_gain(p) for p in range(phases)),
                      pool_bits=pool_bits(task.train.inputs.shape[1]) if pooling is Pooling.SUM else 0)
    return estimate(Model(layers=(layer,), readout=readout), parse_architecture(ARCHITECTURE), boards.get(BOARD))


def _codes(rng, outputs, inputs, bits):
    return rng.integers(-(1 << bits - 1), 1 << bits - 1, (outputs, inputs))


def units_at(most_cells, sizes, cells_of):
    """The largest of the ascending ``sizes`` whose ``cells_of(units)``, which rise, is at most ``most_cells``; None if none."""
    low, high = 0, len(sizes)
    while low < high:
        middle = (low + high) // 2
        if cells_of(sizes[middle]) <= most_cells:
            low = middle + 1
        else:
            high = middle
    return sizes[low - 1] if low else None
