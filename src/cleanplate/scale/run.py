"""A batch from a wish to a manifest in which every picture has exactly one state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol

from cleanplate.errors import ArgumentError, EngineError, InputError
from cleanplate.scale import store
from cleanplate.scale.hashes import HashSet
from cleanplate.scale.manifest import Manifest
from cleanplate.scale.plan import Plan, Wish, digest_of, make_plan, rows_of, second_plan
from cleanplate.scale.summary import Summary
from cleanplate.scale.work import Brief, Outcome, Row, failure

_IDLE_PASSES = 3
"""Times that pictures of lost workers are handed out again without any of them coming back."""


_ENOUGH = 20
_NOT_THE_PICTURES = (ArgumentError.exit_code, EngineError.exit_code)


class Workers(Protocol):
    """Where pictures are worked on."""

    workers: int

    def run(self, brief: Brief, plan: Plan) -> Generator[Outcome]:
        """Work a plan off and yield the outcomes in any order; those of lost workers may be missing.

        Closing the generator stops the work at once and leaves no half-written file.
        """
        ...

    def close(self) -> None:
        """Let go of what is held."""
        ...


@dataclass
class Watch:
    """What a run tells while it goes on.

    Attributes:
        on_plan: told what is to do.
        on_outcome: told about each picture.
    """

    on_plan: Callable[[Plan], None] = field(default=lambda plan: None)
    on_outcome: Callable[[Outcome], None] = field(default=lambda outcome: None)


def run(wish: Wish, workers: Workers, *, threads: int = 1, watch: Watch | None = None) -> Summary:
    """Do what is wished for with every picture, and record it.

    Args:
        wish: what.
        workers: where.
        threads: of each picture.
        watch: told about progress.

    Returns:
        What came of it. The manifest beside the results then has exactly one row a picture.

    Raises:
        ArgumentError: the wish makes no sense.
        InputError: the source cannot be listed, or holds no pictures.
        OutputError: the manifest cannot be written.
        EngineError: workers cannot be started, or a cluster is lost.
    """
    watch = watch or Watch()
    if store.address(wish.source) == wish.target:
        raise ArgumentError("is the source", subject=f"-o {wish.target}", fix="name another place")
    manifest = Manifest(wish.target)
    summary = Summary(workers=workers.workers)

    def note(outcome: Outcome) -> None:
        manifest.add(outcome)
        summary.add(outcome)
        watch.on_outcome(outcome)

    with summary.planning():
        plan = make_plan(wish, manifest, workers=workers.workers, on_failure=note)
    if not (plan.pending or plan.resumed or summary.states):
        raise InputError("holds no pictures", subject=wish.source, fix="check the address")
    summary.planned(plan)
    watch.on_plan(plan)
    since = manifest.begin(digest_of(wish.operation, {**wish.options, "overwrite": wish.overwrite}))
    brief = Brief(wish.operation, wish.options, wish.target, wish.overwrite, since, threads)
    try:
        with summary.working():
            hopeless = _Hopeless()
            for outcome in _all(brief, plan, workers, manifest):
                note(outcome)
                hopeless.look(outcome)
    finally:
        manifest.flush()
    summary.recorded(Counter(manifest.finish()))
    return summary


class _Hopeless:
    """Ends a run whose first pictures all fail of what no picture can help: a missing network, a wrong option."""

    def __init__(self) -> None:
        self._alike: int | None = 0

    def look(self, outcome: Outcome) -> None:
        """Take an outcome into account.

        Raises:
            EngineError: enough is enough.
        """
        if self._alike is None:
            return
        if outcome.exit_code not in _NOT_THE_PICTURES:
            self._alike = None
            return
        self._alike += 1
        if self._alike == _ENOUGH:
            problem = f"the first {_ENOUGH} pictures failed, the last of them: {outcome.reason}"
            raise EngineError(problem, fix="mend that and run the same command again")


def _all(brief: Brief, plan: Plan, workers: Workers, manifest: Manifest) -> Iterator[Outcome]:
    """One outcome for each picture of the plan: what lost workers had in hand is handed out again."""
    reported, current, idle, number = HashSet(), plan, 0, 0
    while idle < _IDLE_PASSES:
        before = len(reported)
        with closing(workers.run(brief, current)) as outcomes:
            for outcome in outcomes:
                if reported.add(outcome.key):
                    yield outcome
        if len(reported) == plan.pending:
            return
        idle = 0 if len(reported) > before else idle + 1
        number += 1
        lost = (row for row in rows_of(current) if row.key not in reported)
        name = f"g{manifest.generation:04d}-again-{number}"
        current = second_plan(lost, manifest.plans, name=name, workers=workers.workers)
    yield from (_lost(row) for row in rows_of(current) if row.key not in reported)


def _lost(row: Row) -> Outcome:
    return failure(row, f"{row.key}: its worker was lost {_IDLE_PASSES} times; run the same command again")
