# SPDX-License-Identifier: BSD-2-Clause
"""The errors that users meet. Each carries one sentence that says what is wrong and what would be right.

::

    HadamError                  exit code 1
    +-- UsageError              a command line that the program does not understand
    +-- ModelError              the contents of a model are not a model
    |   +-- ModelFileError      a file does not hold a model
    +-- DataError               a data set is missing or damaged
    +-- OutputError             results cannot go where they are wanted
    +-- ArchitectureError       an architecture that does not exist or cannot render the model
    +-- BoardError              a board or a clock that does not exist
    +-- LinkError               what came over the link is not an answer
    +-- DoesNotFitError         exit code 2
    +-- MissesTimingError       exit code 2
    +-- ToolMissingError        exit code 3
    +-- ToolFailedError         exit code 3
"""


class HadamError(Exception):
    """Base of all errors that are not a defect of this package."""

    exit_code = 1


class UsageError(HadamError):
    """The command line is not one that the program understands."""


class ModelError(HadamError):
    """The contents of a model contradict its contract."""


class ModelFileError(ModelError):
    """A file does not hold a model that can be used."""


class DataError(HadamError):
    """A data set is missing or damaged."""


class OutputError(HadamError):
    """Results cannot be written where they are wanted."""


class ArchitectureError(HadamError):
    """An architecture does not exist, or cannot render the model."""


class BoardError(HadamError):
    """A board does not exist, or cannot do what is asked of it."""


class LinkError(HadamError):
    """What came over a link is not the answer that was asked for."""


class DiffersError(HadamError):
    """A core that is simulated, or a device, computes other integers than the golden model."""


class DoesNotFitError(HadamError):
    """A design needs more than its chip has."""

    exit_code = 2


class MissesTimingError(HadamError):
    """A design is slower than its clock."""

    exit_code = 2


class ToolMissingError(HadamError):
    """A tool that is needed is not installed."""

    exit_code = 3


class ToolFailedError(HadamError):
    """A tool stopped with an error of its own."""

    exit_code = 3
