# SPDX-License-Identifier: BSD-2-Clause
"""cocotb bench of cores: every word of every core ``==`` the golden model's, in one simulation.

One coroutine wakes once a clock and serves all cores, since waking is what costs time. The values it sees are those just
before the rising edge, as the gateware sees them; what it writes holds after the edge.
"""

import itertools
import json
import os
import time
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from sim.runner import JOB_FILE, JOB_VARIABLE, RESULT_FILE
from sim.stream_rules import StreamRuleBroken, StreamWatcher
from sim.wrapper import READY, STATUS_BITS, TAP, VALID

RESET_CLOCKS = 3


class Difference(Exception):
    """The core did not do what it should."""


class RunState:
    """One run of one core: what was sent and what came, clocks counted from the end of the reset."""

    def __init__(self, job):
        self.job = job
        self.accepted = []
        self.offered = []  # clock in which each word of y was first valid
        self.compared = {"y": 0, "tap": 0}
        self.x_pauses = itertools.cycle(job["x_pauses"])
        self.y_pauses = itertools.cycle(job["y_pauses"])
        self.x_wait = next(self.x_pauses)
        self.y_wait = next(self.y_pauses)
        self.x_valid = False
        self.y_ready = False
        self.fresh = True  # the next valid word of y was not yet seen
        self.moved = 0  # clock of the last event

    def compare(self, port, word):
        """Compares the next ``word`` of ``port`` with the golden model's."""
        index, expected = self.compared[port], self.job[port]
        if index >= len(expected):
            raise Difference(f"{port} has more than the {len(expected)} words expected")
        if word != expected[index]:
            raise Difference(f"{port} word {index} of {len(expected)} is {word:#x}, the golden model has {expected[index]:#x}")
        self.compared[port] = index + 1

    def complete(self):
        """Whether all was sent and all was compared."""
        return (len(self.accepted) == len(self.job["x"]) and self.compared["y"] == len(self.job["y"])
                and self.compared["tap"] == len(self.job["tap"]))

    def report(self):
        """The run's part of the result; checks the promised clocks."""
        result = {"name": self.job["name"], "sent": len(self.accepted), "compared_y": self.compared["y"],
                  "compared_tap": self.compared["tap"]}
        promise = self.job["promise"]
        if promise is None:
            return result
        steps = promise["steps"]
        gaps = {b - a for k, (a, b) in enumerate(zip(self.accepted, self.accepted[1:])) if (k + 1) % steps}
        starts = self.accepted[::steps]
        # The first sequence finds an idle read-out, which later ones may have to wait for.
        measured = {"interval": sorted(gaps), "sequence_interval": sorted({b - a for a, b in zip(starts[1:], starts[2:])}),
                    "latency": [self.offered[promise["transfers"] - 1] - self.accepted[0]]}
        for name, values in measured.items():
            if values and values != [promise[name]]:
                raise Difference(f"{name} is {values} clocks, the core promises {promise[name]}")
        return result | {"measured": measured}


class CoreAgent:
    """Drives and checks one core through all of its runs."""

    def __init__(self, dut, k, job):
        self.job = job
        self.rst, self.x, self.x_valid = (getattr(dut, f"{name}_{k}") for name in ("rst", "x", "x_valid"))
        self.y, self.y_ready, self.tap = (getattr(dut, f"{name}_{k}") for name in ("y", "y_ready", "tap"))
        self.watcher = StreamWatcher("y")
        self.runs = iter(job["runs"])
        self.reports = []
        self.failure = None
        self.done = False
        self.begin()

    def begin(self):
        """Resets the core for its next run, if there is one."""
        run = next(self.runs, None)
        if run is None:
            self.done = True
            return
        self.run = RunState(run)
        self.clock = -RESET_CLOCKS
        self.quiet_from = None
        self.watcher.reset()
        self.rst.value = 1
        self.x_valid.value = 0
        self.y_ready.value = 0

    def serve(self, status):
        """Serves one clock; ``status`` is the core's handshake bits before its edge."""
        try:
            self._serve(status)
        except (Difference, StreamRuleBroken) as error:
            self.failure = f"{self.job['name']}, run {self.run.job['name']!r}, clock {self.clock}: {error}"
            self.done = True

    def _serve(self, status):
        run, self.clock = self.run, self.clock + 1
        if self.clock < 0:
            return
        if self.clock == 0:
            self.rst.value = 0
        else:
            self._receive(status)
        self._send(status)
        if run.job["cut"] is not None and self.clock >= run.job["cut"]:
            self._end()
        elif run.complete():
            self.quiet_from = self.clock if self.quiet_from is None else self.quiet_from
            if self.clock - self.quiet_from >= self.job["quiet_clocks"]:
                self._end()
        elif self.clock - run.moved > self.job["stuck_clocks"]:
            raise Difference(
                f"nothing moved for {self.job['stuck_clocks']} clocks: {len(run.accepted)} of {len(run.job['x'])} words "
                f"sent, {run.compared['y']} of {len(run.job['y'])} of y "
                f"and {run.compared['tap']} of {len(run.job['tap'])} of tap came")

    def _receive(self, status):
        run = self.run
        if status >> TAP & 1:
            run.compare("tap", self.tap.value.to_unsigned())
            run.moved = self.clock
        valid = status >> VALID & 1
        payload = self.y.value.to_unsigned() if valid else None
        self.watcher.observe(valid, run.y_ready, payload)
        if valid and run.fresh:
            run.offered.append(self.clock)
            run.fresh = False
        if valid and run.y_ready:
            run.compare("y", payload)
            run.moved = self.clock
            run.fresh = True
            run.y_wait = next(run.y_pauses)
        elif valid and run.y_wait:
            run.y_wait -= 1
        ready = run.y_wait == 0
        if ready != run.y_ready:
            self.y_ready.value = run.y_ready = ready

    def _send(self, status):
        run = self.run
        if run.x_valid:
            if not status >> READY & 1:
                return
            run.accepted.append(self.clock)
            run.moved = self.clock
            run.x_wait = next(run.x_pauses)
        if len(run.accepted) == len(run.job["x"]) or run.x_wait:
            run.x_wait -= 1
            valid = False
        else:
            self.x.value = run.job["x"][len(run.accepted)]
            valid = True
        if valid != run.x_valid:
            self.x_valid.value = run.x_valid = valid

    def _end(self):
        self.reports.append(self.run.report())
        self.begin()


@cocotb.test()
async def cores_equal_the_golden_model(dut):
    """Runs the job and writes the result; red at the first difference of each core."""
    folder = Path(os.environ[JOB_VARIABLE])
    agents = [CoreAgent(dut, k, job) for k, job in enumerate(json.loads((folder / JOB_FILE).read_text())["cores"])]
    started = time.perf_counter()
    Clock(dut.clk, 10, unit="ns", impl="gpi").start()
    edge = RisingEdge(dut.clk)
    status, clocks = dut.status, 0
    active = list(enumerate(agents))
    mask = (1 << STATUS_BITS) - 1
    # The first clocks are spent in reset, before which a 4-state simulator has no values.
    while active:
        await edge
        clocks += 1
        bits = status.value.to_unsigned() if clocks > RESET_CLOCKS - 1 else 0
        for k, agent in active:
            agent.serve(bits >> STATUS_BITS * k & mask)
        if any(agent.done for _, agent in active):
            active = [(k, agent) for k, agent in active if not agent.done]
    failures = [agent.failure for agent in agents if agent.failure]
    cores = [{"name": agent.job["name"], "runs": agent.reports} for agent in agents]
    (folder / RESULT_FILE).write_text(json.dumps({
        "failures": failures, "cores": cores, "clocks": clocks, "run_seconds": time.perf_counter() - started}))
    assert not failures, "; ".join(failures)
