"""Workers on a Ray cluster: Ray Data streams the plan through a pool of actors, each with a fenced child process."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Generator, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cleanplate.errors import CleanplateError, EngineError, MissingExtraError
from cleanplate.runtime.memory_limits import machine_memory, memory_limit
from cleanplate.scale.fence import Bounds, Fence
from cleanplate.scale.manifest import arrow, schema
from cleanplate.scale.plan import Plan, chunk_of
from cleanplate.scale.work import Brief, Outcome, failure

if TYPE_CHECKING:
    import pyarrow as pa

_SHARE = 0.9
"""Of the cores that a worker counts for; the rest is for Ray's own small tasks, which would wait for it for ever."""
_LOST_WHILE_STARTING = 10
"""Actors that may be lost one after the other while they start, as when a machine goes."""
_READING = 0.05
_READERS = 2
"""Tasks that name chunks; more would only fill the machine with idle processes."""


class RayWorkers:
    """So many pictures at a time on a cluster. See :class:`cleanplate.scale.run.Workers`."""

    def __init__(
        self, address: str, bounds: Bounds, *, workers: int | None = None, cpus: float = 1.0, gpus: float = 0.0
    ) -> None:
        """Connect.

        Args:
            address: of the cluster, or ``auto`` for the one that this machine belongs to.
            bounds: of each picture.
            workers: how many; None for as many as there are cores (or GPUs, where they are asked for).
            cpus: cores of each.
            gpus: GPUs of each; fractions share one.

        Raises:
            MissingExtraError: Ray is not installed.
            EngineError: there is no such cluster, or it is too small.
        """
        ray = _ray()
        self._bounds, self._cpus, self._gpus = bounds, cpus, gpus
        self._ours = not ray.is_initialized()
        if self._ours:
            try:
                ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
            except Exception as error:  # Ray raises what it likes
                problem = f"cannot be reached ({' '.join(str(error).split())[:200]})"
                raise EngineError(problem, subject=f"--ray {address}", fix="start it with: ray start --head") from None
        room = self._room(_resources(ray))
        if room < 1:
            fix = "ask for fewer with --cpus-per-worker or --gpus-per-worker"
            raise EngineError("has no room for a worker", subject=f"--ray {address}", fix=fix)
        self.workers = room if workers is None else min(workers, room)

    def close(self) -> None:
        """Leave the cluster."""
        if self._ours:
            _ray().shutdown()

    def run(self, brief: Brief, plan: Plan) -> Generator[Outcome]:
        """Work the plan off; outcomes in the order that they come. Pictures may stay without one: see ``run.py``."""
        import ray.data

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.max_errored_blocks = -1  # what a lost worker had in hand is done again by the caller
        context.wait_for_min_actors_s = -1
        context.max_consecutive_actor_init_deaths = _LOST_WHILE_STARTING
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        workers = max(1, min(self.workers, self._room(_resources(ray))))
        chunks = list(plan.chunks())
        outcomes = ray.data.read_datasource(
            _datasource(chunks), num_cpus=_READING, concurrency=_READERS, override_num_blocks=len(chunks)
        ).map_batches(
            _Worker,
            fn_constructor_args=(brief.to_json(), asdict(self._bounds)),
            batch_size=None,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers, initial_size=workers),
            num_cpus=_SHARE * self._cpus,
            num_gpus=self._gpus,
            # A new life of a lost actor needs room that a lost node took away; the pool makes new ones where there is
            # some, and what was in hand comes back in another pass.
            max_restarts=0,
            max_task_retries=0,
        )
        try:
            for table in outcomes.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
                yield from (Outcome(**row) for row in table.to_pylist())
        except CleanplateError:
            raise
        except ray.exceptions.RayError as error:
            # Such as a node that is lost while actors start on it. The caller hands out again what is missing.
            self._check_cluster(error)

    def _check_cluster(self, error: Exception) -> None:
        """Tell a lost worker from a lost cluster.

        Raises:
            EngineError: the cluster does not answer, or has no room left.
        """
        reason = " ".join(str(error).split())[:300]
        fix = "run the same command again: it goes on from here"
        try:
            room = self._room(_resources(_ray()))
        except Exception:
            raise EngineError(f"was lost ({reason})", subject="Ray cluster", fix=fix) from None
        if room < 1:
            raise EngineError(f"has no room for a worker left ({reason})", subject="Ray cluster", fix=fix)

    def _room(self, resources: dict[str, float]) -> int:
        """Workers that fit into the cluster."""
        room = int(resources.get("CPU", 0.0) / self._cpus + 1e-6)
        return min(room, int(resources.get("GPU", 0.0) / self._gpus + 1e-6)) if self._gpus else room


class _Worker:
    """One actor: its networks stay warm in its child process."""

    def __init__(self, brief: str, bounds: dict[str, float]) -> None:
        self._fence = Fence(Brief.from_json(brief), Bounds(**bounds))

    def __call__(self, table: pa.Table) -> pa.Table:
        """Work on one chunk of the plan, given as its part and number."""
        done = []
        for entry in table.to_pylist():
            for row in chunk_of(entry["part"], entry["number"]):
                try:
                    outcome = self._fence.do(row)
                except CleanplateError as error:
                    outcome = failure(row, f"{row.key}: {error}", error.exit_code)
                done.append(asdict(outcome))
        return arrow().Table.from_pylist(done, schema=schema())


def _datasource(chunks: Iterable[tuple[str, int]]) -> Any:
    """One read task a chunk; it reads nothing but says which chunk, so that rows never pass through the driver."""
    from ray.data import Datasource, ReadTask
    from ray.data.block import BlockMetadata

    class Chunks(Datasource):
        def estimate_inmemory_data_size(self) -> int | None:
            return None

        def get_read_tasks(self, parallelism: int, *rest: Any, **options: Any) -> list[Any]:
            known = BlockMetadata(num_rows=1, size_bytes=256, input_files=None, exec_stats=None)
            return [ReadTask(_naming(part, number), known) for part, number in chunks]

    return Chunks()  # type: ignore[no-untyped-call]


def _naming(part: str, number: int) -> Callable[[], list[Any]]:
    def read() -> list[Any]:
        return [arrow().table({"part": [part], "number": [number]})]

    return read


def memory_share(workers: int) -> float:
    """Megabytes that a picture may take where so many workers share a machine: four fifths of what there is."""
    there = memory_limit() or machine_memory() or 8_000_000_000
    return max(1000.0, 0.8 * there / 1e6 / max(1, workers))


def _resources(ray: Any) -> dict[str, float]:
    return dict(ray.cluster_resources())


def _ray() -> Any:
    # No reports about its use to its makers; decided by the machine that starts the cluster, and asked for here too.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingExtraError("needs Ray", subject="--ray", fix="pip install 'cleanplate[ray]'") from None
    return ray
