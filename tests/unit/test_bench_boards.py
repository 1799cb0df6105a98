# SPDX-License-Identifier: BSD-2-Clause
"""The bench of boards and models: it goes on where it was, and its table says what fits and what does not."""

import json

import boards
from bench import boards as bench
from hadam_hw.errors import DoesNotFitError

BUILT = {
    "lc": 3000, "lc_available": 7680, "ebr": 21, "ebr_available": 32, "dsp": 0, "clock_mhz": 96.0, "fmax_mhz": [101.25],
    "cycles_per_step": 28, "sequences_per_second_core": 4370.2, "sequences_per_second_link": 358.0, "link_baud": 3_000_000}


def test_it_goes_on_where_it_was_and_stops_at_the_first_architecture_that_fits(tmp_path, monkeypatch):
    page, file = tmp_path / "boards.md", tmp_path / "known.json"
    page.write_text(f"before\n{bench.BEGIN}stale\n{bench.END}after\n")
    monkeypatch.setattr(bench, "PAGE", page)
    tried = []

    def attempt(board, model, arch, *_):
        tried.append((board, arch))
        if board == "icestick" or arch == "serial":
            return {"error": DoesNotFitError.__name__, "says": "Design must fit the 1280 logic cells of X, not need 3000 (1)"}
        return BUILT

    monkeypatch.setattr(bench, "attempt", attempt)
    command = ["--boards", "icestick,hx8k", "--models", "m", "--archs", "serial,folded:4,folded:2", "--json", str(file)]
    assert bench.main(command) == 0
    assert tried == [("icestick", "serial"), ("icestick", "folded:4"), ("icestick", "folded:2"),
                     ("hx8k", "serial"), ("hx8k", "folded:4")]
    known = json.loads(file.read_text())
    assert known["hx8k m folded:4"] == BUILT
    text = page.read_text()
    assert text.startswith(f"before\n{bench.BEGIN}| board") and text.endswith(f"{bench.END}after\n") and "stale" not in text
    assert "| hx8k | m | folded:4 | 3,000 of 7,680 | 21 of 32 | 96, 101.2 | 28 | 4,370 / 358 |" in text
    assert "serial: fit the 1280 logic cells of X, not need 3000; folded:4:" in text
    tried.clear()
    assert bench.main(command) == 0
    assert tried == []
    del known["hx8k m folded:4"]
    file.write_text(json.dumps(known))
    assert bench.main([*command, "--table"]) == 0
    assert tried == [] and "| hx8k | m | - |" in page.read_text()
    assert bench.main(command) == 0
    assert tried == [("hx8k", "folded:4")]


def test_each_line_of_the_page_is_of_a_board_and_a_model_there_are():
    lines = bench.PAGE.read_text().partition(bench.BEGIN)[2].partition(bench.END)[0].splitlines()[2:]
    shipped = {path.stem for path in (bench.ROOT / "models").glob("*.npz")}
    for line in lines:
        board, model = (cell.strip() for cell in line.split("|")[1:3])
        assert board in boards.names() and model in shipped, line


def test_the_table_of_estimates_has_a_word_for_each_board(tmp_path, monkeypatch):
    page = tmp_path / "boards.md"
    page.write_text(f"before\n{bench.ESTIMATED}stale\n{bench.ESTIMATED_END}after\n")
    monkeypatch.setattr(bench, "PAGE", page)
    assert bench.main(["--estimate", "--boards", "icestick,icebreaker", "--models", "pmnist-h128-b64,dsa-random-h64-b64"]) == 0
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "stale" not in text
    rows = {line.split(" | ")[0]: line.split(" | ")[1:] for line in text.splitlines() if line.count("|") == 4}
    small, usual = rows["| pmnist-h128-b64"]
    assert small.startswith("folded:2: 9") and usual.startswith("serial: 7")
    small, usual = rows["| dsa-random-h64-b64"]
    assert small == "-" and usual.startswith("folded:8")
