# SPDX-License-Identifier: BSD-2-Clause
"""The training loop: fixed random signs, codes in the loop, the best on validation kept, resumable after a kill."""

import io
from dataclasses import asdict, dataclass

import numpy as np
import torch

from hadam_hw.files import atomic_write
from hadam_hw.quantize import quantize_codes
from hadam_hw.train.recurrence import last_state

EVALUATION_BATCH = 1000


@dataclass(frozen=True)
class Settings:
    """What decides the result of a training, beside the task's data."""

    task: str
    hidden: int
    block: int
    seed: int = 0
    epochs: int = 20
    batch: int = 100
    lr: float = 2e-3
    v_bits: int = 4
    u_bits: int = 4
    noise: float = 0.0
    dropout: float = 0.0
    v_init: float = 0.3


class Quantise(torch.autograd.Function):
    """The paper's quantiser with a straight-through gradient; the same codes as :func:`hadam_hw.quantize.quantize_codes`."""

    @staticmethod
    def forward(ctx, weight, bits):
        """The weight that the codes stand for."""
        codes, scale = quantize_codes(weight.numpy(), bits)
        return torch.from_numpy((codes * scale).astype(np.float32))

    @staticmethod
    def backward(ctx, gradient):
        """The gradient as if nothing had been rounded."""
        return gradient, None


class Network(torch.nn.Module):
    """``y = U relu(h_T) + c`` over the linear recurrence with signs that are drawn once and stay.

    Parameters
    ----------
    inputs, outputs : int
    settings : Settings
    """

    def __init__(self, inputs, outputs, settings):
        super().__init__()
        generator = torch.Generator().manual_seed(settings.seed)
        size = settings.hidden
        self.settings = settings
        self.register_buffer("signs", torch.randint(0, 2, (size,), generator=generator) * 2 - 1)
        self.input_weight = torch.nn.Parameter(torch.randn(size, inputs, generator=generator) * settings.v_init)
        self.output_weight = torch.nn.Parameter(torch.randn(outputs, size, generator=generator) / size**0.5)
        self.bias = torch.nn.Parameter(torch.zeros(size))
        self.output_bias = torch.nn.Parameter(torch.zeros(outputs))

    def forward(self, x, quantised=True):
        """Logits [batch, outputs] of float inputs [batch, steps, inputs]."""
        v, u = self.input_weight, self.output_weight
        if quantised:
            v, u = Quantise.apply(v, self.settings.v_bits), Quantise.apply(u, self.settings.u_bits)
        if self.training and self.settings.noise:
            x = x + self.settings.noise * torch.randn_like(x)
        features = torch.relu(last_state(x, v, self.bias, self.signs, self.settings.block))
        if self.training:
            features = torch.nn.functional.dropout(features, self.settings.dropout)
        return features @ u.T + self.output_bias

    def score(self, task, sequences, quantised=True):
        """Percent of right classes."""
        self.eval()
        right = 0
        with torch.no_grad():
            for start in range(0, len(sequences), EVALUATION_BATCH):
                part = slice(start, start + EVALUATION_BATCH)
                logits = self(_real(sequences.inputs[part], task), quantised)
                right += int((logits.argmax(1).numpy() == sequences.labels[part]).sum())
        self.train()
        return 100 * right / len(sequences)


@dataclass(frozen=True, eq=False)
class Fitted:
    """The parameters (name to array) that were best on validation, that score in percent, and the epochs trained."""

    parameters: dict
    validation_score: float
    epochs: int
    interrupted: bool


def fit(task, settings, checkpoint, on_epoch=lambda epoch, loss, score: None, on_step=lambda: None):
    """Trains and returns :class:`Fitted`. After each epoch all that is needed to go on is written to ``checkpoint``.

    A checkpoint of other settings is ignored. KeyboardInterrupt ends the training; the best so far is returned.
    """
    torch.set_num_threads(1)  # the kernel is one loop, and two threads on the small products cost more than they gain
    network = Network(task.format.size, len(task.classes), settings)
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.epochs)
    state = {"epoch": 0, "best": None, "score": -1.0}
    if checkpoint.exists():
        saved = torch.load(io.BytesIO(checkpoint.read_bytes()), weights_only=True)
        if saved["settings"] == asdict(settings):
            state = saved["state"]
            network.load_state_dict(saved["network"])
            optimiser.load_state_dict(saved["optimiser"])
            schedule.load_state_dict(saved["schedule"])
    interrupted = False
    try:
        while state["epoch"] < settings.epochs:
            loss = _epoch(network, optimiser, task, settings, state["epoch"], on_step)
            schedule.step()
            score = network.score(task, task.validation)
            best = state if score <= state["score"] else {
                "best": {name: value.detach().clone() for name, value in network.state_dict().items()}, "score": score}
            state = {"epoch": state["epoch"] + 1, "best": best["best"], "score": best["score"]}
            buffer = io.BytesIO()
            torch.save({"settings": asdict(settings), "state": state, "network": network.state_dict(),
                        "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict()}, buffer)
            atomic_write(checkpoint, buffer.getvalue())
            on_epoch(state["epoch"], loss, score)
    except KeyboardInterrupt:
        interrupted = True
        if state["best"] is None:
            raise
    return Fitted({name: value.numpy() for name, value in state["best"].items()}, state["score"], state["epoch"],
                  interrupted)


def _epoch(network, optimiser, task, settings, epoch, on_step):
    """One pass over the training set in an order that depends on seed and epoch alone; the mean loss."""
    rng = np.random.default_rng([settings.seed, 2, epoch])
    torch.manual_seed(hash((settings.seed, epoch)) & 0x7FFFFFFF)
    order = rng.permutation(len(task.train))
    batches = [order[start:start + settings.batch] for start in range(0, len(order), settings.batch)]
    total = 0.0
    for chosen in batches:
        logits = network(_real(task.train.batch(chosen, rng), task))
        loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(task.train.labels[chosen]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item()
        on_step()
    return total / len(batches)


def _real(inputs, task):
    return torch.from_numpy(inputs.astype(np.float32)) * task.scale
