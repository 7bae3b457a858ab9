"""From folders to jobs: which pictures there are, their masks, their outputs, and what cannot work."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cleanplate.batch.job import Job, Outcome, failed
from cleanplate.batch.pairing import Partners
from cleanplate.batch.tree import find_pictures
from cleanplate.errors import ArgumentError, CleanplateError, MissingInputError, OutputError
from cleanplate.tasks.erase_options import EraseOptions, Targets
from cleanplate.tasks.outputs import natural_name, planned_outputs
from cleanplate.tasks.selection import Selection


@dataclass(frozen=True)
class Request:
    """What a user asks of a batch.

    Attributes:
        sources: pictures, and folders of them.
        output: folder that mirrors the sources; None to work in place.
        selection: what to erase; its mask files may be folders, paired by relative path without ending.
        options: how.
        recursive: look into sub-folders.
        sheets: folder for contact sheets; None for none.
        saved_masks: folder for the selections as PNG; None for none.
    """

    sources: tuple[Path, ...]
    output: Path | None
    selection: Selection
    options: EraseOptions
    recursive: bool = False
    sheets: Path | None = None
    saved_masks: Path | None = None


@dataclass
class Plan:
    """What a batch will do.

    Attributes:
        jobs: in the order of the sources.
        failures: pictures that cannot be worked on, known before any work is done.
        others: files passed over because they are no pictures.
    """

    jobs: list[Job] = field(default_factory=list)
    failures: list[Outcome] = field(default_factory=list)
    others: int = 0


def plan(request: Request) -> Plan:
    """Lay out a batch; nothing is read but folders, nothing is written.

    Raises:
        ArgumentError: the request as a whole makes no sense.
    """
    _check(request)
    made = Plan()
    masks, avoid = Partners(request.selection.masks), Partners(request.selection.avoid)
    seen = set()
    for relative, source in _sources(request, [*masks.folders, *avoid.folders], made):
        if _identity(source) in seen:
            continue
        seen.add(_identity(source))
        # Outputs in one folder have different relative paths; in place, several sources may share one.
        key = relative if request.output is not None or len(request.sources) == 1 else source
        job = Job(key.as_posix(), source, _targets(request, relative, source), request.selection)
        try:
            chosen = replace(request.selection, masks=masks.of(relative), avoid=avoid.of(relative, needed=False))
        except CleanplateError as error:
            made.failures.append(failed(job, str(error), error.exit_code))
        else:
            made.jobs.append(replace(job, selection=chosen))
    _refuse_collisions(made, request)
    return made


def _check(request: Request) -> None:
    for name, folder in (
        ("-o", request.output),
        ("--side-by-side", request.sheets),
        ("--save-mask", request.saved_masks),
    ):
        if folder is not None and folder.exists() and not folder.is_dir():
            raise ArgumentError("must be a folder when several pictures are worked on", subject=f"{name} {folder}")
    if request.output is None and not request.options.in_place:
        raise ArgumentError("is missing", subject="-o", fix="name a folder for the results, or use --in-place")
    if request.output is not None and any(_same(request.output, source) for source in request.sources):
        raise ArgumentError(
            "is the input folder", subject=f"-o {request.output}", fix="name another, or use --in-place"
        )


def _sources(request: Request, mask_folders: list[Path], made: Plan) -> Iterator[tuple[Path, Path]]:
    """Each picture: its path relative to the source it belongs to, and its path."""
    written = [folder for folder in (request.output, request.sheets, request.saved_masks) if folder is not None]
    for source in request.sources:
        if not source.is_dir():
            yield Path(source.name), source
            continue
        found = find_pictures(source, recursive=request.recursive, without=[*written, *mask_folders])
        made.others += found.others
        for folder, reason in found.unreadable:
            error = MissingInputError(f"cannot be listed ({reason})", subject=folder)
            made.failures.append(Outcome(str(folder), str(error), error.exit_code))
        for relative in found.pictures:
            yield relative, source / relative


def _targets(request: Request, relative: Path, source: Path) -> Targets:
    return Targets(
        result=source if request.output is None else request.output / natural_name(relative),
        sheet=None if request.sheets is None else request.sheets / relative.with_suffix(".jpg"),
        mask=None if request.saved_masks is None else request.saved_masks / relative.with_suffix(".png"),
    )


def _refuse_collisions(made: Plan, request: Request) -> None:
    """Fail every job whose outputs are also those of another job, or an input of any."""
    users: dict[str, list[str]] = {}
    inputs: dict[str, str] = {}
    outputs = {id(job): planned_outputs(job.targets, request.options) for job in made.jobs}
    for job in made.jobs:
        for path in (job.source, *job.selection.files):
            inputs[_identity(path)] = job.key
        for path in outputs[id(job)]:
            users.setdefault(_identity(path), []).append(job.key)
    kept = []
    for job in made.jobs:
        error = _collision(job, outputs[id(job)], users, inputs, in_place=request.options.in_place)
        if error is None:
            kept.append(job)
        else:
            made.failures.append(failed(job, str(error), error.exit_code))
    made.jobs = kept


def _collision(
    job: Job, outputs: Sequence[Path], users: dict[str, list[str]], inputs: dict[str, str], *, in_place: bool
) -> OutputError | None:
    for path in outputs:
        identity = _identity(path)
        others = [key for key in users[identity] if key != job.key] or users[identity][1:]
        if others:
            return OutputError(
                f"would be written to {path} like {others[0]}", subject=job.key, fix="rename one of them"
            )
        if identity in inputs and not (in_place and identity == _identity(job.source)):
            return OutputError(
                f"would be written over the input {path}", subject=job.key, fix="write elsewhere with -o"
            )
    return None


def _identity(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))


def _same(one: Path, other: Path) -> bool:
    return _identity(one) == _identity(other)
