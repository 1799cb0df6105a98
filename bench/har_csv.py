# SPDX-License-Identifier: BSD-2-Clause
"""UCI HAR written out as a user would have it: folders of CSV files with names and units, and an .npz of the same."""

import argparse
from pathlib import Path

import numpy as np

from hadam_hw.terminal import console
from hadam_hw.train.data import data_folder, fetch, read_npz_xz
from hadam_hw.train.tasks.motion import HAR_CLASSES

RATE_HZ = 50.0
CHANNELS = tuple(f"{sensor}_{axis}" for sensor in ("body_acc", "body_gyro", "total_acc") for axis in "xyz")
UNITS = ("g",) * 3 + ("rad/s",) * 3 + ("g",) * 3


def main(argv):
    """Writes ``OUT/csv/{train,test}/CLASS/PERSON/NUMBER.csv``, a window each, and ``OUT/har.npz``."""
    parser = argparse.ArgumentParser(prog="python -m bench har_csv", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data")
    arguments = parser.parse_args(argv)
    path = fetch(data_folder(arguments.data), "uci_har/uci_har_int16.npz.xz")
    arrays = read_npz_xz(path, X_train=3, y_train=1, subject_train=1, X_test=3, y_test=1, subject_test=1)
    head = ",".join(["time [s]", *(f"{name} [{unit}]" for name, unit in zip(CHANNELS, UNITS))])
    for part in ("train", "test"):
        windows, labels, persons = (arrays[f"{name}_{part}"] for name in ("X", "y", "subject"))
        for number, (window, label, person) in enumerate(zip(windows, labels, persons)):
            folder = arguments.out / "csv" / part / HAR_CLASSES[label] / f"person{person:02d}"
            folder.mkdir(parents=True, exist_ok=True)
            rows = [",".join([f"{step / RATE_HZ:.2f}", *(f"{value:.6f}" for value in row)])
                    for step, row in enumerate(measured(window))]
            (folder / f"{number:05d}.csv").write_text("\n".join([head, *rows]) + "\n")
    count = len(arrays["X_train"])
    windows = measured(np.concatenate([arrays["X_train"], arrays["X_test"]])).astype(np.float32)
    np.savez(arguments.out / "har.npz", inputs=windows,
             labels=np.concatenate([arrays["y_train"], arrays["y_test"]]), classes=np.array(HAR_CLASSES),
             groups=np.concatenate([arrays["subject_train"], arrays["subject_test"]]), rate_hz=np.float64(RATE_HZ),
             test=np.arange(count + len(arrays["X_test"])) >= count, channels=np.array(CHANNELS), units=np.array(UNITS))
    console().print(f"{arguments.out}: {count} and {len(arrays['X_test'])} windows")
    return 0


def measured(windows):
    """Stored integers [..., 9] in g and rad/s: 8192 counts a g, 4096 a rad/s."""
    return windows / np.repeat([8192.0, 4096.0, 8192.0], 3)
