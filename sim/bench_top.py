# SPDX-License-Identifier: BSD-2-Clause
"""cocotb bench of a whole board design through its UART pins: bytes in, every byte that comes back ``==`` what is expected.

It wakes once a bit, not once a clock: the clock runs in the simulator.
"""

import json
import os
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.queue import Queue
from cocotb.triggers import FallingEdge, Timer, with_timeout

from sim.runner import JOB_FILE, JOB_VARIABLE, RESULT_FILE

PERIOD_NS = 20
#: Clocks for power-on reset and PLL before the first frame, and after a reply in which nothing more may come.
START_CLOCKS = 2000
QUIET_CLOCKS = 2000


class Difference(Exception):
    """The design did not answer as it should."""


async def _send(pin, data, bit_clocks):
    """Sends bytes, 8N1, ``bit_clocks`` (may be a fraction) clocks a bit."""
    ticks = round(bit_clocks * PERIOD_NS)
    for byte in data:
        for bit in (0, *((byte >> k & 1) for k in range(8)), 1):
            pin.value = bit
            await Timer(ticks, "ns")


async def _listen(pin, bit_clocks, received):
    """Puts every byte into the queue ``received``; None where the stop bit is missing."""
    while True:
        await FallingEdge(pin)
        await Timer(bit_clocks * PERIOD_NS * 3 // 2, "ns")
        byte = 0
        for k in range(8):
            byte |= int(pin.value) << k
            await Timer(bit_clocks * PERIOD_NS, "ns")
        received.put_nowait(byte if int(pin.value) else None)


async def _exchange(dut, job, exchange, received):
    """One request and its reply; returns the number of bytes compared."""
    await _send(dut.rx, bytes.fromhex(exchange["send"]), exchange["bit_clocks"])
    expected = bytes.fromhex(exchange["reply"])
    for index, byte in enumerate(expected):
        try:
            found = await with_timeout(received.get(), job["patience_clocks"] * PERIOD_NS, "ns")
        except TimeoutError:
            raise Difference(f"{exchange['name']}: only {index} of {len(expected)} bytes came") from None
        if found != byte:
            raise Difference(f"{exchange['name']}: byte {index} is {found}, expected {byte}")
    await Timer((QUIET_CLOCKS if expected else job["patience_clocks"]) * PERIOD_NS, "ns")
    if not received.empty():
        raise Difference(f"{exchange['name']}: {received.qsize()} bytes more than the {len(expected)} expected")
    if exchange["led"] is not None and int(dut.led.value) != exchange["led"]:
        raise Difference(f"{exchange['name']}: the LEDs show {int(dut.led.value)}, the class is {exchange['led']}")
    if int(dut.red_n.value) == exchange["failed"] or not int(dut.green_n.value):
        raise Difference(f"{exchange['name']}: red {int(dut.red_n.value)} or green {int(dut.green_n.value)} LED is wrong")
    return len(expected)


@cocotb.test()
async def bench(dut):
    """Works through the job's exchanges in their order."""
    folder = Path(os.environ[JOB_VARIABLE])
    job = json.loads((folder / JOB_FILE).read_text())
    received, failures, compared = Queue(), [], 0
    dut.rx.value = 1
    Clock(dut.clk12, PERIOD_NS, unit="ns").start()
    cocotb.start_soon(_listen(dut.tx, job["bit_clocks"], received))
    await Timer(START_CLOCKS * PERIOD_NS, "ns")
    try:
        for exchange in job["exchanges"]:
            compared += await _exchange(dut, job, exchange, received)
    except Difference as difference:
        failures.append(str(difference))
    expected = sum(len(exchange["reply"]) // 2 for exchange in job["exchanges"])
    if not failures and compared != expected:
        failures.append(f"{compared} bytes were compared, not {expected}")
    (folder / RESULT_FILE).write_text(json.dumps({
        "failures": failures, "compared": compared, "exchanges": len(job["exchanges"])}))
