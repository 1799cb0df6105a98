# SPDX-License-Identifier: BSD-2-Clause
"""How many threads linear algebra takes."""

from functools import wraps

from threadpoolctl import threadpool_limits


def one_thread(function):
    """``function``, in which NumPy's linear algebra takes one thread.

    One thread finds the eigenvalues of a few hundred numbers in hundredths of a second. Two wait for each other: on a busy
    machine OpenBLAS took a hundred times longer with them. Last bits depend on how many there are, too.
    """
    @wraps(function)
    def limited(*arguments, **named):
        with threadpool_limits(1, user_api="blas"):
            return function(*arguments, **named)

    return limited
