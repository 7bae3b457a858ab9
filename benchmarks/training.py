"""Times the training loop against bare PyTorch, and its data against its steps: ``python -m benchmarks.training``.

*Step*: a step of the loop (moving average, checks for wrong numbers, learning rate, figures) over forward, backward
and optimiser of the same network on the same batch. Blocks of both are interleaved, and the median of each counts, so
that a busy moment of the machine does not fall on one side.

*Data*: shards of photographs of 512 px, cropped and mirrored by two worker processes while two threads train; the
share of a step in which the loop waits for a batch.

Prints a table and writes ``benchmarks/results/training.json``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import default_collate

from cleanplate_training import loop, recipe
from cleanplate_training.data.sample import Sample
from cleanplate_training.data.shard_writer import ShardWriter
from cleanplate_training.optim import build_optimiser
from cleanplate_training.run import make_task
from cleanplate_training.stream import Examples
from cleanplate_training.task import Phase, TaskData
from cleanplate_training.tasks import TASKS
from cleanplate_training.tasks.drawn_shapes import DrawnShapes
from cleanplate_training.tasks.segmentation import Segmentation

HERE = Path(__file__).resolve().parent
CASES: dict[str, dict[str, Any]] = {
    "plain U-Net, 8 x 64 px (small: overhead shows most)": {
        "network": {"encoder": "plain", "widths": [8, 16, 32]},
        "data": {"size": 64},
        "batch": 8,
    },
    "U-Net on EfficientNet-lite0, 4 x 128 px": {
        "network": {"encoder": "lite0", "pretrained": False, "widths": [16, 24, 32, 64, 96]},
        "data": {"size": 128},
        "batch": 4,
    },
    "U-Net on EfficientNet-lite0, 4 x 256 px": {
        "network": {"encoder": "lite0", "pretrained": False, "widths": [16, 24, 32, 64, 96]},
        "data": {"size": 256},
        "batch": 4,
    },
}
CLOCK: list[Callable[[], float]] = [time.perf_counter]
"""How steps are timed; the processor's time where other programs keep the machine busy."""
DATA_CASE = "U-Net on EfficientNet-lite0, 4 x 256 px"


class Timed(Segmentation):
    """Segmentation on one batch that is made once, noting when each step begins."""

    began: list[float] = []  # noqa: RUF012  # one run at a time

    def build_data(self) -> TaskData:
        """Repeat one set of examples."""
        fixed = Fixed(DrawnShapes(16, size=self.options.data.size))
        return TaskData(fixed, fixed)

    def phases(self, step: int) -> Sequence[Phase]:
        """Note the time."""
        self.began.append(CLOCK[0]())
        return super().phases(step)


class Fixed:
    """Examples drawn once and kept."""

    def __init__(self, examples: Examples) -> None:
        self.drawn = [examples.draw(index, np.random.default_rng(index)) for index in range(len(examples))]

    def __len__(self) -> int:
        """Number of examples."""
        return len(self.drawn)

    def draw(self, index: int, rng: np.random.Generator) -> Mapping[str, Any]:
        """Return a kept example."""
        return self.drawn[index]


def main() -> None:
    """Measure, print, write."""
    options = _options()
    torch.set_num_threads(options.threads)
    CLOCK[0] = time.process_time if options.clock == "cpu" else time.perf_counter
    TASKS["timed"] = f"{__name__}:Timed"
    results: dict[str, Any] = {"machine": _machine(options), "steps": {}}
    print(f"{'network':<52} {'bare ms':>9} {'loop ms':>9} {'ratio':>6}")
    for name, case in CASES.items():
        bare, looped = _interleaved(case, options.blocks, options.steps)
        results["steps"][name] = {"bare_ms": bare, "loop_ms": looped, "ratio": looped / bare}
        print(f"{name:<52} {bare:9.2f} {looped:9.2f} {looped / bare:6.3f}", flush=True)
    results["data"] = _data(CASES[DATA_CASE], options.data_steps)
    data = results["data"]
    print(f"data: {data['loader_samples_per_second']:.0f} samples/s alone; training uses")
    print(f"{data['trained_samples_per_second']:.1f} and waits {100 * data['waited_share']:.1f} % of its time")
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument(
        "--clock", choices=["wall", "cpu"], default="wall", help="cpu: for a busy machine, with --threads 1"
    )
    parser.add_argument("--blocks", type=int, default=7, help="blocks of each side")
    parser.add_argument("--steps", type=int, default=8, help="steps a block, after two that do not count")
    parser.add_argument("--data-steps", type=int, default=30)
    parser.add_argument("--results", type=Path, default=HERE / "results" / "training.json")
    return parser.parse_args()


def _interleaved(case: dict[str, Any], blocks: int, steps: int) -> tuple[float, float]:
    """Return the median milliseconds of a bare step and of a step of the loop."""
    bare, looped = [], []
    for _ in range(blocks):
        bare += _bare(case, steps)
        looped += _looped(case, steps)
    return 1000 * statistics.median(bare), 1000 * statistics.median(looped)


def _tables(case: dict[str, Any], task: str, steps: int) -> dict[str, Any]:
    quiet = {"log_every": 10**6, "sheet_every": 0, "validate_every": 0, "checkpoint_every": 10**6}
    return {
        "name": "benchmark",
        "task": task,
        "network": case["network"],
        "data": case["data"],
        "train": {"steps": steps, "batch": case["batch"], **quiet},
        "optim": {"network": {"lr": 1e-3}},
    }


def _bare(case: dict[str, Any], steps: int) -> list[float]:
    """Time forward, backward and optimiser as one would write them without a loop."""
    parsed = recipe.parse(_tables(case, "timed", steps))
    task = make_task(parsed)
    networks = task.build_networks()
    network = networks["network"].to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = build_optimiser(parsed.optim["network"], [{"params": list(network.parameters())}])
    drawn = task.build_data().train
    rng = np.random.default_rng(0)
    batch = default_collate([drawn.draw(index, rng) for index in range(case["batch"])])
    batch = {key: value.contiguous(memory_format=torch.channels_last) for key, value in batch.items()}
    times = []
    for _ in range(steps + 2):
        before = CLOCK[0]()
        losses = task.training_step({"network": network}, batch, Phase("network"))
        torch.stack(list(losses.terms.values())).sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        times.append(CLOCK[0]() - before)
    return times[2:]


def _looped(case: dict[str, Any], steps: int) -> list[float]:
    """Time steps of the loop from the begin of one to the begin of the next."""
    Timed.began.clear()
    with tempfile.TemporaryDirectory() as folder:
        parsed = recipe.parse(_tables(case, "timed", steps + 3))
        loop.train(parsed, Path(folder), device="cpu", tensorboard=False, quiet=True)
    began = Timed.began
    return [after - before for before, after in itertools.pairwise(began[2:])]


def _data(case: dict[str, Any], steps: int) -> dict[str, float]:
    """Train on shards with two workers and see how long the loop waits."""
    with tempfile.TemporaryDirectory() as folder:
        shards = _write_shards(Path(folder) / "shards")
        tables = _tables(case, "segmentation", steps)
        tables["data"] = {**case["data"], "train": shards, "validation": shards}
        tables["train"] |= {"workers": 2, "log_every": steps // 2}
        parsed = recipe.parse(tables)
        alone = _loader_alone(parsed)
        loop.train(parsed, Path(folder) / "run", device="cpu", tensorboard=False, quiet=True)
        lines = [json.loads(line) for line in (Path(folder) / "run" / "metrics.jsonl").read_text().splitlines()]
    last = lines[-1]  # the first half includes the start of the workers
    return {
        "loader_samples_per_second": alone,
        "trained_samples_per_second": case["batch"] / last["seconds/step"],
        "waited_share": last["seconds/data"] / last["seconds/step"],
    }


def _loader_alone(parsed: recipe.Recipe) -> float:
    from cleanplate_training.stream import TrainingBatches

    data = make_task(parsed).build_data()
    batches = iter(TrainingBatches(data.train, batch=parsed.train.batch, seed=0, workers=2))
    for _ in range(20):
        next(batches)
    before, count = time.perf_counter(), 100
    for _ in range(count):
        next(batches)
    return count * parsed.train.batch / (time.perf_counter() - before)


def _write_shards(folder: Path) -> list[str]:
    drawn = DrawnShapes(64, size=512)
    with ShardWriter(folder, split="train") as writer:
        for index in range(len(drawn)):
            example = drawn.draw(index, np.random.default_rng(index))
            picture = (example["image"].transpose(1, 2, 0) * 255).astype(np.uint8)
            mask = example["mask"][0] > 0
            writer.write(Sample(f"drawn{index:03d}", np.ascontiguousarray(picture), "drawn", "none", mask=mask))
    return [str(path) for path in writer.paths]


def _machine(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": options.threads,
        "clock": options.clock,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


if __name__ == "__main__":
    main()
