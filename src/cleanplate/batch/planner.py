"""From folders to jobs: which pictures there are, their masks, their outputs, and what cannot work."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cleanplate.batch.assignment import Assignment
from cleanplate.batch.job import Job, Outcome, failed
from cleanplate.batch.tree import find_pictures
from cleanplate.errors import ArgumentError, CleanplateError, MissingInputError, OutputError


@dataclass(frozen=True)
class Request:
    """What a user asks of a batch.

    Attributes:
        sources: pictures, and folders of them.
        output: folder that mirrors the sources; None to work in place.
        assignment: what to do with each.
        recursive: look into sub-folders.
    """

    sources: tuple[Path, ...]
    output: Path | None
    assignment: Assignment
    recursive: bool = False


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
    errand_for = request.assignment.several()
    seen = set()
    for relative, source in _sources(request, made):
        if _identity(source) in seen:
            continue
        seen.add(_identity(source))
        # Outputs in one folder have different relative paths; in place, several sources may share one.
        key = (relative if request.output is not None or len(request.sources) == 1 else source).as_posix()
        result = source if request.output is None else request.output / request.assignment.named(relative)
        try:
            made.jobs.append(Job(key, source, errand_for(relative, result)))
        except CleanplateError as error:
            made.failures.append(failed(key, str(error), error.exit_code))
    _refuse_collisions(made, request)
    return made


def _check(request: Request) -> None:
    for name, folder in (("-o", request.output), *request.assignment.folders_written.items()):
        if folder is not None and folder.exists() and not folder.is_dir():
            raise ArgumentError("must be a folder when several pictures are worked on", subject=f"{name} {folder}")
    if request.output is None and not request.assignment.in_place:
        raise ArgumentError("is missing", subject="-o", fix="name a folder for the results, or use --in-place")
    if request.output is not None and any(_same(request.output, source) for source in request.sources):
        raise ArgumentError(
            "is the input folder", subject=f"-o {request.output}", fix="name another, or use --in-place"
        )


def _sources(request: Request, made: Plan) -> Iterator[tuple[Path, Path]]:
    """Each picture: its path relative to the source it belongs to, and its path."""
    passed_over = [place for place in request.assignment.places_read if place.is_dir()]
    passed_over += [*request.assignment.folders_written.values(), *([request.output] if request.output else [])]
    for source in request.sources:
        if not source.is_dir():
            yield Path(source.name), source
            continue
        found = find_pictures(source, recursive=request.recursive, without=passed_over)
        made.others += found.others
        for folder, reason in found.unreadable:
            error = MissingInputError(f"cannot be listed ({reason})", subject=folder)
            made.failures.append(failed(str(folder), str(error), error.exit_code))
        for relative in found.pictures:
            yield relative, source / relative


def _refuse_collisions(made: Plan, request: Request) -> None:
    """Fail every job whose outputs are also those of another job, or an input of any."""
    users: dict[str, list[str]] = {}
    inputs: dict[str, str] = {}
    outputs = {id(job): job.errand.outputs() for job in made.jobs}
    for job in made.jobs:
        for path in (job.source, *job.errand.files):
            inputs[_identity(path)] = job.key
        for path in outputs[id(job)]:
            users.setdefault(_identity(path), []).append(job.key)
    kept = []
    for job in made.jobs:
        error = _collision(job, outputs[id(job)], users, inputs, in_place=request.assignment.in_place)
        if error is None:
            kept.append(job)
        else:
            made.failures.append(failed(job.key, str(error), error.exit_code))
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
