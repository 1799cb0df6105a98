# SPDX-License-Identifier: BSD-2-Clause
"""The loop of epochs that all trainings share: the best on validation is kept, and a killed training goes on where it was."""

import io
import time
from dataclasses import asdict, dataclass

import torch

from hadam_hw.files import atomic_write


@dataclass(frozen=True)
class Epoch:
    """What is known after an epoch; scores in percent on validation, None where the integers were not evaluated."""

    epoch: int
    loss: float
    validation_float: float | None
    validation_integer: float | None
    flips: int
    seconds: float


class Epochs:
    """A training as far as it is; made, it goes on from ``checkpoint`` where that is one of the same settings.

    Parameters
    ----------
    settings : Settings
    checkpoint : Path
        After each epoch all that is needed to go on is written there. One of other settings is ignored.
    until : int, optional
        None, or the epoch to train to; then nothing is validated, and the last epoch is kept in place of the best.
    parts : dict
        What has a ``state_dict``, by its name in the checkpoint; the first is what is trained and kept.
    """

    def __init__(self, settings, checkpoint, until, parts):
        self.settings, self.checkpoint, self.until, self.parts = settings, checkpoint, until, parts
        self._state = {"epoch": 0, "best": None, "score": -1.0, "tie": -1.0, "curve": []}
        if checkpoint.exists():
            saved = torch.load(io.BytesIO(checkpoint.read_bytes()), weights_only=True)
            if saved["settings"] == settings.as_json():
                self._state |= saved["state"]
                for name, part in parts.items():
                    part.load_state_dict(saved[name])

    @property
    def done(self):
        """Epochs that are behind."""
        return self._state["epoch"]

    @property
    def best(self):
        """The state dict that is kept."""
        return self._state["best"]

    @property
    def score(self):
        """Its integer score on validation in percent; None where nothing was validated."""
        return self._state["score"]

    @property
    def curve(self):
        """A tuple with an :class:`Epoch` for each that is behind."""
        return tuple(Epoch(**epoch) for epoch in self._state["curve"])

    def run(self, train, validate, on_epoch):
        """Trains the epochs that are left, and returns whether KeyboardInterrupt ended that.

        Parameters
        ----------
        train : callable
            ``train(index)`` makes the epoch, counted from 0, and returns its mean loss and the signs that it flipped.
        validate : callable
            Returns the float and the integer score in percent; the first may be None.
        on_epoch : callable
            Called with the :class:`Epoch` after each.

        Raises
        ------
        KeyboardInterrupt
            Where nothing is kept yet.
        """
        try:
            while self.done < (self.until or self.settings.epochs):
                self._one(train, validate, on_epoch)
        except KeyboardInterrupt:
            if self.best is None:
                raise
            return True
        return False

    def _one(self, train, validate, on_epoch):
        began, number, scores = time.perf_counter(), self.done + 1, (None, None)
        loss, flips = train(self.done)
        if self.until is None and (number % self.settings.evaluate_every == 0 or number == self.settings.epochs):
            scores = validate()
        floating, integer = scores
        # among equals the float score decides, so that a ceiling of the integers does not stop all progress
        rank = integer, -1.0 if floating is None else floating
        if self.until or (integer is not None and rank > (self._state["score"], self._state["tie"])):
            trained = next(iter(self.parts.values())).state_dict()
            self._state |= {"best": {name: value.clone() for name, value in trained.items()}, "score": integer, "tie": rank[1]}
        epoch = Epoch(number, loss, floating, integer, flips, time.perf_counter() - began)
        self._state |= {"epoch": number, "curve": [*self._state["curve"], asdict(epoch)]}
        buffer = io.BytesIO()
        torch.save({"settings": self.settings.as_json(), "state": self._state}
                   | {name: part.state_dict() for name, part in self.parts.items()}, buffer)
        atomic_write(self.checkpoint, buffer.getvalue())
        on_epoch(epoch)
