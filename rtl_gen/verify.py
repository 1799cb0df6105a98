# SPDX-License-Identifier: BSD-2-Clause
"""Builds several architectures of a model at once: on the cores of this machine, or on a dask cluster."""

import importlib.util
import multiprocessing
import signal
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed

from hadam_hw.cache import Cache
from hadam_hw.errors import DoesNotFitError, LinkError, MissesTimingError, ToolMissingError
from hadam_hw.processes import cores
from rtl_gen.build import Options, build
from rtl_gen.plan.arch import parse_architecture


def build_one(model, arch, board_name, clock_mhz, kind, cache_path):
    """What a build of ``arch`` came to: cells, block RAMs and clock, or why there is none; as data."""
    options = Options(clock_mhz=clock_mhz)
    try:
        report = build(model, parse_architecture(arch), board_name, kind, Cache(cache_path), options=options).report
    except (DoesNotFitError, MissesTimingError) as error:
        return {"error": str(error)}
    return {"lc": report["lc"], "ebr": report["ebr"], "fmax_mhz": max(report["fmax_mhz"]),
            "steps_per_second": report["steps_per_second"]}


def verify(model, wanted, board_name, kind, cache_path, scheduler=None, on_stage=lambda text: None, *,
           timeout="10s"):
    """:func:`build_one` of each of ``wanted``, in their order, several at a time.

    Parameters
    ----------
    wanted : list of (str, float or None)
        Architectures, each with its clock in MHz (None: the board's).
    scheduler : str, optional
        Address of a dask scheduler whose workers have this package; default: a process a core, here.

    Raises
    ------
    ToolMissingError
        If a scheduler is given and dask is not installed.
    LinkError
        If the scheduler does not answer.
    """
    work = [(model, arch, board_name, clock_mhz, kind, cache_path) for arch, clock_mhz in wanted]
    if scheduler:
        return _on_cluster(scheduler, work, on_stage, timeout)
    context = multiprocessing.get_context("spawn")  # nothing of this process' threads and locks comes along
    workers = max(1, min(len(work), cores()))
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_Worker.begin) as pool:
        futures = {pool.submit(_Worker.build, *one): one[1] for one in work}
        try:
            for future in as_completed(futures):
                on_stage(f"{futures[future]} is built")
        except BaseException:  # Ctrl-C: without this the pool would finish what it has begun, and begin what waits
            pool.shutdown(wait=False, cancel_futures=True)
            for child in multiprocessing.active_children():
                child.terminate()
            raise
        return [future.result() for future in futures]


class _Worker:
    """What a process of the pool does: it builds until it is told to end, and then ends its tools too."""

    ended = False

    @classmethod
    def begin(cls):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent tells us
        signal.signal(signal.SIGTERM, cls._end)

    @classmethod
    def _end(cls, number, frame):
        cls.ended = True
        sys.exit()  # an exception, so that tools that run are ended on its way

    @classmethod
    def build(cls, *one):
        return None if cls.ended else build_one(*one)


def _on_cluster(scheduler, work, on_stage, timeout):
    if importlib.util.find_spec("distributed") is None:
        raise ToolMissingError("Building on a cluster needs dask.distributed, which is not here; "
                               "install it: pip install 'hadam_hw[cluster]'")
    from distributed import Client, as_completed

    try:
        client = Client(scheduler, timeout=timeout, set_as_default=False)
    except (OSError, ValueError) as error:
        raise LinkError(f"Scheduler must answer at {scheduler!r}, which it does not ({error}); "
                        "start one with: dask scheduler") from None
    with client:
        futures = [client.submit(build_one, *one, pure=False) for one in work]
        for future in as_completed(futures, loop=client.loop):
            on_stage(f"a build has ended on {scheduler}: {future.status}")
        return client.gather(futures)
