# SPDX-License-Identifier: BSD-2-Clause
"""``hadam_hw.fit``: arrays in, a model out."""

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.recordings import Kind, Recording, RecordingSet
from hadam_hw.terminal import console
from hadam_hw.train.own.options import options_of
from hadam_hw.train.own.prepare import own_data
from hadam_hw.train.own.train import train_own


def fit(X, y, groups=None, *, channels=None, units=None, rate_hz=None, name="arrays", verbose=False, **options):
    """Trains a model on sequences, as ``hadam fit`` does on files; what is left open is chosen on validation.

    Parameters
    ----------
    X : list of float [steps, channels], or float [sequences, steps, channels]
        Sequences may be of different lengths. Without an axis of channels, [steps] and [sequences, steps], there is one.
    y : sequence [sequences]
        The class of each. Classes are named by their text.
    groups : sequence [sequences], optional
        Whose each is: a person, a device, a day. No group is validated on a model that was trained on it.
    channels, units : sequence of str, optional
    rate_hz : float, optional
        Steps a second.
    name : str
        Of the data, for the model's file.
    verbose : bool
        Whether to tell how far it is, on standard error.
    **options
        Those of ``hadam fit`` by their names: ``window``, ``fit="ridge"``, ``hidden=64``, ``seed=1``, ``balance="even"``,
        ``budget=60``, ``mu_law=["gyro_x"]`` and others. ``test`` is the share of the groups that is held out and scored; by
        default none is.

    Returns
    -------
    Model
        With its input, so that ``model.predict(X)`` takes what was measured, and a scale for ``model.predict_proba(X)``.

    Raises
    ------
    DataError
        If these are no sequences, or there are fewer than two classes.
    """
    told = {key: list(value) if key == "mu_law" else value for key, value in options.items()}
    chosen = options_of({"test": 0.0} | told)
    recordings = recording_set(X, y, groups, channels, units, rate_hz)
    data = own_data(recordings, chosen, name)
    return train_own(data, chosen, console(stderr=True, quiet=not verbose), "hadam_hw.fit").model


def recording_set(X, y, groups=None, channels=None, units=None, rate_hz=None):
    """The :class:`~hadam_hw.recordings.recording.RecordingSet` of arrays, as of :func:`fit`."""
    values = [_values(k, one) for k, one in enumerate(X)]
    labels = _texts("y", y, len(values))
    owners = [None] * len(values) if groups is None else _texts("groups", groups, len(values))
    if not values:
        raise DataError("X must hold one sequence or more, not none")
    width = values[0].shape[1]
    names = tuple(map(str, channels)) if channels is not None else tuple(f"channel_{k}" for k in range(width))
    units = tuple(map(str, units)) if units is not None else ("",) * width
    rate = None if rate_hz is None else float(rate_hz)
    recordings = tuple(
        Recording(one, names, units, rate, label, owner, None, f"sequence {k}",
                  None if one.dtype == np.int64 else Kind.MEASURED)
        for k, (one, label, owner) in enumerate(zip(values, labels, owners)))
    return RecordingSet(recordings, names, units, rate, tuple(map(str, np.unique(np.asarray(y)))), recordings[0].kind)


def _values(place, one):
    """A sequence as float64, or int64, [steps, channels]."""
    values = np.asarray(one)
    if values.dtype.kind not in "iuf" or values.ndim not in (1, 2):
        raise DataError(f"Sequence {place} of X must be numbers [steps, channels] or [steps], not {values.dtype} of shape "
                        f"{list(values.shape)}")
    values = values.astype(np.int64 if values.dtype.kind in "iu" else np.float64)
    if not np.isfinite(values).all():
        raise DataError(f"Sequence {place} of X must be finite, and has NaN or infinity; leave such ones out or fill the gaps")
    return values[:, None] if values.ndim == 1 else values


def _texts(name, given, count):
    texts = [str(one) for one in np.asarray(given).tolist()]
    if len(texts) != count:
        raise DataError(f"{name} must be one for each of {count} sequences of X, not {len(texts)}")
    return texts
