# SPDX-License-Identifier: BSD-2-Clause
"""Times a training iteration with the fast recurrence against stepping the cell under autograd, in one process.

The last state alone is one product with a kernel (pMNIST); every state, as the copy task needs them, is a compiled scan.
"""

import argparse
import json
import statistics
import sys
import time

import torch
from rich.console import Console

from hadam_hw.train.fit import SLICE
from hadam_hw.train.recurrence import last_state, stepped_last_state
from hadam_hw.train.scan import states, stepped_states

#: Of the last state, of every state.
ASKED_RATIO = {False: 60, True: 10}
#: Largest difference of a gradient, relative to the largest entry of that gradient.
ASKED_DIFFERENCE = 1e-4


def main(argv):
    """Prints seconds an iteration (forward and backward) of both, their ratio, and how far the gradients differ."""
    parser = argparse.ArgumentParser(prog="python -m bench train_speed", description=__doc__)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--block", type=int, default=256)
    parser.add_argument("--steps", type=int, default=784)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--inputs", type=int, default=1)
    parser.add_argument("--every", action="store_true", help="every state, as the copy task: "
                        "--hidden 128 --block 64 --steps 1020 --batch 128 --inputs 10")
    parser.add_argument("--slice", type=int, help="sequences that are worked through at a time with --every (as training)")
    parser.add_argument("--repeats", type=int, default=5, help="rounds of both; the ratio is the median of the rounds'")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    measured = measure(arguments)
    asked = ASKED_RATIO[arguments.every]
    if arguments.json:
        sys.stdout.write(json.dumps(measured) + "\n")
    else:
        Console(highlight=False, soft_wrap=True).print(
            f"n = {arguments.hidden}, blocks of {arguments.block}, T = {arguments.steps}, batch {arguments.batch}, "
            f"{torch.get_num_threads()} thread(s): fast {1000 * measured['fast_seconds']:.1f} ms, stepped "
            f"{1000 * measured['stepped_seconds']:.0f} ms an iteration, {measured['ratio']:.1f} times "
            f"(asked: {asked}); gradients differ by {measured['difference']:.1e} (asked: {ASKED_DIFFERENCE:.0e})")
    return 0 if measured["ratio"] >= asked and measured["difference"] <= ASKED_DIFFERENCE else 1


def measure(arguments):
    """Seconds of computing of both, ratio and difference as a dict; the first round of each, which compiles, is not counted."""
    torch.set_num_threads(1)  # as training does, and two threads do not help the stepped form either
    generator = torch.Generator().manual_seed(0)
    hidden, block, every = arguments.hidden, arguments.block, arguments.every
    inputs = torch.rand(arguments.batch, arguments.steps, arguments.inputs, generator=generator)
    gains = (torch.randint(0, 2, (hidden,), generator=generator) * 2 - 1) / block**0.5
    # any gradient that a loss could send back
    toward = torch.randn(*((arguments.batch, arguments.steps) if every else (arguments.batch,)), hidden, generator=generator)
    weight = torch.randn(hidden, arguments.inputs, generator=generator).requires_grad_()
    bias = (0.01 * torch.randn(hidden, generator=generator)).requires_grad_()

    def iteration(fast):
        started = time.process_time()
        weight.grad = bias.grad = None
        # as the trainer does: slices that fit in a cache, where every state is made; stepping is best with the whole batch
        usual = arguments.slice or max(1, SLICE // (arguments.steps * hidden))
        size = usual if every and fast else len(inputs)
        for x, direction in zip(inputs.split(size), toward.split(size), strict=True):
            if every:
                reached = (states if fast else stepped_states)(x @ weight.t() + bias, gains, block)
            else:
                reached = (last_state if fast else stepped_last_state)(x, weight, bias, gains, block)
            (reached * direction).sum().backward()
        return time.process_time() - started, (weight.grad, bias.grad)

    _, fast = iteration(True)
    _, stepped = iteration(False)
    difference = max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(fast, stepped, strict=True))
    rounds = []
    for _ in range(arguments.repeats):
        # The fast one several times: it is short enough for one pause of the machine to decide the ratio.
        rounds.append((statistics.median(iteration(True)[0] for _ in range(3 if every else 5)), iteration(False)[0]))
    return {"fast_seconds": statistics.median(fast for fast, _ in rounds),
            "stepped_seconds": statistics.median(stepped for _, stepped in rounds),
            "ratio": statistics.median(stepped / fast for fast, stepped in rounds), "difference": difference,
            "rounds": rounds}
