# SPDX-License-Identifier: BSD-2-Clause
"""HadamRNN as a torch module: ``y = U relu(h) + c`` over ``h_t = f(W h_(t-1) + V x_t + b)``, codes in the loop."""

import numpy as np
import torch

from hadam_hw.errors import ModelError
from hadam_hw.layer import Activation
from hadam_hw.model import MAX_LAYERS
from hadam_hw.oscillators import Oscillators
from hadam_hw.quantize import quantize_codes
from hadam_hw.readout import Pooling
from hadam_hw.recurrence import Hadamard
from hadam_hw.train.frequencies import drawn_oscillations
from hadam_hw.train.last_state import dense_last_state, dense_recurrence, gain, last_state
from hadam_hw.train.leaks import leak_of
from hadam_hw.train.scan import Read, scan
from hadam_hw.train.settings import Kind, Signs
from hadam_hw.train.stages import Stages

_READ = {Pooling.LAST: Read.LAST, Pooling.SUM: Read.MEAN, Pooling.EVERY: Read.EVERY}


class Quantise(torch.autograd.Function):
    """The paper's quantiser with a straight-through gradient; the same codes as :func:`hadam_hw.quantize.quantize_codes`."""

    @staticmethod
    def forward(ctx, weight, bits):
        """The weight that the codes stand for."""
        weight = weight.double()
        steps = 1 << (bits - 1)
        largest = weight.abs().max().item() or 1.0
        codes = torch.round(weight * steps / largest).clamp_(-steps, steps - 1 if bits > 1 else 1)
        return (codes * (largest / steps)).float()

    @staticmethod
    def backward(ctx, gradient):
        """The gradient as if nothing had been rounded."""
        return gradient, None


class _Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, latent):
        return torch.where(latent < 0, -1.0, 1.0)

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class HadamardLayer(torch.nn.Module):
    """One recurrence: signs (fixed or latent), or oscillators and leaks that are drawn, ``V`` and ``b``.

    Parameters
    ----------
    inputs, size, block : int
    generator : torch.Generator
    settings : Settings
    bits : int
        Of the codes of ``V``.
    vocabulary : int
        Where not 0, the inputs are tokens, and ``V`` is a table: a row of n for each.
    leak : int, or int64 [size]
    """

    def __init__(self, inputs, size, generator, settings, bits, vocabulary=0, leak=0):
        super().__init__()
        self.settings, self.bits, self.vocabulary, self.leak = settings, bits, vocabulary, leak
        self.register_buffer("gain", torch.tensor(gain(settings.block, leak), dtype=torch.float32), persistent=False)
        signs = torch.randint(0, 2, (size,), generator=generator) * 2 - 1
        if settings.signs is Signs.ADAM:
            self.signs = torch.nn.Parameter(signs * torch.rand(size, generator=generator))
        elif settings.signs is Signs.FLIPS:  # their gradient proposes flips; no optimiser moves them
            self.register_buffer("signs", signs.float().requires_grad_())
        else:
            self.register_buffer("signs", signs)
        self.oscillators = None
        if settings.recurrence is Kind.OSCILLATORS:
            rng = np.random.default_rng(torch.randint(0, 1 << 62, (1,), generator=generator).item())
            self.oscillators = Oscillators.of(drawn_oscillations(size // 2, rng), np.broadcast_to(leak, size)[::2])
        shape = (vocabulary, size) if vocabulary else (size, inputs)
        self.input_weight = torch.nn.Parameter(torch.randn(shape, generator=generator) * settings.v_init)
        self.bias = torch.nn.Parameter(torch.zeros(size))
        #: Set by whoever trains with the state's rounding in the loop.
        self.grid = None

    def recurrence(self):
        """The :class:`~hadam_hw.recurrence.Recurrence` as it is now."""
        if self.oscillators is not None:
            return self.oscillators
        signs = self.sign_vector()
        return Hadamard(len(signs), self.settings.block, signs, self.leak)

    def sign_vector(self):
        """The signs as an int8 array of -1 and 1."""
        return np.where(self.signs.detach().cpu().numpy() < 0, -1, 1).astype(np.int8)

    def gains(self):
        """``W = diag(gains) H``, float [n]; of oscillators what each unit takes of itself."""
        if self.oscillators is not None:
            return self._coefficients[0]
        signs = _Sign.apply(self.signs) if self.signs.is_floating_point() else self.signs.float()
        return signs * self.gain

    @property
    def _coefficients(self):
        """Of oscillators: float [n], what each unit takes of itself, and of the other one of its pair."""
        _, columns, coefficients = self.oscillators.sparse()
        itself = columns == np.arange(len(columns))[:, None]
        scale = 2.0**-self.oscillators.shift(0)
        return [torch.from_numpy((coefficients[chosen] * scale).astype(np.float32)).to(self.bias.device)
                for chosen in (itself, ~itself)]

    def weight(self, quantised):
        """V, or what its codes stand for."""
        return Quantise.apply(self.input_weight, self.bits) if quantised else self.input_weight

    def unit(self):
        """What code 1 of V is worth."""
        return quantize_codes(self.input_weight.detach().cpu().numpy(), self.bits)[1]

    @property
    def stepped(self):
        """Whether the last state takes all states before it: else it is a product with a kernel."""
        return bool(self.vocabulary or self.grid or self.oscillators or self.settings.activation is Activation.RELU)

    def read(self, x, quantised, read, **out):
        """What ``read`` takes of the rectified states of ``x`` [batch, steps, d] or tokens [batch, steps]; ``out``: U, c."""
        weight, gains, block = self.weight(quantised), self.gains(), self.settings.block
        if self.oscillators is not None:
            block, out = 1, out | {"cross": self._coefficients[1]}
        if read is Read.LAST and not self.stepped:
            if x.is_cuda:
                return torch.relu(dense_last_state(x, weight, self.bias, dense_recurrence(gains, block)))
            return torch.relu(last_state(x, weight, self.bias, gains, block))
        return scan(x, weight, self.bias, gains, block, read, rectify=self.settings.activation is Activation.RELU,
                    grid=self.grid, **out)


class HadamRNN(torch.nn.Module):
    """A Hadamard recurrent network whose output and gradients are those of stepping its cell.

    A linear recurrence read out once is one product with a kernel, and never steps (:mod:`hadam_hw.train.last_state`); all else
    goes through compiled steps that are read out as they go (:mod:`hadam_hw.train.scan`). The memory of the first is
    ``2 T (d + 1) n`` floats, that of the second ``B T (2 d + outputs + n / 16)``, and ``3 B T n`` more for each further layer:
    nothing is ever of size T x T.

    Parameters
    ----------
    inputs, outputs : int
    settings : Settings
        Of the network, and of the noise and the dropout while it trains.
    vocabulary : int
        Where not 0, the inputs are tokens below it.

    Raises
    ------
    ModelError
        If there are not 1 to 8 layers, or tokens are to be offset.
    """

    def __init__(self, inputs, outputs, settings, vocabulary=0):
        super().__init__()
        if not 1 <= settings.layers <= MAX_LAYERS:
            raise ModelError(f"Layers must be between 1 and {MAX_LAYERS}, not {settings.layers}")
        if vocabulary and settings.offset:
            raise ModelError(f"Offset must be 0 where inputs are tokens, not {settings.offset}")
        generator = torch.Generator().manual_seed(settings.seed)
        size = settings.hidden
        self.settings, self.vocabulary = settings, vocabulary
        self.layers = torch.nn.ModuleList([
            HadamardLayer(inputs, size, generator, settings, settings.v_bits, vocabulary, leak_of(settings))])
        for k in range(1, settings.layers):  # a ternary input matrix between two, as the hardware has it
            self.layers.append(HadamardLayer(size, size, generator, settings, 1, leak=leak_of(settings, k)))
        self.stages = None
        if not settings.stages:
            self.output_weight = torch.nn.Parameter(torch.randn(outputs, size, generator=generator) / size**0.5)
            self.output_bias = torch.nn.Parameter(torch.zeros(outputs))

    def begin_stages(self, sample, outputs, unit):
        """Makes the stages of the read-out, for states as they are now.

        Parameters
        ----------
        sample : float [sequences, steps, d], or int64 tokens [sequences, steps]
            Of the training set.
        outputs : int
        unit : float
            What 1 in an integer state would be worth if code 1 were worth 1 in each layer: the inputs' scale, and fractions.
        """
        with torch.no_grad():
            vectors = self._vectors(sample, True, unit).flatten(0, -2)
        settings = self.settings
        generator = torch.Generator().manual_seed(int(np.random.SeedSequence([settings.seed, 4]).generate_state(1)[0]))
        self.stages = Stages(vectors, settings.hidden_stages, outputs, settings.u_bits, generator, settings.dropout, unit)

    def forward(self, x, quantised=True):
        """Logits [batch, outputs], or [batch, steps, outputs] where each step is read out.

        ``x`` are float inputs [batch, steps, d], or int64 tokens [batch, steps]. The sum of states is taken as their mean, so
        that logits are of one size whatever the steps.
        """
        x = self._disturbed(x) if self.training else x
        if self.stages is not None:
            vectors = self._vectors(x, quantised, self.stages.unit)
            if self.training:
                self.stages.follow(vectors.detach())
            return self.stages(vectors)
        dropout = self.settings.dropout if self.training else 0.0
        weight = Quantise.apply(self.output_weight, self.settings.u_bits) if quantised else self.output_weight
        top = self.layers[-1]
        if self.settings.readout is Pooling.EVERY and not dropout:
            return top.read(self._below(x, quantised), quantised, Read.LOGITS, out_weight=weight, out_bias=self.output_bias)
        features = top.read(self._below(x, quantised), quantised, _READ[self.settings.readout])
        return torch.nn.functional.dropout(features, dropout) @ weight.t() + self.output_bias

    def _below(self, x, quantised):
        """What the top layer takes."""
        for layer in self.layers[:-1]:
            x = layer.read(x, quantised, Read.EVERY)
        return x

    def _vectors(self, x, quantised, unit):
        """What the stages take, in the unit of integer states: pools [batch, n], or signed states [batch, steps, n].

        The unit follows the largest weight of V, which code it has never changes. No gradient goes through it.
        """
        summed = self.settings.readout is Pooling.SUM
        for layer in self.layers:
            unit *= layer.unit()
        states = self.layers[-1].read(self._below(x, quantised), quantised, Read.MEAN if summed else Read.SIGNED)
        return states * ((x.shape[1] if summed else 1) / unit)

    def _disturbed(self, x):
        noise, offset = self.settings.noise, self.settings.offset
        if noise and self.vocabulary:
            return torch.where(torch.rand(x.shape, device=x.device) < noise, 0, x)
        if noise:
            x = x + noise * torch.randn_like(x)
        if offset:
            x = x + offset * torch.randn_like(x[:, :1])
        return x

    def sign_vectors(self):
        """The signs of each layer as int8 arrays of -1 and 1."""
        return [layer.sign_vector() for layer in self.layers]
