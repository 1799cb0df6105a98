# SPDX-License-Identifier: BSD-2-Clause
"""The exported C: steps a second on this machine, bytes and instructions on microcontrollers; exit 1 for a missed figure."""

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from firmware.mcu.export import INCLUDE, c_name, c_sources, render
from hadam_hw import golden
from hadam_hw.errors import HadamError
from hadam_hw.fixed import FixedPoint, Rounding
from hadam_hw.input.bank_design import mel_bank
from hadam_hw.layer import InputFormat, Layer, Phase
from hadam_hw.model import Model
from hadam_hw.model_file import load_model
from hadam_hw.readout import Dense, Pooling, Readout, Requantization
from hadam_hw.recurrence import Hadamard
from sim.mcu import targets
from sim.mcu.bank import bank_footprint, run_bank

MODELS = Path(__file__).resolve().parent.parent / "models"
SHIPPED = ("pmnist-h128-b64", "har-h128-b64", "har-mu-h128-s40-stretch", "pmnist-h512-b256", "keywords-h256x2-b64")
ASKED_STEPS = {"pmnist-h512-b256": 250_000}
WIRED = "wires-h128-128"
ASKED_BANK_RAM = 1024
ASKED_RAM = {"pmnist-h128-b64": 700, WIRED: 1000}
STEPS = 32
TIMED = """
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <time.h>
#include "{name}.h"

static double now(void)
{{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}}

int main(void)
{{
    static {name}_state state;
    static {name}_input x[{NAME}_INPUTS];
    {name}_logit y[{NAME}_OUTPUTS];
    double best = 0;
    unsigned step, round, i;
    for (round = 0; round < 7; round++) {{
        const double start = now();
        double rate;
        {name}_reset(&state);
        for (step = 0; step < 50000; step++) {{
            for (i = 0; i < {NAME}_INPUTS; i++)
                x[i] = ({name}_input)(37 * step + i);
            {name}_step(&state, x);
        }}
        rate = 50000 / (now() - start);
        if (rate > best)
            best = rate;
    }}
    {name}_readout(&state, y);
    printf("%.0f %u\\n", best, {name}_classify(y));
    return 0;
}}
"""


def wired():
    """Signs and wires of 128 units, a hidden stage of 128 at 4 bits, 10 outputs, one input of 8 bits: random weights."""
    rng = np.random.default_rng(0)
    units, hidden, outputs = 128, 128, 10

    def codes(*shape):
        return rng.integers(-8, 8, shape)

    layer = Layer(
        recurrence=Hadamard(units, 1, rng.choice([-1, 1], units), wires=rng.permutation(units)), state=FixedPoint(12, -2),
        input=InputFormat(1, 8, False), rounding=Rounding.HALF_UP, phases=(Phase(codes(units, 1), 0, codes(units)),))
    stages = (Dense(codes=codes(hidden, units), bits=4, biases=(codes(hidden),), bias_shift=9,
                    requantization=Requantization(11, 4)),
              Dense(codes=codes(outputs, hidden), bits=4, biases=(codes(outputs),)))
    return Model(layers=(layer,), readout=Readout(pooling=Pooling.LAST, stages=stages))


def cases():
    """(name, model, sequence int [STEPS, d_in]) of all that is measured."""
    for stem in SHIPPED:
        model = load_model(MODELS / f"{stem}.npz")
        yield stem, model, model.vectors.inputs[0][40:40 + STEPS]
    model = wired()
    yield WIRED, model, np.random.default_rng(1).integers(0, model.input.maximum, (STEPS, 1), endpoint=True)


def steps_per_second(model, name, folder):
    """Steps a second of one thread on this machine, the best of seven rounds, gcc -O2."""
    texts = render(model, name)
    for file, text in texts.items():
        (folder / file).write_text(text)
    (folder / "timed.c").write_text(TIMED.format(name=name, NAME=name.upper()))
    subprocess.run(["gcc", "-std=c99", "-O2", f"-I{INCLUDE}", "-I.", "timed.c", *c_sources(texts, name), "-o", "timed"],
                   cwd=folder, check=True)
    return int(subprocess.run([folder / "timed"], capture_output=True, text=True, check=True).stdout.split()[0])


def main(argv):
    """Prints both tables."""
    argparse.ArgumentParser(prog="python -m bench mcu", description=__doc__).parse_args(argv)
    console = Console(highlight=False, width=140)
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        speed = Table("model", "steps/s, gcc -O2, one thread", "asked")
        chips = Table("model", "processor", "gcc", "code B", "tables B", "state B", "outputs B", "stack B", "RAM B",
                      "instructions a step", "a read-out", "products")
        for stem, model, sequence in cases():
            rate = steps_per_second(model, c_name(stem), folder)
            missed |= rate < ASKED_STEPS.get(stem, 0)
            speed.add_row(stem, f"{rate:,}", f"{ASKED_STEPS[stem]:,}" if stem in ASKED_STEPS else "")
            trace = golden.trace(model, sequence)
            for target in targets.TARGETS:
                for optimise in ("-O2", "-Os"):
                    took = targets.footprint(model, target, folder, optimise)
                    run = targets.run(model, target, sequence, folder, optimise)
                    if run.outputs != trace.outputs.tolist() or run.saturations != trace.saturations.sum():
                        raise HadamError(f"{target.name} must compute the golden model's integers for {stem}, and does not")
                    missed |= took.ram > ASKED_RAM.get(stem, took.ram) or bool(took.products)
                    chips.add_row(stem, target.name, optimise, *(f"{number:,}" for number in (
                        took.code, took.tables, took.state, took.outputs, took.stack, took.ram,
                        round(run.step_instructions), round(run.readout_instructions), len(took.products))))
    banks = Table("front end", "processor", "gcc", "code B", "tables B", "state B", "codes B", "stack B", "RAM B",
                  "instructions a sample", "products")
    with tempfile.TemporaryDirectory() as folder:
        bank, folder = mel_bank(8000), Path(folder)
        sound = np.random.default_rng(2).integers(-8000, 8000, 10 * bank.frame)
        for target in targets.TARGETS:
            for optimise in ("-O2", "-Os"):
                took = bank_footprint(bank, target, folder, optimise)
                codes, instructions = run_bank(bank, target, sound, folder, optimise)
                if codes != bank.encode(sound).tolist():
                    raise HadamError(f"{target.name} must compute the bank's codes, and does not")
                missed |= took.ram > ASKED_BANK_RAM or bool(took.products)
                banks.add_row(f"bank of {bank.size}, {bank.rate_hz} Hz", target.name, optimise, *(f"{number:,}" for number in (
                    took.code, took.tables, took.state, took.outputs, took.stack, took.ram, round(instructions),
                    len(took.products))))
    console.print(speed, chips, banks)
    return int(missed)
