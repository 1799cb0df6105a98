# SPDX-License-Identifier: BSD-2-Clause
"""cocotb bench of a core on a Wishbone bus, by the master of cocotbext-wishbone: every output ``==`` the golden model's."""

import json
import os
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotbext.wishbone.driver import WBOp, WishboneMaster

from rtl_gen.wishbone.registers import CONTROL, OUTPUT, OUTPUT_HIGH, REGISTERS, STATUS, VECTOR
from sim.runner import JOB_FILE, JOB_VARIABLE, RESULT_FILE

PERIOD_NS = 20
#: Clocks after which a cycle must have been acknowledged; cycles between two looks at the status at most.
PATIENCE, POLLS = 4, 10_000
SIGNALS = {"cyc": "cyc", "stb": "stb", "we": "we", "adr": "adr", "sel": "sel", "datwr": "dat_w", "datrd": "dat_r", "ack": "ack"}


class Difference(Exception):
    """The core did not answer as it should."""


class Host:
    """Talks to the core in cycles of one operation each, with pauses drawn from a seed."""

    def __init__(self, master, seed):
        self._master, self._rng = master, random.Random(seed)

    async def _cycle(self, register, data=None):
        pause = self._rng.choice((0, 0, 1, 7))
        operation = WBOp(adr=register.index, dat=data, idle=pause, acktimeout=PATIENCE)
        result, = await self._master.send_cycle([operation])
        return int(result.datrd) if data is None else None

    async def wait(self, field):
        """The status, as soon as it has this bit."""
        for _ in range(POLLS):
            status = await self._cycle(STATUS)
            if status >> STATUS.field(field).offset & 1:
                return status
        raise Difference(f"{field} did not come within {POLLS} looks at the status")

    async def read(self, register):
        """A register's value."""
        return await self._cycle(register)

    async def vector(self, words, last):
        """Sends a vector as soon as the core has room."""
        await self.wait("ready")
        await self._cycle(CONTROL, CONTROL.pack(last=int(last)))
        for word in words:
            await self._cycle(VECTOR, word)

    async def output(self):
        """The next output, and whether it is its read-out's last."""
        status = await self.wait("output")
        low, high = await self._cycle(OUTPUT), await self._cycle(OUTPUT_HIGH)
        return (high << 32 | low) - (high >> 31 << 64), bool(status >> STATUS.field("last").offset & 1)


async def _sequence(host, index, sequence):
    """Sends a sequence and compares its read-outs; returns how many numbers were equal."""
    compared = 0
    for step, words in enumerate(sequence["vectors"]):
        await host.vector(words, step == len(sequence["vectors"]) - 1)
        expected = sequence["outputs"][step]
        for k, wanted in enumerate(expected):
            found, last = await host.output()
            if (found, last) != (wanted, k == len(expected) - 1):
                raise Difference(f"sequence {index}, step {step}: output {k} is {found}{' (last)' if last else ''}, "
                                 f"expected {wanted}")
            compared += 1
    return compared


@cocotb.test()
async def bench(dut):
    """Works through the job's sequences in their order."""
    folder = Path(os.environ[JOB_VARIABLE])
    job = json.loads((folder / JOB_FILE).read_text())
    failures, compared = [], 0
    for name in ("cyc", "stb", "we", "adr", "sel", "dat_w"):
        getattr(dut, f"wb_{name}").value = 0
    cocotb.start_soon(Clock(dut.clk, PERIOD_NS, "ns").start())
    for level in (0, 1, 0):  # a pulse: Icarus looks at the design's logic when something changes
        dut.rst.value = level
        await ClockCycles(dut.clk, 4)
    # The master sets its zeros at once, without the event that Icarus needs to see them: so the lines have theirs before.
    host = Host(WishboneMaster(dut, "wb", dut.clk, signals_dict=SIGNALS), job["seed"])
    try:
        for index, sequence in enumerate(job["sequences"]):
            compared += await _sequence(host, index, sequence)
        for index, wanted in job["registers"]:
            found = await host.read(REGISTERS[index])
            if found != wanted:
                raise Difference(f"{REGISTERS[index].name} is {found:#x}, expected {wanted:#x}")
            compared += 1
    except Difference as error:
        failures.append(str(error))
    (folder / RESULT_FILE).write_text(json.dumps({"failures": failures, "compared": compared}))
