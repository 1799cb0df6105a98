# SPDX-License-Identifier: BSD-2-Clause
"""Every board: ports and constraints agree, pins are those of amaranth-boards, the clock is exact and divides for the UART."""

import json
import re
from dataclasses import replace
from fractions import Fraction

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator
from amaranth_boards.ice40_hx8k_b_evn import ICE40HX8KBEVNPlatform
from amaranth_boards.icebreaker import ICEBreakerPlatform
from amaranth_boards.icestick import ICEStickPlatform
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_25FPlatform
from amaranth_boards.tang_nano_9k import TangNano9kPlatform
from amaranth_boards.ulx3s import ULX3S_12F_Platform, ULX3S_85F_Platform
from amaranth_boards.upduino_v3 import UpduinoV3Platform

import boards
from boards.parts.fixed import Constant, Tied
from boards.parts.pins import SPI_PORTS, Port
from boards.parts.plls import Ecp5Pll, GowinPll, Ice40Pll
from hadam_hw.cli import run_cli
from hadam_hw.errors import BoardError
from hadam_hw.model_file import save_model
from rtl_gen.__main__ import main
from rtl_gen.design.emit import emit_design
from rtl_gen.link.kind import Link
from rtl_gen.link.rates import divide_baud
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.tools.design_files import DESIGN_FILE
from rtl_gen.tools.family import FAMILIES
from tests.models_for_tests import random_model

PLATFORMS = {
    "icebreaker": ICEBreakerPlatform, "icestick": ICEStickPlatform, "hx8k": ICE40HX8KBEVNPlatform,
    "ulx3s-12f": ULX3S_12F_Platform, "ulx3s-85f": ULX3S_85F_Platform, "orangecrab": OrangeCrabR0_2_25FPlatform,
    "tangnano9k": TangNano9kPlatform, "tangnano9k-header": TangNano9kPlatform, "upduino-v3": UpduinoV3Platform}
#: The clock where it is not the platform's default, and what lies at pins that amaranth-boards does not know.
CLOCKS, UNKNOWN = {"upduino-v3": "clk12"}, {"tangnano9k-header": {"30"}}
#: (port, site) of the constraints' lines that place something.
PLACED = {"ice40": r"^set_io (?:-\w+ \w+ )?(\S+) (\S+)$", "ecp5": r'^LOCATE COMP "(\S+)" SITE "(\S+)";$',
          "gowin": r'^IO_LOC "(\S+)" (\S+);$'}
each_board = pytest.mark.parametrize("name", PLATFORMS)


def placed(board, spi=False, flash=False):
    """Bit of a port to its site, read from the constraints."""
    text = board.constraints(spi, flash)
    found = re.findall(PLACED[board.chip.family], text, re.MULTILINE)
    assert len(found) == len(dict(found)) == len({site for _, site in found}), text
    return dict(found)


def bits(ports):
    """Names of the bits of ports: name to width."""
    return {name if width == 1 else f"{name}[{bit}]" for name, width in ports.items() for bit in range(width)}


def test_these_are_the_boards():
    assert set(boards.names()) == PLATFORMS.keys()
    for name in boards.names():
        assert boards.get(name).name == name
        assert boards.get(name).chip.family in FAMILIES


@each_board
def test_every_port_of_the_emitted_design_has_a_pin_and_every_pin_a_port(name):
    board = boards.get(name)
    files = emit_design(random_model(size=4, block=2, outputs=2), parse_architecture("parallel"), board, None, 1)
    module = f"hadam_{name.replace('-', '_')}"
    text = files[DESIGN_FILE].decode()
    body = text[text.index(f"module {module}("):].partition("endmodule")[0]
    declared = re.findall(r"^  (?:in|out)put (?:\[(\d+):0\] )?(\w+);$", body, re.MULTILINE)
    ports = {port: int(high or 0) + 1 for high, port in declared}
    assert {"rx", "tx"} < ports.keys()
    assert files[FAMILIES[board.chip.family].pins_file].decode() == board.constraints()
    assert placed(board).keys() == bits(ports)


@each_board
def test_the_pins_are_those_of_amaranth_boards(name):
    platform, board = PLATFORMS[name](), boards.get(name)
    if name == "icebreaker":
        platform.add_resources(platform.break_off_pmod)
    sites = placed(board)
    crystal = platform.resources[CLOCKS.get(name, platform.default_clk), 0]
    assert sites[board.clock_port.name] == crystal.ios[0].names[0]
    assert board.crystal_hz == crystal.clock.frequency
    part = {"ice40": f"iCE40{board.chip.device.upper()}", "ecp5": f"LFE5U-{board.chip.device[:2]}F", "gowin": ""}
    assert part[board.chip.family] in getattr(platform, "device", "")
    assert board.chip.family != "gowin" or board.chip.package == platform.part
    if ("uart", 0) in platform.resources and name != "tangnano9k-header":
        uart = {io.name: io.ios[0].names[0] for io in platform.resources["uart", 0].ios}
        assert (sites["rx"], sites["tx"]) == (uart["rx"], uart["tx"])
    ios = [io for resource in platform.resources.values() for io in resource.ios]
    ios += [part for io in ios for part in getattr(io, "ios", ())]
    known = {platform._conn_pins.get(pin, pin) for io in ios for pin in getattr(io, "names", ())}
    known |= set(platform._conn_pins.values())
    assert set(sites.values()) - known == UNKNOWN.get(name, set())
    if not name.startswith("tangnano9k"):  # which has no connectors there
        assert {placed(board, spi=True)[port] for port in SPI_PORTS} <= set(platform._conn_pins.values())


@pytest.mark.parametrize("spi", [False, True], ids=["uart", "spi"])
def test_a_design_that_reads_the_flash_has_its_pins(spi):
    board = boards.get("icebreaker")
    model = random_model(size=4, block=2, outputs=2, hidden=((3, 3, 4, 4),))
    files = emit_design(model, parse_architecture("parallel,codes=spram"), board, None, 1, link=Link.SPI if spi else Link.UART)
    assert files[FAMILIES["ice40"].pins_file].decode() == board.constraints(spi, flash=True)
    with_flash = placed(board, spi, flash=True)
    flash = {name: site for name, site in with_flash.items() if name not in placed(board, spi)}
    resource = {io.name: io.ios[0].names[0] for io in ICEBreakerPlatform().resources["spi_flash_1x", 0].ios}
    assert flash == {"flash_cs_n": resource["cs"], "flash_sck": resource["clk"], "flash_mosi": resource["copi"],
                     "flash_miso": resource["cipo"]}
    text = files[DESIGN_FILE].decode()
    assert all(re.search(rf"^  {'input' if name == 'flash_miso' else 'output'} {name};$", text, re.MULTILINE) for name in flash)


def test_the_flash_holds_the_bitstream_and_the_codes_behind_it():
    flash = boards.get("icebreaker").flash
    image = flash.image(b"bits" * 9, b"codes")
    assert image[:36] == b"bits" * 9 and set(image[36:flash.offset]) == {0xFF} and image[flash.offset:] == b"codes"
    with pytest.raises(BoardError, match="^Bitstream must have at most 131072 bytes .*, not 131073; "):
        flash.image(bytes(flash.offset + 1), b"codes")


@each_board
def test_over_spi_all_five_pins_take_the_uarts_place(name):
    board = boards.get(name)
    uart, spi = placed(board), placed(board, spi=True)
    assert spi.keys() - uart.keys() == SPI_PORTS.keys()
    assert uart.keys() - spi.keys() == {"rx", "tx"}
    assert all(uart[port] == spi[port] for port in uart.keys() & spi.keys())


def fixed_board(*fixed):
    """The iCEstick with pins of fixed levels besides."""
    return replace(boards.get("icestick"), fixed=fixed)


def out(name, *sites, **more):
    return Port(name, sites, output=True, **more)


BUTTON = Port("button_n", ("44", "45"), output=False, inverted=True)


def test_constant_and_tied_pins_are_in_the_emitted_design():
    board = fixed_board(Constant(out("flash_cs_n", "117"), 1), Constant(out("mode", "115", "116"), 2),
                        Tied(out("copy", "112", "113"), BUTTON), Tied(out("echo", "114"), boards.get("icestick").uart[0]))
    top, seen = _Top(False), {}
    wrapper = board.wrapper(top, _Wire())

    async def process(context):
        for level in range(4):
            context.set(wrapper.button_n, level)
            context.set(wrapper.rx, level & 1)
            await context.delay(1e-6)
            seen[level] = [context.get(getattr(wrapper, name)) for name in ("flash_cs_n", "mode", "copy", "echo")]
            assert context.get(top.rx) == level & 1

    simulator = Simulator(wrapper)
    simulator.add_testbench(process)
    simulator.run()
    assert seen == {level: [1, 2, level, level & 1] for level in range(4)}
    assert all(line in board.constraints() for line in (
        "set_io flash_cs_n 117\n", "set_io mode[1] 116\n", "set_io copy[0] 112\n", "set_io button_n[1] 45\n",
        "set_io echo 114\n"))
    assert board.constraints().count(" rx ") == 1


@pytest.mark.parametrize("name", ["ulx3s-12f", "ulx3s-85f"])
def test_the_esp32_gets_the_ulx3s_only_while_its_button_is_held(name):
    board = boards.get(name)
    lines = board.constraints().splitlines()
    assert [line for line in lines if "wifi_gpio0" in line or "button_n" in line] == [
        'LOCATE COMP "wifi_gpio0" SITE "L2";', 'IOBUF PORT "wifi_gpio0" IO_TYPE=LVCMOS33 DRIVE=4 PULLMODE=UP;',
        'LOCATE COMP "button_n" SITE "D6";', 'IOBUF PORT "button_n" IO_TYPE=LVCMOS33 PULLMODE=UP;']
    wrapper = board.wrapper(_Top(False), _Wire())

    async def process(context):
        for level in (1, 0, 1):
            context.set(wrapper.button_n, level)
            assert context.get(wrapper.wifi_gpio0) == level

    simulator = Simulator(wrapper)
    simulator.add_testbench(process)
    simulator.run()


@pytest.mark.parametrize("make, words", [
    (lambda: Constant(BUTTON, 1), "button_n must be an output"), (lambda: Tied(BUTTON, BUTTON), "must be an output"),
    (lambda: Constant(out("a", "1"), 2), "integer between 0 and 1, a bit for each of its pins, not 2"),
    (lambda: Constant(out("a", "1"), -1), "not -1"), (lambda: Constant(out("a", "1"), "1"), "not '1'"),
    (lambda: Constant(out("a", "1"), True), "not True"),
    (lambda: Tied(out("a", "1"), out("b", "2")), "Port b must be an input where a is tied to it"),
    (lambda: Tied(out("a", "1"), BUTTON), "as many pins as button_n, which it is tied to, not 1 and 2"),
    (lambda: fixed_board(Constant(out("tx", "1"), 1)), "each name for one port, and uses tx for two"),
    (lambda: fixed_board(Constant(out("a", "8"), 1)), "each pin for one port, and uses 8 for two"),
    (lambda: fixed_board(Constant(out("sck", "1"), 1)), "uses sck for two")])
def test_a_fixed_pin_that_cannot_be_is_one_sentence(make, words):
    with pytest.raises(BoardError, match=words):
        make()


@each_board
def test_the_clock_is_exact_and_divides_for_one_and_three_megabaud(name):
    board = boards.get(name)
    pll = board.clock(board.default_clock_mhz)
    assert pll.hz == Fraction(board.default_clock_mhz) * 10**6
    assert divide_baud(pll.hz, 1_000_000) == round(board.default_clock_mhz)
    assert divide_baud(pll.hz, board.baud) and board.baud == 3_000_000


@pytest.mark.parametrize(("pll", "reference", "wanted", "exact"), [
    # the same as icepll, ecppll and gowin_pll make of them
    (Ice40Pll, 12e6, 60e6, 60e6), (Ice40Pll, 12e6, 101e6, 100.5e6), (Ecp5Pll, 25e6, 75e6, 75e6),
    (Ecp5Pll, 48e6, 100e6, 100.0e6), (GowinPll, 27e6, 108e6, 108e6), (GowinPll, 27e6, 50e6, Fraction(351_000_000, 7))])
def test_the_nearest_clock(pll, reference, wanted, exact):
    found = pll.nearest(int(reference), wanted)
    assert found.hz == exact
    low, high = {Ice40Pll: (533, 1066), Ecp5Pll: (400, 800), GowinPll: (400, 1200)}[pll]
    assert low * 10**6 <= found.oscillator_hz <= high * 10**6


@each_board
@pytest.mark.parametrize("mhz", [1, 700])
def test_a_clock_that_the_chip_cannot_make_is_refused(name, mhz):
    with pytest.raises(BoardError, match=rf"Clock must be between [\d.]+ and \d+ MHz on {name}, not {mhz} MHz"):
        boards.get(name).clock(mhz)


class _Wire:
    """Stands for a PLL."""

    def instance(self, pin, clock, locked):
        m = Module()
        m.d.comb += [clock.eq(pin), locked.eq(1)]
        return m


class _Top(wiring.Component):
    """Stands for the design: what the tests set and look at."""

    def __init__(self, spi):
        link = {"sck": In(1), "mosi": In(1), "cs_n": In(1), "miso": Out(1), "ready": Out(1)} if spi else \
            {"rx": In(1), "tx": Out(1)}
        super().__init__({"clk": In(1), "locked": In(1), "label": Out(3), "busy": Out(1), "failed": Out(1), **link})
        self.sources = {name: Signal(len(getattr(self, name)), name=f"set_{name}")
                        for name, member in self.signature.members.items() if member.flow is Out}

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [getattr(self, name).eq(source) for name, source in self.sources.items()]
        return m


@each_board
@pytest.mark.parametrize("spi", [False, True], ids=["uart", "spi"])
def test_the_wrapper_leads_each_signal_to_its_pin(name, spi):
    board, top = boards.get(name), _Top(spi)
    wrapper = board.wrapper(top, _Wire())
    level = {port.name: (lambda value, port=port: value ^ (1 << len(port.sites)) - 1 if port.inverted else value)
             for port in board.ports(spi)}

    async def process(context):
        for label, busy, failed in ((0, 0, 0), (5, 1, 0), (2, 0, 1)):
            for source, value in (("label", label), ("busy", busy), ("failed", failed)):
                context.set(top.sources[source], value)
            for port in board.spi if spi else board.uart:
                context.set(top.sources[port.name] if port.output else getattr(wrapper, port.name), busy)
            context.set(getattr(wrapper, board.clock_port.name), failed)
            for port in board.spi if spi else board.uart:
                assert context.get(getattr(wrapper if port.output else top, port.name)) == busy
            assert context.get(top.clk) == failed and context.get(top.locked) == 1
            for port, value in ((board.label, label), (board.busy, busy), (board.failed, failed)):
                if port is not None:
                    assert context.get(getattr(wrapper, port.name)) == level[port.name](value & (1 << len(port.sites)) - 1)
            await context.delay(1e-6)

    simulator = Simulator(wrapper)
    simulator.add_testbench(process)
    simulator.run()


def test_an_unknown_board_is_told_those_there_are(capsys, tmp_path):
    save_model(random_model(size=8, block=4, outputs=3), tmp_path / "m.npz")
    assert run_cli(main, ["--weights", str(tmp_path / "m.npz"), "--board", "arty", "--no-cache"]) == 1
    error = capsys.readouterr().err
    assert all(name in error for name in PLATFORMS) and "'arty'" in error and error.count("\n") == 1


@pytest.mark.parametrize(("text", "words"), [
    (None, "does not"), ("BOARD = 1", "has int"), ("", "has NoneType"), ("import nothing_of_this_name", "ModuleNotFoundError")])
def test_a_boards_file_that_is_none_is_one_sentence(text, words, tmp_path):
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BoardError, match=words):
        boards.get(str(path))


def test_the_verb_lists_them(capsys):
    assert run_cli(main, ["boards", "--json"]) == 0
    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert listed.keys() == PLATFORMS.keys()
    assert listed["tangnano9k"]["uart"] == {"rx": "18", "tx": "17"} and listed["ulx3s-85f"]["lc"] == 83640
    assert run_cli(main, ["boards"]) == 0
    table = capsys.readouterr().out
    assert all(name in table for name in PLATFORMS)
