# SPDX-License-Identifier: BSD-2-Clause
"""``--arch auto``: the architecture that is estimated to be the fastest is built; if place & route refutes it, the next."""

import json
from dataclasses import replace
from pathlib import Path

import boards
from hadam_hw.cache import Cache, cache_folder, digest_sources
from hadam_hw.errors import DoesNotFitError, MissesTimingError
from rtl_gen.build import Options, build, libraries
from rtl_gen.link.kind import Profile
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.tools.toolchain import Kind

_PROJECT = Path(__file__).resolve().parent.parent
_FILE = "choice.json"
#: Architectures that are really built before giving up.
MOST_BUILT = 4


def build_auto(model, board_name, kind, cache, *, options, on_stage=lambda text: None):
    """As :func:`rtl_gen.build.build`, for the architecture that :mod:`rtl_gen.estimate.choose` chooses; the report says why.

    Raises
    ------
    DoesNotFitError
        If nothing is estimated to fit, with the nearest that would; or if all that were tried turned out not to.
    """
    choice = choose(model, board_name, options.clock_mhz, cache, on_stage, options.profile, small=options.sensor is not None)
    if choice["refusal"]:
        raise DoesNotFitError(choice["refusal"])
    refuted = []
    for arch, mhz, reason in choice["ranked"][:MOST_BUILT]:
        on_stage(f"chosen {reason}")
        try:
            result = build(model, parse_architecture(arch), board_name, kind, cache,
                           options=replace(options, clock_mhz=options.clock_mhz or mhz), on_stage=on_stage)
        except (DoesNotFitError, MissesTimingError) as error:
            refuted.append(f"{arch} was built first, but: {error}")
            on_stage(f"{arch} was estimated to fit, but: {error}")
            continue
        return result.with_choice("; ".join([*refuted, reason]))
    raise DoesNotFitError(f"Model must fit {board_name} in some architecture, but none of the {len(refuted)} most promising by "
                          f"estimate did; the last: {refuted[-1]}")


def compile_model(model, board="icebreaker", *, arch=None, clock_mhz=None, seeds=1, cached=True, on_stage=lambda text: None):
    """From a model to a bitstream in one call: :func:`rtl_gen.compile`.

    Parameters
    ----------
    model : Model
    board : str
        Or the path of a file with another board.
    arch : str, optional
        Such as ``"serial"`` or ``"folded:8"``; by default the fastest that fits.
    clock_mhz : float, optional
    seeds : int
        Of place and route.
    cached : bool
        Whether builds are remembered, and remembered ones taken.
    on_stage : callable
        Called with a line of text when a stage begins.

    Returns
    -------
    BuildResult
        With ``report``, ``files`` and ``bitstream``.

    Raises
    ------
    BoardError, ArchitectureError, DoesNotFitError, MissesTimingError, ToolMissingError, ToolFailedError
    """
    boards.require(board)
    cache, options = Cache(cache_folder() / "builds" if cached else None), Options(clock_mhz, seeds)
    if arch is None:
        return build_auto(model, board, Kind.YOWASP, cache, options=options, on_stage=on_stage)
    return build(model, parse_architecture(arch), board, Kind.YOWASP, cache, options=options, on_stage=on_stage)


def choose(model, board_name, clock_mhz, cache, on_stage=lambda text: None, profile=None, small=False):
    """``{"ranked": [[architecture, MHz or None, why], ...], "refusal": text or None}``, remembered while nothing changes.

    The fastest is the first, or with ``small`` the one of the fewest cells: any is faster than a microphone's frames.
    """
    board = boards.get(board_name)
    if profile is not None:
        board = replace(board, lean_link=profile is Profile.LEAN)

    def make():
        on_stage("estimates of all architectures")
        # The generator takes a moment to load, in vain where everything is cached.
        from rtl_gen.estimate.choose import refuse, survey, why

        candidates = survey(model, board, clock_mhz)
        if small:
            candidates.sort(key=lambda one: one.estimate.lc)
        # No clock where the board's will do: then the build may still lower it, which beats another architecture.
        ranked = [[one.estimate.architecture,
                   None if one.estimate.clock_mhz == board.default_clock_mhz else one.estimate.clock_mhz,
                   f"{one.estimate.architecture}: the smallest of {len(candidates)} architectures, by estimate" if small
                   else why(candidates, one)] for one in candidates if one.fits]
        refusal = None if ranked else str(refuse(model, board, map(boards.get, boards.names()), candidates, clock_mhz))
        return {_FILE: json.dumps({"ranked": ranked, "refusal": refusal}).encode()}

    files, _ = cache.stage("choice", {
        "model": model.digest, "board": board.fingerprint(clock_mhz), "clock_mhz": clock_mhz, "libraries": libraries(),
        "small": small,
        "sources": digest_sources([_PROJECT / name for name in ("hadam_hw", "rtl_gen", "boards")])}, make)
    return json.loads(files[_FILE])
