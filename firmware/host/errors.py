# SPDX-License-Identifier: BSD-2-Clause
"""What can go wrong on the link. All are :class:`~hadam_hw.errors.LinkError`: the user's exit code 1."""

from hadam_hw.errors import LinkError
from rtl_gen.link.frames import ErrorCode


class NoReplyError(LinkError):
    """Nothing that is a frame came back in time."""


class WrongReplyError(LinkError):
    """A good frame came back whose contents are not what was asked for."""


class WrongModelError(LinkError):
    """The device computes another model."""


class SequenceLostError(LinkError):
    """The device does not work on this sequence any more; its steps so far are lost, and none was taken twice."""


class DeviceError(LinkError):
    """The device says that it could not use the frame; :attr:`code` says why.

    Parameters
    ----------
    code : ErrorCode or int
        An ``int`` where this version does not know it.
    """

    def __init__(self, code):
        self.code = ErrorCode(code) if code in set(ErrorCode) else code
        name = self.code.name.lower().replace("_", " ") if isinstance(self.code, ErrorCode) else f"code {code}"
        if self.code == ErrorCode.UNSUPPORTED:
            text = "Device must have the full link for this request, not the lean one; build its bitstream with --profile full"
        elif self.code == ErrorCode.NOT_READY:
            text = "Device must have loaded its codes from the flash before it takes vectors, and still loads them; try again"
        elif self.code == ErrorCode.WRONG_CODES:
            text = ("Device must find the codes of its own build in the flash, and what lies there is something else; program "
                    "the board again with the whole file, python -m rtl_gen program")
        else:
            text = f"Device could not use the frame: {name}; check cable and baud rate, and try again"
        super().__init__(text)
