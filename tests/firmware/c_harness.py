# SPDX-License-Identifier: BSD-2-Clause
"""Compiles exported models into one program that reads sequences and tells every integer."""

import subprocess
from pathlib import Path

import numpy as np

from firmware.mcu.export import INCLUDE, c_sources, render
from hadam_hw import golden

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
SANITIZED = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

MAIN = """
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
{includes}

static int64_t take(void)
{{
    int64_t value;
    if (fread(&value, sizeof value, 1, stdin) != 1)
        exit(1);
    return value;
}}

static void tell(int64_t value)
{{
    if (fwrite(&value, sizeof value, 1, stdout) != 1)
        exit(1);
}}

/* sequences, steps, whether every step is told, then the vectors */
#define RUN(name, UPPER) do {{ \\
        static name##_state state; \\
        static name##_input x[UPPER##_INPUTS]; \\
        static name##_logit y[UPPER##_OUTPUTS]; \\
        const int64_t sequences = take(), steps = take(), every = take(); \\
        int64_t sequence, step, i; \\
        for (sequence = 0; sequence < sequences; sequence++) {{ \\
            name##_reset(&state); \\
            for (step = 0; step < steps; step++) {{ \\
                for (i = 0; i < UPPER##_INPUTS; i++) \\
                    x[i] = (name##_input)take(); \\
                name##_step(&state, x); \\
                if (!every && step + 1 < steps) \\
                    continue; \\
                for (i = 0; i < UPPER##_UNITS; i++) \\
                    tell(state.UPPER##_TOP.z[i]); \\
                tell(state.saturations); \\
                name##_readout(&state, y); \\
                for (i = 0; i < UPPER##_OUTPUTS; i++) \\
                    tell(y[i]); \\
                tell(name##_classify(y)); \\
            }} \\
        }} \\
    }} while (0)

int main(void)
{{
{runs}
    return 0;
}}
"""


def export(model, name, folder):
    """Writes the C files of ``model`` into ``folder``; returns the paths of those to compile."""
    texts = render(model, name)
    for file, text in texts.items():
        (folder / file).write_text(text)
    return [folder / file for file in c_sources(texts, name)]


def compile_all(sources, folder, options=SANITIZED, output="program", compiler="gcc"):
    """One compiler run over ``sources``; a warning is an error. Returns the program's path."""
    program = folder / output
    command = [compiler, *STRICT, *options, f"-I{INCLUDE}", f"-I{folder}", *map(str, sources), "-o", str(program)]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return program


def compile_models(models, folder, options=SANITIZED):
    """A program of all ``models`` (by name), which takes their sequences in this order."""
    sources = [source for name, model in models.items() for source in export(model, name, folder)]
    main = folder / "main.c"
    main.write_text(MAIN.format(includes="\n".join(f'#include "{name}.h"' for name in models),
                                runs="\n".join(f"    RUN({name}, {name.upper()});" for name in models)))
    return compile_all([main, *sources], folder, options)


def run(program, models, inputs, every=True):
    """What the program says for ``inputs`` [sequences, steps, d_in] of each model: by name [sequences, told, n + 1 + m + 1].

    The ``n`` states are the top layer's.
    """
    stream = b"".join(np.concatenate([[*inputs[name].shape[:2], every], inputs[name].ravel()]).astype("<i8").tobytes()
                      for name in models)
    process = subprocess.run([Path(program)], input=stream, capture_output=True, timeout=300)
    assert process.returncode == 0, process.stderr.decode()[-3000:]
    said, start, found = np.frombuffer(process.stdout, "<i8"), 0, {}
    for name, model in models.items():
        sequences, steps = inputs[name].shape[:2]
        shape = (sequences, steps if every else 1, model.layers[-1].size + model.outputs + 2)
        found[name] = said[start:start + np.prod(shape)].reshape(shape)
        start += np.prod(shape)
    assert start == len(said)
    return found


def expected(model, inputs):
    """The same by the definition, every step told."""
    rows = []
    for sequence in inputs:
        trace = golden.trace(model, sequence)
        rows.append(np.concatenate([trace.states, np.cumsum(trace.saturations)[:, None], trace.outputs,
                                    golden.classify(trace.outputs)[:, None]], axis=1))
    return np.array(rows)


def random_inputs(model, sequences, steps, seed=0):
    """Inputs over the whole range, its ends among them more often than by chance."""
    rng = np.random.default_rng(seed)
    low, high = model.input.minimum, model.input.maximum
    inputs = rng.integers(low, high, (sequences, steps, model.inputs), endpoint=True)
    return np.where(rng.random(inputs.shape) < 0.2, np.where(rng.random(inputs.shape) < 0.5, low, high), inputs)
