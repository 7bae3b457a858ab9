"""Erase: a photograph and a selection in, a clean plate out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, cast

import numpy as np

from cleanplate.detect.instance import Instance
from cleanplate.errors import ArgumentError, SelectionError
from cleanplate.inpaint.engine import Engine, EngineOptions, create_engine
from cleanplate.mask.growth import grow as grow_mask
from cleanplate.mask.islands import close_islands as close_mask_islands
from cleanplate.runtime.cpu_limits import usable_cores
from cleanplate.tasks.engine_choice import automatic_engine
from cleanplate.tasks.fill import Progress, WindowReport, fill
from cleanplate.tasks.people import Decision, People, choose_people
from cleanplate.types import Image, Mask, check_image, check_mask

SEAM_SHARE = 0.5
"""Share of the grown rim over which the fill is blended with what was there."""

_WORTH_SAYING = 0.001
"""Closed islands of a smaller share of the selection are specks that nobody left on purpose."""


@dataclass(frozen=True)
class EraseResult:
    """A clean plate and how it was made.

    Attributes:
        image: H x W x 3, dtype of the input; equal to it outside ``mask`` bit for bit.
        mask: H x W bool, every pixel that may differ: the selection, its closed islands and the grown rim.
        engine: engine that completed the windows.
        device: device it really ran on.
        seed: seed it was given.
        timings: seconds by step (wall time); ``total`` is the whole call, the steps inside windows are sums over them.
        windows: one report a window, largest first.
        notes: remarks for the user, such as islands that were closed.
        people: what was decided about each person and thing that the network found; empty if none was asked for.
    """

    image: Image
    mask: Mask
    engine: str
    device: str
    seed: int
    timings: dict[str, float] = field(default_factory=dict)
    windows: list[WindowReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    people: list[Decision] = field(default_factory=list)


def erase(
    image: Image,
    mask: Mask | None = None,
    *,
    people: Literal["all", "passersby"] | People | None = None,
    keep: int | None = None,
    instances: Sequence[int | Instance] = (),
    clicks: Sequence[tuple[float, float]] = (),
    labels: Sequence[str] = (),
    people_weights: str | Path | None = None,
    engine: str | Engine = "auto",
    avoid: Mask | None = None,
    protect: Mask | None = None,
    grow: int | None = None,
    close_islands: bool = True,
    seed: int = 0,
    device: str = "auto",
    weights: str | Path | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> EraseResult:
    """Remove what is selected and continue its surroundings.

    Args:
        image: H x W x 3 RGB, uint8 or uint16, upright; not changed.
        mask: H x W bool, True = erase; None if people say what. Everything that is named is erased together.
        people: ``all``, ``passersby`` (all but the main subjects), or a full description.
        keep: erase all people but so many, the most important ones.
        instances: what :func:`cleanplate.segment` found, or ids of it.
        clicks: x, y in pixels; erase what the network finds there.
        labels: erase everything of these kinds, such as ``dog``, as far as the network knows them.
        people_weights: network for people, a file or a name; None for the one that ships.
        engine: ``auto``, a name from :data:`cleanplate.inpaint.engine.ENGINES`, or an engine.
        avoid: H x W bool, areas that are never copied from; people who are not erased are avoided in any case.
        protect: H x W bool, never changed, also where the grown selection reaches it.
        grow: pixels by which the selection is grown before anything else; None chooses by the size of its parts
            (selections seldom reach the blurred edge of what they select).
        close_islands: fill small unselected islands and slits inside the selection.
        seed: chooses among equally good fills.
        device: for engines that run networks; see ``cleanplate doctor``.
        weights: file for engines that take the user's own, or a name from ``cleanplate models``.
        threads: windows filled at a time, and cores for a network; None for all usable cores.
        progress: called with windows done and their total.

    Returns:
        The result; with nothing selected, the unchanged picture and a note.

    Raises:
        ArrayError: ``image`` or a mask breaks its contract.
        SelectionError: nothing says what to erase, a click or id meets nobody, everything is selected, or nothing is
            left to copy from.
        EngineError: the engine is unknown, not installed or failed.
    """
    started = time.perf_counter()
    image = cast("Image", np.ascontiguousarray(check_image(image)))
    wanted = _wanted(people, keep, instances, clicks, labels, people_weights)
    given = [each for each in instances if isinstance(each, Instance)]
    if mask is None and (not wanted.is_empty or given):
        mask = np.zeros(image.shape[:2], np.bool_)
    mask = np.ascontiguousarray(check_mask(mask, like=image))
    avoid = None if avoid is None else np.ascontiguousarray(check_mask(avoid, like=image, name="avoid"))
    protect = None if protect is None else check_mask(protect, like=image, name="protect")
    who = choose_people(image, wanted, given=given, device=device, threads=threads)
    if who is not None:
        mask, avoid, protect = who.added_to(mask, avoid, protect)
    found = time.perf_counter()
    chosen = _engine(engine, device, weights, threads)
    if not mask.any():
        notes = ["nothing is selected", *(who.notes if who else [])]
        result = EraseResult(image.copy(), mask.copy(), chosen.name, chosen.device, seed, notes=notes)
        return result if who is None else replace(result, people=who.decisions)
    hole, rim, notes = _hole(mask, grow, close_islands, protect)
    _check_known(hole, avoid)
    prepared = time.perf_counter()
    filled, reports = fill(
        image,
        hole,
        chosen,
        avoid=avoid,
        seed=seed,
        seam=SEAM_SHARE * rim,
        threads=threads or usable_cores(),
        progress=progress,
    )
    timings = {"people": found - started, "mask": prepared - found, **_sums(reports)}
    timings["total"] = time.perf_counter() - started
    notes = [*chosen.notes, *(who.notes if who else []), *notes]
    people_said = who.decisions if who else []
    return EraseResult(filled, hole, chosen.name, chosen.device, seed, timings, reports, notes, people_said)


def _wanted(
    people: Literal["all", "passersby"] | People | None,
    keep: int | None,
    instances: Sequence[int | Instance],
    clicks: Sequence[tuple[float, float]],
    labels: Sequence[str],
    weights: str | Path | None,
) -> People:
    """The people that the arguments name."""
    if people not in (None, "all", "passersby") and not isinstance(people, People):
        raise ArgumentError(f"is {people!r}", subject="people", fix="choose all or passersby")
    described = (
        people if isinstance(people, People) else People(everyone=people == "all", passersby=people == "passersby")
    )
    return replace(
        described,
        keep=described.keep if keep is None else keep,
        instances=(*described.instances, *(each for each in instances if not isinstance(each, Instance))),
        clicks=(*described.clicks, *(f"{x},{y}" for x, y in clicks)),
        labels=(*described.labels, *labels),
        weights=described.weights if weights is None else Path(weights),
    )


def automatic_growth(mask: Mask) -> int:
    """Pixels by which a selection is grown when the caller does not say: 1 % of its extent, from 2 to 12."""
    rows, columns = mask.any(axis=1), mask.any(axis=0)
    extent = (int(np.count_nonzero(rows)) * int(np.count_nonzero(columns))) ** 0.5
    return int(np.clip(round(0.01 * extent), 2, 12))


def _engine(engine: str | Engine, device: str, weights: str | Path | None, threads: int | None) -> Engine:
    if not isinstance(engine, str):
        return engine
    options = EngineOptions(device=device, weights=None if weights is None else Path(weights), threads=threads)
    return create_engine(automatic_engine(options) if engine == "auto" else engine, options)


def _hole(mask: Mask, grow: int | None, close: bool, protect: Mask | None) -> tuple[Mask, int, list[str]]:
    """The pixels that may change, the width of the grown rim, and remarks."""
    notes = []
    hole = mask
    if close:
        closed = close_mask_islands(hole)
        hole = closed.mask
        if closed.area > _WORTH_SAYING * np.count_nonzero(mask):
            notes.append(f"closed {closed.count} unselected island(s) inside the selection ({closed.area} pixels)")
        if closed.left_open:
            notes.append(f"{closed.left_open} area(s) inside the selection stay unselected: too large to be leftovers")
    rim = automatic_growth(mask) if grow is None else grow
    hole = grow_mask(hole, rim)
    if protect is not None:
        np.greater(hole, protect, out=hole)
        if not hole.any():
            raise SelectionError("everything selected is protected", fix="protect less")
    if not hole.any():
        raise SelectionError(f"growing by {rim} pixels leaves nothing selected", fix="shrink the selection by less")
    return hole, max(0, rim), notes


def _check_known(hole: Mask, avoid: Mask | None) -> None:
    if hole.all():
        raise SelectionError(
            "everything is selected, so nothing is left to continue from", fix="select less, or use a smaller --grow"
        )
    if avoid is not None and (hole | avoid).all():
        raise SelectionError(
            "everything outside the selection is to be avoided, so nothing is left to copy from", fix="avoid less"
        )


def _sums(reports: list[WindowReport]) -> dict[str, float]:
    steps: dict[str, float] = {}
    for report in reports:
        for step, seconds in report.seconds.items():
            steps[step] = steps.get(step, 0.0) + seconds
    return steps
