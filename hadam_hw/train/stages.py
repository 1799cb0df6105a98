# SPDX-License-Identifier: BSD-2-Clause
"""Dense stages of a read-out as a torch module: what it computes forwards are the integers of the read-out.

The inputs are integer states or pools, the weights are rounded to their codes, the activations to theirs. float32 holds every
sum of states exactly, bit for bit; those of pools may be longer, and are as near as float32 comes. Backwards each rounding
counts as the identity (straight-through). A latent weight of 1 is the code ``2**(bits - 1)``:
the paper's quantiser with its ``a`` fixed at 1, so that no scale has to be turned into a power of two afterwards.
"""

import math

import numpy as np
import torch

from hadam_hw.readout import HIDDEN_BIAS_BITS, Dense, Readout, Requantization

#: Deviation of a latent weight at the start; a third of the range, more where the only levels are -1, 0 and 1.
SPREAD, TERNARY_SPREAD = 1 / 3, 0.6
#: An activation at the start saturates beyond so many deviations of its sum.
HEADROOM = 4.0
#: A bias counts in so many parts of what one code is worth.
BIAS_FRACTION_BITS = 4
#: By so much of the way the means follow those of a batch, where what is behind them is trained as well.
PACE = 0.1


def straight_through(exact, latent):
    """``exact`` forwards, and ``latent`` backwards."""
    return latent + (exact - latent).detach()


class Stages(torch.nn.Module):
    """Hidden stages and an output stage behind integer vectors.

    Parameters
    ----------
    sample : float32 [sequences, n]
        Integer states, or pools, of the training set: their mean and size set the biases and shifts.
    hidden : tuple of HiddenStage
    outputs, bits : int
        Of the output stage: the classes, and the bits of a code.
    generator : torch.Generator
        Of the weights at the start.
    dropout : float
        Share of the activations dropped while training.
    unit : float
        What 1 in a state is worth, for whoever makes the states of others than integers.
    """

    def __init__(self, sample, hidden, outputs, bits, generator, dropout=0.0, unit=1.0):
        super().__init__()
        self.dropout, self.unit = dropout, unit
        self.stages = torch.nn.ModuleList()
        with torch.no_grad():
            for given in hidden:
                stage = _Stage(sample, given.units, given.bits, given.width, generator)
                self.stages.append(stage)
                sample = stage(sample)
            self.stages.append(_Stage(sample, outputs, bits, None, generator))
            deviation = self.stages[-1](sample).std().item()
        self.log_scale = torch.nn.Parameter(torch.tensor(-math.log(deviation)))

    def get_extra_state(self):
        """What follows from the sample at the start, and is kept with the parameters."""
        return torch.tensor([self.unit, *(number for stage in self.stages for number in stage.shifts)], dtype=torch.float64)

    def set_extra_state(self, state):
        """Takes what :meth:`get_extra_state` gave."""
        self.unit, *numbers = state.tolist()
        for stage, shifts in zip(self.stages, zip(*[map(int, numbers)] * 3), strict=True):
            stage.shifts = shifts

    def forward(self, states):
        """Logits [..., outputs]: the integers ``Y`` times a positive scale that is trained as well."""
        return self.sums(states) * self.log_scale.exp()

    def sums(self, states):
        """``Y``, integers in float32."""
        for stage in self.stages[:-1]:
            states = stage(states)
            if self.dropout and self.training:
                states = torch.nn.functional.dropout(states, self.dropout)
        return self.stages[-1](states)

    def groups(self, decay):
        """The parameters for an optimiser: weights, which decay by ``decay``, and all others, which do not."""
        weights = [stage.weight for stage in self.stages]
        others = [self.log_scale, *(stage.bias for stage in self.stages)]
        return [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]

    def settle(self):
        """Brings latent weights back into the range of their codes."""
        for stage in self.stages:
            stage.settle()

    def follow(self, states):
        """Brings the means that biases take off nearer to those of ``states``: for whoever trains what makes them.

        A pool is far from 0 and differs little from one sequence to the next. As V is trained it moves by more than it differs,
        and without this all activations would end at one of their two limits.
        """
        with torch.no_grad():
            for stage in self.stages:
                stage.mean.lerp_(states.flatten(0, -2).mean(0), PACE)
                states = stage(states)

    def readout(self, finer=0, **fields):
        """The integers as a :class:`~hadam_hw.readout.Readout`.

        Parameters
        ----------
        finer : int
            Fraction bits that the states have beyond those that the stages were trained with: shifts grow by as much.
        **fields
            As of :class:`~hadam_hw.readout.Readout`.
        """
        first, *others = self.stages
        return Readout(stages=(first.dense(finer), *(stage.dense() for stage in others)), **fields)


class _Stage(torch.nn.Module):
    """``clip(round(relu(M v + c) 2**-shift), 0, 2**width - 1)``; without a width ``M v + c``."""

    def __init__(self, sample, units, bits, width, generator):
        super().__init__()
        spread = SPREAD if bits > 1 else TERNARY_SPREAD
        inputs = sample.shape[1]
        self.bits, self.steps = bits, 1 << bits - 1
        self.low, self.high = (-1, 1) if bits == 1 else (-self.steps, self.steps - 1)
        self.weight = torch.nn.Parameter((torch.randn(units, inputs, generator=generator) * spread).clamp(-1, 1))
        self.bias = torch.nn.Parameter(torch.zeros(units))
        self.register_buffer("mean", sample.mean(0).round())
        size = max(1.0, (sample - self.mean).square().mean().sqrt().item())
        #: What one code of M adds to a sum, about, as a power of two.
        self.size_bits = round(math.log2(size))
        self.width = width
        if width is None:
            self.bias_shift, self.shift = 0, 0
        else:
            deviation = self.steps * spread * size * math.sqrt(inputs)
            self.shift = max(0, round(math.log2(HEADROOM * deviation / 2**width)))
            self.bias_shift = max(0, self.size_bits - BIAS_FRACTION_BITS)

    @property
    def shifts(self):
        """Those of the sums, of the biases, and of the inputs' size; they are set on the sample."""
        return self.shift, self.bias_shift, self.size_bits

    @shifts.setter
    def shifts(self, shifts):
        self.shift, self.bias_shift, self.size_bits = shifts

    def codes(self):
        """M, integers in float32."""
        latent = self.weight * self.steps
        return straight_through(latent.detach().round().clamp(self.low, self.high), latent)

    def biases(self, codes):
        """c, in units of ``2**bias_shift``: what is learned, less what the mean of the inputs adds."""
        latent = (self.bias * self.steps * 2.0**self.size_bits - codes @ self.mean.round()) * 2.0**-self.bias_shift
        limit = (1 << HIDDEN_BIAS_BITS - 1) - 1 if self.width else 1 << 23
        return straight_through(latent.detach().round().clamp(-limit, limit), latent)

    def forward(self, vector):
        codes = self.codes()
        sums = torch.nn.functional.linear(vector, codes, self.biases(codes) * 2.0**self.bias_shift)
        if self.width is None:
            return sums
        scaled = (sums * 2.0**-self.shift).clamp(0, (1 << self.width) - 1)
        return straight_through((scaled.detach() + 0.5).floor().clamp(max=(1 << self.width) - 1), scaled)

    def settle(self):
        self.weight.data.clamp_(self.low / self.steps, self.high / self.steps)

    def dense(self, finer=0):
        with torch.no_grad():
            codes = self.codes()
            biases = self.biases(codes)
        bias_shift = max(0, self.bias_shift + finer)
        biases = np.rint(biases.numpy().astype(np.float64) * 2.0**(self.bias_shift + finer - bias_shift)).astype(np.int64)
        return Dense(codes=codes.numpy().astype(np.int8), bits=self.bits, biases=(biases,), bias_shift=bias_shift,
                     requantization=None if self.width is None else Requantization(self.shift + finer, self.width))
