# SPDX-License-Identifier: BSD-2-Clause
"""The input of a model: from measured numbers to the integers that its first layer takes (docs/numerics.md)."""

from hadam_hw.input.bank_front_end import BankFrontEnd
from hadam_hw.input.channel import COMPANDED_STEPS, STEPS, Channel, IntegerChannel, ReferenceChannel
from hadam_hw.input.front_end import FrontEnd, NoFrontEnd
from hadam_hw.input.input import Input
from hadam_hw.input.law import Encoding, Law
from hadam_hw.input.length import Crop, LengthRule, Padding
from hadam_hw.input.log_mel import LogMel
from hadam_hw.input.parse import parse_input
from hadam_hw.input.source import Source

__all__ = ["COMPANDED_STEPS", "STEPS", "BankFrontEnd", "Channel", "Crop", "Encoding", "FrontEnd", "Input", "IntegerChannel",
           "Law", "LengthRule", "LogMel", "NoFrontEnd", "Padding", "ReferenceChannel", "Source", "parse_input"]
