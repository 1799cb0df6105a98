# SPDX-License-Identifier: BSD-2-Clause
"""Times a training iteration with the fast linear recurrence against stepping the cell under autograd, in one process."""

import argparse
import json
import statistics
import sys
import time

import torch
from rich.console import Console

from hadam_hw.train.recurrence import last_state, stepped_last_state

ASKED_RATIO = 40
#: Largest difference of a gradient, relative to the largest entry of that gradient.
ASKED_DIFFERENCE = 1e-4


def main(argv):
    """Prints seconds an iteration (forward and backward) of both, their ratio, and how far the gradients differ."""
    parser = argparse.ArgumentParser(prog="python -m bench train_speed", description=__doc__)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--block", type=int, default=256)
    parser.add_argument("--steps", type=int, default=784)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5, help="rounds of both; the ratio is the median of the rounds'")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    measured = measure(arguments.hidden, arguments.block, arguments.steps, arguments.batch, arguments.repeats)
    if arguments.json:
        sys.stdout.write(json.dumps(measured) + "\n")
    else:
        Console(highlight=False, soft_wrap=True).print(
            f"n = {arguments.hidden}, blocks of {arguments.block}, T = {arguments.steps}, batch {arguments.batch}, "
            f"{torch.get_num_threads()} thread(s): fast {1000 * measured['fast_seconds']:.1f} ms, stepped "
            f"{1000 * measured['stepped_seconds']:.0f} ms an iteration, {measured['ratio']:.0f} times "
            f"(asked: {ASKED_RATIO}); gradients differ by {measured['difference']:.1e} (asked: {ASKED_DIFFERENCE:.0e})")
    return 0 if measured["ratio"] >= ASKED_RATIO and measured["difference"] <= ASKED_DIFFERENCE else 1


def measure(hidden, block, steps, batch, repeats):
    """Seconds of both, ratio and difference as a dict; the first round of each, which compiles, is not counted."""
    torch.set_num_threads(1)  # as training does, and two threads do not help the stepped form either
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(batch, steps, 1, generator=generator)
    signs = torch.randint(0, 2, (hidden,), generator=generator) * 2 - 1
    toward = torch.randn(batch, hidden, generator=generator)  # any gradient that a loss could send back
    weight = torch.randn(hidden, 1, generator=generator).requires_grad_()
    bias = (0.01 * torch.randn(hidden, generator=generator)).requires_grad_()

    def iteration(form):
        started = time.perf_counter()
        gradients = torch.autograd.grad((form(inputs, weight, bias, signs, block) * toward).sum(), [weight, bias])
        return time.perf_counter() - started, gradients

    _, fast = iteration(last_state)
    _, stepped = iteration(stepped_last_state)
    difference = max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(fast, stepped, strict=True))
    rounds = []
    for _ in range(repeats):
        # The fast one five times: it is short enough for one pause of the machine to decide the ratio.
        rounds.append((statistics.median(iteration(last_state)[0] for _ in range(5)), iteration(stepped_last_state)[0]))
    return {"fast_seconds": statistics.median(fast for fast, _ in rounds),
            "stepped_seconds": statistics.median(stepped for _, stepped in rounds),
            "ratio": statistics.median(stepped / fast for fast, stepped in rounds), "difference": difference,
            "rounds": rounds}
