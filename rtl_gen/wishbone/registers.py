# SPDX-License-Identifier: BSD-2-Clause
"""The registers of a core on a bus of 32 bits: the one definition, for gateware, for C and for docs/wishbone.md."""

from dataclasses import dataclass
from enum import Enum

from hadam_hw.errors import ArchitectureError
from hadam_hw.readout import Pooling

WORD_BITS, WORD_BYTES = 32, 4
#: "HAD" and the version of this map.
MAGIC = 0x48414401


class Access(Enum):
    """What the bus may do with a register. A read of one that is only written gives 0, a write of one that is read is lost."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True)
class Field:
    """Bits of a register.

    Parameters
    ----------
    name : str
    offset, bits : int
    about : str
    """

    name: str
    offset: int
    bits: int
    about: str


@dataclass(frozen=True)
class Register:
    """A word of the map.

    Parameters
    ----------
    name : str
    index : int
        Its address in words.
    access : Access
    about : str
    fields : tuple of Field
        None for a register that is one number.

    Raises
    ------
    ArchitectureError
        If fields overlap, or do not fit the word.
    """

    name: str
    index: int
    access: Access
    about: str
    fields: tuple[Field, ...] = ()

    def __post_init__(self):
        end = 0
        for field in self.fields:
            if field.offset < end or field.offset + field.bits > WORD_BITS:
                raise ArchitectureError(f"Fields of {self.name} must follow one another within {WORD_BITS} bits, and "
                                        f"{field.name} does not")
            end = field.offset + field.bits

    @property
    def address(self):
        """In bytes."""
        return WORD_BYTES * self.index

    def field(self, name):
        """The :class:`Field` of this name."""
        return next(field for field in self.fields if field.name == name)

    def pack(self, **values):
        """The word with these values in its fields, and 0 in the others."""
        word = 0
        for name, value in values.items():
            field = self.field(name)
            if not 0 <= value < 1 << field.bits:
                raise ArchitectureError(f"Field {name} of {self.name} must fit {field.bits} bits, not be {value}")
            word |= value << field.offset
        return word


ID = Register("ID", 0, Access.READ, f"`0x{MAGIC:08x}`: \"HAD\", and the version of this map in the lowest byte.")
DIGEST_HIGH = Register("DIGEST_HIGH", 1, Access.READ, "The first four bytes of the model's digest, the first one highest.")
DIGEST_LOW = Register("DIGEST_LOW", 2, Access.READ, "The next four.")
SHAPE = Register("SHAPE", 3, Access.READ, "The model.", (
    Field("inputs", 0, 16, "Elements of a vector."),
    Field("outputs", 16, 16, "Outputs of a read-out.")))
FORMAT = Register("FORMAT", 4, Access.READ, "Its numbers.", (
    Field("input_bits", 0, 8, "Of an element."),
    Field("input_signed", 8, 1, "An element is signed."),
    Field("every_step", 9, 1, "There is a read-out after each vector, and not only after a sequence's last."),
    Field("vector_words", 16, 16, "Writes of `VECTOR` for a vector.")))
CONTROL = Register("CONTROL", 5, Access.WRITE, "What is 0 changes nothing.", (
    Field("first", 0, 1, "The next vector begins a sequence, and what is written of one is forgotten. So it is after a reset "
                         "and behind `last`, without being said."),
    Field("last", 1, 1, "The next vector ends its sequence. Write it before the vector's last word."),
    Field("clear", 2, 1, "Clears `lost` and `empty`."),
    Field("reset", 3, 1, "Resets the core: sequence, outputs and `SATURATED` are gone, `lost` and `empty` too.")))
STATUS = Register("STATUS", 6, Access.READ, "What the host waits for.", (
    Field("ready", 0, 1, "`VECTOR` takes words: no vector waits for the core."),
    Field("output", 1, 1, "`OUTPUT` has a number."),
    Field("last", 2, 1, "It is the last of its read-out."),
    Field("lost", 3, 1, "A word of `VECTOR` came while a vector waited, or a write was not of a whole word: it was lost."),
    Field("empty", 4, 1, "`OUTPUT` was read while it had no number.")))
SATURATED = Register("SATURATED", 7, Access.READ, "Steps in which a unit saturated, since the last reset.")
VECTOR = Register(
    "VECTOR", 8, Access.WRITE, "A vector, a word after the other, element 0 lowest in the first. An element takes one byte, or "
    "two if it is wider than 8 bits. The last word starts the step.")
OUTPUT = Register(
    "OUTPUT", 9, Access.READ, "The next number of a read-out, output 0 first, its lowest 32 bits; reading takes it.")
OUTPUT_HIGH = Register("OUTPUT_HIGH", 10, Access.READ, "The upper 32 bits of the number that was read last, signed.")

REGISTERS = (ID, DIGEST_HIGH, DIGEST_LOW, SHAPE, FORMAT, CONTROL, STATUS, SATURATED, VECTOR, OUTPUT, OUTPUT_HIGH)
#: Of an address in words; what is beyond the registers reads as 0.
ADDRESS_BITS = 4


def element_bytes(model):
    """Bytes of an element in ``VECTOR``."""
    return -(-model.input.width // 8)


def vector_words(model):
    """Writes of ``VECTOR`` for a vector."""
    return -(-model.inputs * element_bytes(model) // WORD_BYTES)


def identity_words(model):
    """What the registers that identify the core hold, by register."""
    return {
        ID: MAGIC, DIGEST_HIGH: int(model.digest[:8], 16), DIGEST_LOW: int(model.digest[8:16], 16),
        SHAPE: SHAPE.pack(inputs=model.inputs, outputs=model.outputs),
        FORMAT: FORMAT.pack(input_bits=model.input.width, input_signed=int(model.input.signed),
                            every_step=int(model.pooling is Pooling.EVERY), vector_words=vector_words(model))}


def encode_vector(vector, model):
    """The words of an integer ``vector`` [inputs], in the order in which ``VECTOR`` takes them."""
    size = element_bytes(model)
    data = b"".join((int(x) & (1 << 8 * size) - 1).to_bytes(size, "little") for x in vector)
    data += bytes(-len(data) % WORD_BYTES)
    return [int.from_bytes(data[k:k + WORD_BYTES], "little") for k in range(0, len(data), WORD_BYTES)]
