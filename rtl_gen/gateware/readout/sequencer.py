# SPDX-License-Identifier: BSD-2-Clause
"""What happens when in a read-out: stage by stage, group by group, element by element, bit by bit."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.delay import late


def of_stage(stage, values):
    """That of ``values`` which is at the place ``stage``; beyond their end the last one.

    Multiplexers, not an array: that is a process in Verilog, which Icarus does not run before its input changes once.
    """
    *others, found = values
    for place, value in reversed(list(enumerate(others))):
        found = Mux(stage == place, value, found)
    return found


class Sequencer(wiring.Component):
    """Goes through the stages once for each ``filled``, in the clocks of :attr:`ReadoutPlan.stage_cycles`.

    Parameters
    ----------
    plan : ReadoutPlan

    Members
    -------
    filled : In(1)
        The vector is complete; the first group begins in the next clock.
    phase : In(1)
        Of that vector; as long as its biases are added.
    begin : Out(1)
        A group begins in the next clock.
    step : Out(1)
        A bit of the code stream is taken.
    add : Out(1)
        With ``step``: it counts, unless it belongs to the bias of another phase.
    top : Out(1)
        With ``step``: the top bit of an element's code.
    bias : Out(1)
        With ``step``: the element is a bias.
    stage : Out(range(stages))
        From ``begin`` to the end of the group.
    lane : Out(lanes)
        A bit for each lane: high for the one whose sum is to go out.
    activates : Out(1)
        It is to become an activation.
    offers : Out(1)
        It is to be offered, ``plan.choice`` clocks later.
    last : Out(1)
        It is the last output of the last stage.
    taken : In(1)
        What was offered was taken, in the clock before.
    done : Out(1)
        So the read-out is finished; the next vector may be ``filled`` from the next clock on.
    """

    def __init__(self, plan):
        self.plan = plan
        super().__init__({
            "filled": In(1), "phase": In(1), "begin": Out(1), "step": Out(1), "add": Out(1), "top": Out(1),
            "bias": Out(1), "stage": Out(range(len(plan.stages))), "lane": Out(plan.lanes, init=1), "activates": Out(1),
            "offers": Out(1), "last": Out(1), "taken": In(1), "done": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        plan, stages = self.plan, self.plan.stages
        bit, bit_end = _countdown(max(stage.bias_bits for stage in stages), max(stage.code_bits for stage in stages))
        element, element_end = _countdown(*(stage.elements for stage in stages))
        group, group_end = _countdown(*(stage.groups for stage in stages), init=stages[0].groups)
        m.d.comb += [
            self.top.eq(self.step & bit_end), self.add.eq(self.step),
            self.last.eq(group_end & self.lane[(stages[-1].outputs - 1) % plan.last_lanes]),
        ]

        # A group is a chain of pulses: it begins, its last bit ends the additions, they have settled, its last sum has left.
        ended, left = self.top & element_end, Signal()
        settled = late(m, ended, plan.code_latency)
        m.d.comb += [self.done.eq(self.taken & self.last), self.offers.eq(settled | (self.taken & ~left))]
        m.d.comb += left.eq(self.taken & (self.lane[plan.last_lanes - 1] | self.last))
        m.d.sync += [self.begin.eq(self.filled | (left & ~self.done)), self.step.eq(self.begin | (self.step & ~ended))]
        with m.If(self.taken):
            m.d.sync += self.lane.eq(self.lane.rotate_left(1))
        if plan.hidden:
            hidden = self.stage != plan.hidden
            with m.If(hidden):
                m.d.comb += [self.offers.eq(0), left.eq(self.activates & self.lane[-1])]
            m.d.sync += self.activates.eq((settled & hidden) | (self.activates & ~left))
            with m.If(self.activates):
                m.d.sync += self.lane.eq(self.lane.rotate_left(1))
        with m.If(left):
            m.d.sync += [self.lane.eq(1), group.eq(_less_one(group))]
            with m.If(group_end):
                m.d.sync += group.eq(of_stage(self.stage, [stage.groups - 2 for stage in (*stages[1:], stages[0])]))
                if plan.hidden:
                    m.d.sync += self.stage.eq(Mux(hidden, self.stage + 1, 0))

        # Biases first, one for each phase in the first stage, then the inputs.
        with m.If(self.begin):
            m.d.sync += [self.bias.eq(1), bit.eq(of_stage(self.stage, [stage.bias_bits - 2 for stage in stages])),
                         element.eq(of_stage(self.stage, [stage.elements - 2 for stage in stages]))]
        with m.Elif(self.top):
            m.d.sync += [self.bias.eq(0), bit.eq(of_stage(self.stage, [stage.code_bits - 2 for stage in stages])),
                         element.eq(_less_one(element))]
        with m.Elif(self.step):
            m.d.sync += bit.eq(_less_one(bit))
        if plan.phases > 1:
            self._choose_bias(m, bit)
        return m

    def _choose_bias(self, m, bit):
        """The biases of both phases go by, and one of them is added."""
        other = Signal(reset_less=True)  # the element is the bias of phase 1, or comes after it
        both = self.bias & (self.stage == 0)
        with m.If(self.begin):
            m.d.sync += other.eq(0)
        with m.Elif(self.top & both & ~other):
            m.d.sync += [other.eq(1), self.bias.eq(1), bit.eq(self.plan.stages[0].bias_bits - 2)]
        with m.If(both & (other != self.phase)):
            m.d.comb += self.add.eq(0)


def _countdown(*counts, init=None):
    """(a counter that is loaded with ``count - 2`` and counts down, its sign: whether this is the last of ``count``).

    ``init`` is the count after reset, where that matters.
    """
    width = (max(counts) - 2).bit_length() + 1
    counter = Signal(width, init=0 if init is None else (init - 2) % (1 << width), reset_less=init is None)
    return counter, counter[-1]


def _less_one(counter):
    """``counter - 1`` without a carry chain: iCE40's would break wherever two bits are loaded in different ways."""
    return Cat(bit ^ ~counter[:place].any() for place, bit in enumerate(counter))
