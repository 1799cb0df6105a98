# SPDX-License-Identifier: BSD-2-Clause
"""What the bench of a board design is told: bytes to send through the pins, and the golden model's reply to each frame."""

from dataclasses import asdict, dataclass

from hadam_hw import golden
from rtl_gen.design.emit import emit_design
from rtl_gen.design.top import SILENCE_CLOCKS, identify
from rtl_gen.link.frames import Command, ErrorCode, Frame, Result, encode_vectors
from rtl_gen.link.rates import choose_baud, divide_baud
from rtl_gen.tools.design_files import DESIGN_FILE, PLL_SIMULATION
from sim.runner import compile_design, run_bench

BENCH = "sim.bench_top"


@dataclass(frozen=True)
class Exchange:
    """Bytes to send and the bytes that must come back.

    Parameters
    ----------
    name : str
    send, reply : str
        In hex; an empty reply is silence.
    failed : bool
        The red LED afterwards.
    led : int or None
        The class on the LEDs afterwards; None where no sequence was answered yet.
    bit_clocks : float
        Clocks a bit while sending.
    """

    name: str
    send: str
    reply: str
    failed: bool
    led: int | None
    bit_clocks: float


class Conversation:
    """Collects exchanges with a design, and knows what each must answer.

    Parameters
    ----------
    model : Model
    architecture : Architecture
    board : Board
    """

    def __init__(self, model, architecture, board):
        self.model = model
        clock = board.clock(board.default_clock_mhz)
        plan = architecture.plan(model)
        baud = choose_baud(plan, clock.hz, board.baud)
        self.identity, self.divisor = identify(plan, clock_hz=clock.hz, link_hz=baud), divide_baud(clock.hz, baud)
        self.exchanges = []
        self._led = None

    def identify(self):
        """Asks who is there."""
        self._add("identify", Frame(Command.IDENTIFY).encode(), Frame(Command.IDENTITY, self.identity.encode()))

    def infer(self, sequence, bit_clocks=None):
        """Sends a sequence int [steps, inputs]; the reply is the golden model's."""
        logits = golden.trace(self.model, sequence).outputs[-1]
        result = Result(tuple(int(y) for y in logits), int(golden.label(self.model, logits)))
        self._led = result.label
        self._add("infer", self.infer_frame(sequence), Frame(Command.RESULT, result.encode(self.identity.output_bytes)),
                  bit_clocks=bit_clocks)

    def infer_frame(self, sequence):
        """The bytes of a good request, to be damaged."""
        return Frame(Command.INFER, encode_vectors(sequence.tolist(), self.identity)).encode()

    def bad(self, name, data, code, bit_clocks=None):
        """Sends bytes that are no good frame: error ``code`` must come, or silence for None."""
        reply = None if code is None else Frame(Command.ERROR, bytes([ErrorCode(code)]))
        self._add(name, data, reply, failed=code is not None, bit_clocks=bit_clocks)

    def _add(self, name, data, reply, failed=False, bit_clocks=None):
        if reply is None and self.exchanges:
            failed = self.exchanges[-1].failed  # silence leaves the LED as it was
        self.exchanges.append(Exchange(
            f"exchange {len(self.exchanges)}, {name}", bytes(data).hex(), reply.encode().hex() if reply else "", failed,
            self._led, bit_clocks or self.divisor))


def emit_top(model, architecture, board):
    """(Verilog files by name, name of the top): the design as it is synthesised, and a stand-in for the PLL."""
    files = emit_design(model, architecture, board, None, 1)
    name = f"hadam_{board.name}"
    return {"design.v": files[DESIGN_FILE].decode(), "pll.v": PLL_SIMULATION.read_text()}, name


def simulate_top(conversation, sources, top, simulator, *, folder=None, cache=None):
    """Compiles the design and holds the conversation with it.

    Returns
    -------
    dict
        ``compared``, the bytes that were equal, and ``exchanges``.

    Raises
    ------
    BenchFailed
        At the first byte, LED or silence that is not what it must be.
    """
    compiled = compile_design(sources, top, simulator, cache=cache)
    return run_bench(compiled, BENCH, {
        "bit_clocks": conversation.divisor, "patience_clocks": 2 * SILENCE_CLOCKS,
        "exchanges": [asdict(exchange) for exchange in conversation.exchanges]}, folder=folder)
