# SPDX-License-Identifier: BSD-2-Clause
"""How far a training is."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def progress_on(console):
    """Bars on ``console``: what, how far, of how many, how long still."""
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)
