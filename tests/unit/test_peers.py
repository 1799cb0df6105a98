# SPDX-License-Identifier: BSD-2-Clause
"""The comparison with other generators: each network is its matrix, and one that is not is noticed."""

import json

import numpy as np
import pytest

from bench.peers import check, count_cells, frame, main
from bench.peers_networks import WAYS, matrix_of, tree
from hadam_hw.cli import run_cli


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["hadamard", "binary", "ternary"])
def test_each_network_is_its_matrix_and_no_other(way, kind):
    matrix = matrix_of(kind, 4, seed=5)
    network = WAYS[way](matrix, kind)
    assert check(network, matrix) is True
    wrong = matrix.copy()
    wrong[2, 1] = -wrong[2, 1] or 1
    assert check(network, wrong) is False


def test_a_tree_shares_nothing():
    matrix = matrix_of("binary", 8)
    assert tree(matrix, "binary").adders == 8 * 7
    assert set(np.unique(matrix_of("ternary", 16))) == {-1, 0, 1}


def test_the_frame_is_a_cell_a_bit():
    assert "reg [31:0] i" in frame(4, 10) and "reg [9:0] shifted" in frame(4, 10)


def test_cells_that_are_not_placed_are_counted_as_nextpnr_does():
    def carry(source):
        return {"type": "CCU2C", "connections": {"CIN": [source]}}

    cells = {"a": carry("0"), "b": carry(7), "c": carry("x"), "d": {"type": "LUT4"}, "e": {"type": "TRELLIS_FF"}}
    assert count_cells(cells) == {"COMB": 1 + 2 * 3 + 4 * 2 + 2, "FF": 1}


def test_what_is_known_is_not_measured_again(tmp_path, capsys):
    results = tmp_path / "peers.json"
    results.write_text(json.dumps({"16 hadamard ours": {"adders": 7, "latency": 1, "seconds": 0.0, "equal": False}}))
    command = ["--sizes", "16", "--kinds", "hadamard", "--ways", "ours", "--no-place", "--results", str(results), "--json"]
    assert run_cli(main, command) == 1
    assert json.loads(capsys.readouterr().out)["16 hadamard ours"]["adders"] == 7
