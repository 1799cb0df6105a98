# SPDX-License-Identifier: BSD-2-Clause
"""What tests of several folders share."""

import gzip
import warnings

import numpy as np
import pytest


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A data folder whose pictures of 4 x 4 are bright in a row that tells the digit's quarter."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    (folder / "mnist").mkdir()
    for part, count in (("train", 360), ("t10k", 60)):
        labels = rng.integers(0, 4, count).astype(np.uint8)
        images = rng.integers(0, 40, (count, 4, 4)).astype(np.uint8)
        images[np.arange(count), labels] += 200
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
            (folder / "mnist" / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(header + array.tobytes()))
    return folder


@pytest.fixture
def cluster():
    """A dask cluster of one worker in this process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, about ports and deprecations
        from distributed import LocalCluster

        with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0") as running:
            yield running
