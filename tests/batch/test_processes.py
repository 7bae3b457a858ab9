"""Local processes: order does not matter, deaths are survived, stopping is prompt."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from cleanplate.batch.erase import EraseErrand
from cleanplate.batch.executor import Executor, Serial
from cleanplate.batch.job import Job, Outcome
from cleanplate.batch.processes import Processes
from cleanplate.tasks.erase_options import EraseOptions, Targets
from cleanplate.tasks.selection import Selection


def job(key: str) -> Job:
    return Job(key, Path(key), EraseErrand(Targets(None), Selection(), EraseOptions()))


def die_if_told(job: Job, folder: Path) -> Outcome:
    (folder / f"{job.key}.{time.monotonic_ns()}").touch()
    if job.key.startswith("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    if job.key.startswith("raise"):
        raise RuntimeError("upset")
    return Outcome(job.key, report={"overwrite": job.overwrite})


def threads_of(job: Job) -> Outcome:
    import cv2

    return Outcome(job.key, report={"cv2": cv2.getNumThreads(), "omp": os.environ["OMP_NUM_THREADS"]})


def sleep_with_a_file(job: Job, folder: Path) -> Outcome:
    temporary = folder / f"{job.key}.part"
    try:
        temporary.touch()
        time.sleep(60)
    finally:
        temporary.unlink()
    return Outcome(job.key)


def no_children_left(seconds: float = 10.0) -> bool:
    """Whether all are gone; the pool's own thread may still be about to note that."""
    until = time.monotonic() + seconds
    while multiprocessing.active_children() and time.monotonic() < until:
        time.sleep(0.02)
    return not multiprocessing.active_children()


@pytest.fixture
def two():
    executor = Processes(2, threads=1)
    yield executor
    executor.close()
    assert no_children_left()


@pytest.mark.parametrize("kind", ["serial", "processes"])
def test_every_job_has_one_outcome(kind, two, tmp_path):
    executor: Executor = two if kind == "processes" else Serial()
    jobs = [job(str(number)) for number in range(5)]
    for _ in range(2):  # workers are kept
        outcomes = list(executor.run(partial(die_if_told, folder=tmp_path), jobs))
        assert sorted(outcome.key for outcome in outcomes) == ["0", "1", "2", "3", "4"]
        assert all(outcome.error is None for outcome in outcomes)
    executor.close()


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_worker_that_dies_idle_is_replaced(two, tmp_path):
    work = partial(die_if_told, folder=tmp_path)
    assert [outcome.error for outcome in two.run(work, [job("a")])] == [None]
    for worker in multiprocessing.active_children():
        worker.kill()
        worker.join()
    time.sleep(0.3)
    assert [outcome.error for outcome in two.run(work, [job("b")])] == [None]


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_death_of_a_worker_fails_its_job_alone(two, tmp_path):
    jobs = [job(key) for key in ("a", "die", "b", "c", "raise", "d")]
    outcomes = {outcome.key: outcome for outcome in two.run(partial(die_if_told, folder=tmp_path), jobs)}
    assert set(outcomes) == {"a", "die", "b", "c", "raise", "d"}
    assert "worker process died" in str(outcomes["die"].error)
    assert outcomes["raise"].error == "raise: unexpected RuntimeError: upset"
    assert all(outcomes[key].error is None for key in "abcd")
    attempts = [path.name.split(".")[0] for path in tmp_path.iterdir()]
    assert attempts.count("die") == 2  # once with others, once alone to be sure


def test_threads_are_bounded(two):
    (outcome,) = two.run(threads_of, [job("a")])
    assert outcome.report == {"cv2": 1, "omp": "1"}


@pytest.mark.skipif(os.name == "nt", reason="on Windows workers are killed at once, and may leave a hidden file")
def test_stopping_lets_workers_clean_up(tmp_path):
    def three():
        yield job("a")
        yield job("b")
        until = time.monotonic() + 30
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        raise KeyboardInterrupt

    outcomes = Processes(3, threads=1).run(partial(sleep_with_a_file, folder=tmp_path), three())
    with pytest.raises(KeyboardInterrupt):
        next(outcomes)
    assert list(tmp_path.iterdir()) == []
    assert no_children_left()


def test_jobs_are_taken_as_there_is_room(two, tmp_path):
    taken = []

    def jobs():
        for number in range(6):
            taken.append(number)
            yield job(str(number))

    outcomes = two.run(partial(die_if_told, folder=tmp_path), jobs())
    next(outcomes)
    assert len(taken) <= 4
    outcomes.close()
