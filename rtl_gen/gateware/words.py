# SPDX-License-Identifier: BSD-2-Clause
"""The shapes of the words that components pass to each other."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Shape, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import Out

#: A distance is worth a shift if, on the average, at least so many bits move by it.
FEWER_DISTANCES = 8


def input_shape(model):
    """The shape of one element of the input vector."""
    return Shape(model.input.width, model.input.signed)


def vector_layout(model):
    """The input vector of one step, element 0 in the lowest bits."""
    return data.ArrayLayout(input_shape(model), model.inputs)


def word_signature(width):
    """A word a clock where ``valid``; whoever listens must take it."""
    return wiring.Signature({"valid": Out(1), "data": Out(signed(width))})


def input_stream(model, contexts=1):
    """One vector a transfer; ``first`` begins a sequence from a zero state, ``last`` ends it.

    With several contexts a transfer with ``idle`` passes the turn of one that has no vector.
    """
    idle = {"idle": 1} if contexts > 1 else {}
    return stream.Signature(data.StructLayout({"data": vector_layout(model), "first": 1, "last": 1} | idle))


def output_stream(width, contexts=1):
    """One class's ``Y`` a transfer, class 0 first; ``last`` marks the last class of a read-out.

    With several contexts ``context`` tells whose it is.
    """
    context = {"context": range(contexts)} if contexts > 1 else {}
    return stream.Signature(data.StructLayout({"data": signed(width), "last": 1} | context))


def byte_of(value, index):
    """Byte ``index`` of ``value``, 0 beyond its end. ``word_select`` would multiply the index by 8, a product."""
    return value.bit_select(Cat(Const(0, 3), index), 8)


def gather(value, places):
    """Bit ``i`` is bit ``places[i]`` of ``value``: wires, written as few operations on all of them.

    Bits that move by the same distance move together, as a shift and a mask, which simulators execute a machine word at a
    time; single bits one after the other made them six times slower. Synthesis finds the same wires in both.
    """
    count = len(places)
    distances = {}
    for i, place in enumerate(places):
        distances[place - i] = distances.get(place - i, 0) | 1 << i
    if len(distances) * FEWER_DISTANCES > count:
        return Cat(value[place] for place in places)
    moved = [(value[distance:] if distance >= 0 else Cat(Const(0, -distance), value))[:count] & Const(mask, count)
             for distance, mask in distances.items()]
    return reduce(or_, moved)
