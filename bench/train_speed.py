# SPDX-License-Identifier: BSD-2-Clause
"""Times a training iteration with the fast recurrence against stepping the cell under autograd, in one process.

The last state alone is one product with a kernel (pMNIST); a read-out at every step (copy task) is a compiled scan.
"""

import argparse
import json
import statistics
import sys
import time

import torch
from rich.console import Console

from hadam_hw.train.last_state import last_state, stepped_last_state
from hadam_hw.train.scan import Read, scan, stepped_states

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
    parser.add_argument("--every", action="store_true", help="read out at every step, as the copy task: "
                        "--hidden 128 --block 64 --steps 1020 --batch 128 --inputs 10")
    parser.add_argument("--outputs", type=int, default=10, help="classes that are read out with --every")
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
    # Any gradient that a loss could send back; of one sign where 130,000 of them are added up, or what is left of the sum would
    # tell of little but the units that rounding takes to the other side of 0.
    shape = (arguments.batch, arguments.steps, arguments.outputs) if every else (arguments.batch, hidden)
    toward = (torch.rand if every else torch.randn)(*shape, generator=generator)
    weight = torch.randn(hidden, arguments.inputs, generator=generator).requires_grad_()
    bias = (0.01 * torch.randn(hidden, generator=generator)).requires_grad_()
    out_weight = torch.randn(arguments.outputs, hidden, generator=generator).requires_grad_()
    out_bias = torch.zeros(arguments.outputs).requires_grad_()
    trained = [weight, bias, *((out_weight, out_bias) if every else ())]

    def iteration(fast):
        started = time.process_time()
        for parameter in trained:
            parameter.grad = None
        if not every:
            found = (last_state if fast else stepped_last_state)(inputs, weight, bias, gains, block)
        elif fast:
            found = scan(inputs, weight, bias, gains, block, Read.LOGITS, out_weight=out_weight, out_bias=out_bias)
        else:
            states = stepped_states(inputs @ weight.t() + bias, gains, block)
            found = torch.relu(states) @ out_weight.t() + out_bias
        (found * toward).sum().backward()
        return time.process_time() - started, [parameter.grad for parameter in trained]

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
