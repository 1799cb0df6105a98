# SPDX-License-Identifier: BSD-2-Clause
"""The core behind its registers: integers ``==`` the golden model with pauses everywhere, and nothing ever holds the bus."""

import random

import numpy as np
import pytest
from amaranth.sim import Simulator

from hadam_hw import golden
from hadam_hw.errors import ArchitectureError
from hadam_hw.readout import Pooling
from rtl_gen.cores.build import build_core
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.wishbone.registers import (
    ADDRESS_BITS,
    CONTROL,
    DIGEST_HIGH,
    DIGEST_LOW,
    FORMAT,
    ID,
    MAGIC,
    OUTPUT,
    OUTPUT_HIGH,
    REGISTERS,
    SATURATED,
    SHAPE,
    STATUS,
    VECTOR,
    Access,
    Field,
    Register,
    encode_vector,
    vector_words,
)
from rtl_gen.wishbone.target import WishboneCore
from tests.models_for_tests import random_model, random_stack

#: Clocks after which a cycle must have been answered.
PATIENCE = 2


class Host:
    """A bus master with pauses in and between its cycles."""

    def __init__(self, ctx, dut, seed):
        self._ctx, self._dut, self._rng = ctx, dut, random.Random(seed)

    async def cycle(self, register, data=None, sel=15):
        """Reads, or writes ``data``; every cycle is answered within :data:`PATIENCE` clocks."""
        ctx, dut = self._ctx, self._dut
        for _ in range(self._rng.choice((0, 0, 1, 5))):
            await ctx.tick()
            assert not ctx.get(dut.wb_ack)
        ctx.set(dut.wb_cyc, 1)
        if self._rng.random() < 0.2:
            await ctx.tick()  # a cycle without a strobe asks for nothing
            assert not ctx.get(dut.wb_ack)
        index = register if isinstance(register, int) else register.index
        for port, value in ((dut.wb_stb, 1), (dut.wb_we, int(data is not None)), (dut.wb_adr, index), (dut.wb_sel, sel),
                            (dut.wb_dat_w, self._rng.getrandbits(32) if data is None else data)):
            ctx.set(port, value)
        for clock in range(PATIENCE + 1):
            assert clock < PATIENCE
            _, _, ack = await ctx.tick().sample(dut.wb_ack)
            if ctx.get(dut.wb_ack):
                break
        value = ctx.get(dut.wb_dat_r)
        await ctx.tick()
        ctx.set(dut.wb_stb, 0)
        ctx.set(dut.wb_cyc, 0)
        return value

    async def status(self):
        word = await self.cycle(STATUS)
        return {field.name: word >> field.offset & 1 for field in STATUS.fields}

    async def vector(self, vector):
        """Writes a vector as soon as the core has room."""
        while not (await self.status())["ready"]:
            pass
        for word in encode_vector(vector, self._dut.core.model):
            await self.cycle(VECTOR, word)

    async def output(self):
        """The next output and whether it is the last of its read-out."""
        while not (status := await self.status())["output"]:
            pass
        low, high = await self.cycle(OUTPUT), await self.cycle(OUTPUT_HIGH)
        return (high << 32 | low) - (high >> 31 << 64), status["last"]

    async def readout(self):
        """All outputs of a read-out."""
        outputs, last = [], 0
        while not last:
            output, last = await self.output()
            outputs.append(output)
        return outputs


def play(model, architecture, script, seed=0):
    """Runs ``script(host)`` on the core of ``model`` behind its registers."""
    dut = WishboneCore(build_core(model, parse_architecture(architecture)))

    async def testbench(ctx):
        await script(Host(ctx, dut, seed))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def sequences(model, count=3, seed=1):
    rng = np.random.default_rng(seed)
    return [rng.integers(model.input.minimum, model.input.maximum, (rng.integers(1, 7), model.inputs), endpoint=True)
            for _ in range(count)]


MODELS = {
    "serial": ("serial", dict(size=8, block=4, outputs=3, inputs=2, input_signed=True)),
    "serial:4, words of five elements": ("serial:4", dict(size=8, block=8, outputs=2, inputs=5)),
    "folded, elements of two bytes": (
        "folded:2", dict(size=8, block=4, outputs=1, inputs=3, input_width=11, input_signed=True)),
    "parallel, every step": ("parallel", dict(size=4, block=4, outputs=2, emit=Pooling.EVERY)),
    "parallel, sums": ("parallel", dict(size=4, block=4, outputs=2, emit=Pooling.SUM, state_width=8)),
    "stages": ("serial", dict(size=8, block=4, outputs=3, hidden=((6, 4, 7, 8),)))}


@pytest.mark.parametrize("name", MODELS)
def test_outputs_are_the_golden_models_with_pauses_everywhere(name):
    architecture, arguments = MODELS[name]
    model = random_model(**arguments, seed=4)
    found, expected, saturated = [], [], 0

    async def script(host):
        nonlocal saturated
        for sequence in sequences(model):
            trace = golden.trace(model, sequence)
            every = model.pooling is Pooling.EVERY
            saturated += int((trace.saturations > 0).sum())
            for k, vector in enumerate(sequence):
                if k == len(sequence) - 1:
                    await host.cycle(CONTROL, CONTROL.pack(last=1))
                await host.vector(vector)
                if every or k == len(sequence) - 1:
                    expected.append(trace.outputs[k].tolist())
                    found.append(await host.readout())
        assert await host.cycle(SATURATED) == saturated
        assert (await host.status()) == {"ready": 1, "output": 0, "last": 0, "lost": 0, "empty": 0}

    play(model, architecture, script)
    assert found == expected and len(found) >= 3


def test_a_stack_and_wide_outputs_take_two_words():
    stack = random_stack(lower=dict(size=4, block=4, inputs=2), upper=dict(size=8, block=4, outputs=3))
    wide = random_model(size=8, block=4, outputs=2, state_width=24, output_bits=8, frac=12, seed=2)
    wide = wide.with_readout(stages=(type(wide.readout.stages[0])(
        codes=wide.readout.stages[0].codes, bits=8, biases=tuple(b + (1 << 36) * np.array([1, -1]) for b in
                                                                  wide.readout.stages[0].biases)),))
    assert wide.readout_width > 32
    for model in (stack, wide):
        sequence = sequences(model, 1)[0]

        async def script(host, model=model, sequence=sequence):
            for k, vector in enumerate(sequence):
                if k == len(sequence) - 1:
                    await host.cycle(CONTROL, CONTROL.pack(last=1))
                await host.vector(vector)
            assert await host.readout() == golden.trace(model, sequence).outputs[-1].tolist()

        play(model, "serial", script)


MODEL = random_model(**MODELS["serial"][1], seed=4)


def test_the_core_says_what_it_is():
    async def script(host):
        assert await host.cycle(ID) == MAGIC and MAGIC.to_bytes(4, "big")[:3] == b"HAD"
        assert f"{await host.cycle(DIGEST_HIGH):08x}{await host.cycle(DIGEST_LOW):08x}" == MODEL.digest[:16]
        assert await host.cycle(SHAPE) == SHAPE.pack(inputs=2, outputs=3)
        assert await host.cycle(FORMAT) == FORMAT.pack(input_bits=8, input_signed=1, every_step=0, vector_words=1)
        for index in range(len(REGISTERS), 1 << ADDRESS_BITS):
            assert await host.cycle(index) == 0
        for register in (CONTROL, VECTOR):
            assert await host.cycle(register) == 0
        for register in REGISTERS:
            if register.access is Access.READ:
                await host.cycle(register, 0xFFFFFFFF)
        assert await host.status() == {"ready": 1, "output": 0, "last": 0, "lost": 0, "empty": 0}

    play(MODEL, "serial", script)


def test_what_comes_too_early_is_lost_and_said_and_the_bus_goes_on():
    async def script(host):
        assert await host.cycle(OUTPUT) == 0 and (await host.status())["empty"] == 1
        await host.cycle(VECTOR, 1, sel=7)  # not a whole word
        assert (await host.status())["lost"] == 1
        await host.cycle(CONTROL, CONTROL.pack(clear=1), sel=1)
        assert (await host.status())["lost"] == 1
        await host.cycle(CONTROL, CONTROL.pack(clear=1))
        status = await host.status()
        assert (status["lost"], status["empty"]) == (0, 0)
        # nobody takes the outputs: some read-outs later the core takes no more vectors
        for _ in range(12):
            await host.cycle(CONTROL, CONTROL.pack(last=1))
            await host.cycle(VECTOR, 0x0102)
            for _ in range(60):
                status = await host.status()
            if status["lost"]:
                break
        assert status["lost"] and not status["ready"] and status["output"]
        await host.cycle(CONTROL, CONTROL.pack(reset=1))
        assert await host.status() == {"ready": 1, "output": 0, "last": 0, "lost": 0, "empty": 0}
        sequence = sequences(MODEL, 1)[0]
        for k, vector in enumerate(sequence):
            await host.cycle(CONTROL, CONTROL.pack(last=int(k == len(sequence) - 1)))
            await host.vector(vector)
        assert await host.readout() == golden.trace(MODEL, sequence).outputs[-1].tolist()

    play(MODEL, "serial", script)


def test_first_forgets_an_unfinished_sequence_and_part_of_a_vector():
    model = random_model(**MODELS["serial:4, words of five elements"][1], seed=4)

    async def script(host):
        half, whole = sequences(model, 2)
        for vector in half:
            await host.vector(vector)
        await host.cycle(VECTOR, 0xABCD)
        await host.cycle(CONTROL, CONTROL.pack(first=1))
        for k, vector in enumerate(whole):
            await host.cycle(CONTROL, CONTROL.pack(last=int(k == len(whole) - 1)))
            await host.vector(vector)
        assert await host.readout() == golden.trace(model, whole).outputs[-1].tolist()

    assert vector_words(model) == 2
    play(model, "serial:4", script)


def test_contexts_are_refused():
    model = random_model(size=4, block=4, outputs=2)
    with pytest.raises(ArchitectureError, match="Contexts must be 1 behind Wishbone"):
        WishboneCore(build_core(model, parse_architecture("parallel,contexts=2")))


def test_the_map_is_sound():
    assert [register.index for register in REGISTERS] == list(range(len(REGISTERS)))
    assert len(REGISTERS) <= 1 << ADDRESS_BITS
    with pytest.raises(ArchitectureError, match="Fields of X must follow one another within 32 bits, and b does not"):
        Register("X", 0, Access.READ, "", (Field("a", 0, 4, ""), Field("b", 3, 1, "")))
    with pytest.raises(ArchitectureError, match="b does not"):
        Register("X", 0, Access.READ, "", (Field("b", 31, 2, ""),))
    with pytest.raises(ArchitectureError, match="Field inputs of SHAPE must fit 16 bits, not be 65536"):
        SHAPE.pack(inputs=65536)
