# SPDX-License-Identifier: BSD-2-Clause
"""Ports of a design and the pins that they are at: taken from amaranth-boards, written as constraints for each family."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Port:
    """A port of the design at pins of the chip.

    Parameters
    ----------
    name : str
    sites : tuple of str
        The package's pins, bit 0 first.
    output : bool
    inverted : bool
        Low at the pin is 1. Then the port's name ends in ``_n``.
    attributes : tuple of (str, str)
        What else the constraints say of the pins.
    """

    name: str
    sites: tuple[str, ...]
    output: bool
    inverted: bool = False
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def bits(self):
        """(name of the bit in the Verilog, its site)."""
        if len(self.sites) == 1:
            return [(self.name, self.sites[0])]
        return [(f"{self.name}[{bit}]", site) for bit, site in enumerate(self.sites)]


def resource_port(platform, name, *resources, output=None):
    """The port ``name`` at resources of an amaranth-boards platform, a pin each.

    Parameters
    ----------
    platform : amaranth.build.Platform
    name : str
    resources : sequence of tuple
        ``("led", 0)``, or ``("uart", 0, "rx")`` for a part of one.
    output : bool, optional
        Default: as the resource has it.
    """
    found = [_pins(platform, *resource) for resource in resources]
    (first, attributes), *_ = found
    inverted = first.invert
    sites = tuple(site for pins, _ in found for site in pins.map_names(platform._conn_pins, resources))
    return Port(f"{name}_n" if inverted else name, sites, first.dir == "o" if output is None else output, inverted, attributes)


def _pins(platform, name, number, part=None):
    resource = platform.resources[name, number]
    attributes = dict(resource.attrs)
    pins = resource.ios[0]
    if part is not None:
        inner = next(io for io in resource.ios if io.name == part)
        attributes |= inner.attrs
        pins = inner.ios[0]
    return pins, tuple((key, str(value)) for key, value in attributes.items())


def connector_port(platform, name, connector, pin, *, output, attributes=()):
    """The port ``name`` at a pin of a connector of an amaranth-boards platform, such as ``("pmod", 0), "1"``."""
    kind, number = connector
    return Port(name, (platform._conn_pins[f"{kind}_{number}:{pin}"],), output, attributes=attributes)


def uart_ports(platform):
    """The ports ``rx`` and ``tx`` at the platform's UART."""
    return tuple(resource_port(platform, name, ("uart", 0, name)) for name in ("rx", "tx"))


def pdm_ports(platform, connector, *, clock, data):
    """The ports ``pdm_clock`` and ``pdm_data`` at pins of a connector, given by name."""
    return (connector_port(platform, "pdm_clock", connector, clock, output=True),
            connector_port(platform, "pdm_data", connector, data, output=False))


def seven_ports(platform, connector, *, segments, digit, inverted):
    """The ports of two digits of seven segments at pins of a connector, given by name: a to g, and which digit is meant."""
    kind, number = connector
    sites = tuple(platform._conn_pins[f"{kind}_{number}:{pin}"] for pin in segments)
    return (Port("segments_n" if inverted else "segments", sites, True, inverted),
            connector_port(platform, "digit", connector, digit, output=True))


#: The ports of an SPI target, and whether they are outputs. ``ready`` tells the host when it may go on.
SPI_PORTS = {"sck": False, "mosi": False, "cs_n": False, "miso": True, "ready": True}


def spi_ports(platform, connector, *, attributes=(), **pins):
    """The ports of :data:`SPI_PORTS` at pins of a connector, given by name."""
    return tuple(connector_port(platform, name, connector, pins[name], output=output, attributes=attributes)
                 for name, output in SPI_PORTS.items())


def spi_ports_at(*, attributes=(), **sites):
    """The ports of :data:`SPI_PORTS` at sites of the package, for boards of which amaranth-boards knows no connector."""
    return tuple(Port(name, (sites[name],), output, attributes=attributes) for name, output in SPI_PORTS.items())


def constraints(family, ports):
    """The constraints of ``ports`` as the tools of a family read them."""
    return "".join(f"{line}\n" for port in ports for bit in port.bits for line in _FORMATS[family](port, *bit))


def _pcf(port, name, site):
    pull = "-pullup yes " if not port.output and ("PULLUP", "1") in port.attributes else ""
    return [f"set_io {pull}{name} {site}"]


def _lpf(port, name, site):
    attributes = "".join(f" {key}={value}" for key, value in port.attributes)
    return [f'LOCATE COMP "{name}" SITE "{site}";', *([f'IOBUF PORT "{name}"{attributes};'] if attributes else [])]


def _cst(port, name, site):
    attributes = "".join(f" {key}={value}" for key, value in port.attributes)
    return [f'IO_LOC "{name}" {site};', *([f'IO_PORT "{name}"{attributes};'] if attributes else [])]


_FORMATS = {"ice40": _pcf, "ecp5": _lpf, "gowin": _cst}
