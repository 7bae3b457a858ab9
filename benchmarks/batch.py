"""Throughput, overhead and memory of ``cleanplate batch``: ``python -m benchmarks.batch``.

Five parts; each writes into ``results/batch.json``:

- ``loop``: the same pictures through a plain loop over ``erase_file`` in one process, through the batch with one local
  worker, and with two, interleaved. Compared are wall time and the processor time of all processes together, which
  other work on the machine disturbs less.
- ``fence``: the same, picture by picture in turn, without starting anything: ``erase_file`` in this process against a
  warm fenced child with its manifest. Processor time of this process and the child.
- ``memory``: resident memory of the driver and of its child over a long run.
- ``plan``: time and memory to lay out and to record lists of many names; no picture is read (simulated).
- ``s3``: the same pictures from and to an S3 server on this machine (moto), one worker.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "batch.json"
_EXAMPLE = Path(__file__).parents[1] / "examples" / "mountain-path.jpg"
_BOX = "40%,40%,52%,60%"
_PAGE = os.sysconf("SC_PAGE_SIZE")


def photographs(folder: Path, count: int, megapixels: float) -> None:
    """Differing photographs of one size, made from the bundled one."""
    import cv2
    import numpy as np

    folder.mkdir(parents=True)
    example = cv2.imread(str(_EXAMPLE))
    assert example is not None
    scale = (megapixels * 1e6 / (example.shape[0] * example.shape[1])) ** 0.5
    large = cv2.resize(example, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    for number in range(count):
        grain = np.random.default_rng(number).normal(0, 3, (large.shape[0], large.shape[1], 1))
        shifted = np.roll(large, 40 * number, axis=1)
        picture = np.clip(shifted + grain, 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{number:04d}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 92])


_LOOP = """
import sys
from pathlib import Path
import cv2
cv2.setNumThreads(1)
from cleanplate.tasks.erase_options import EraseOptions, Targets
from cleanplate.tasks.photo import erase_file
from cleanplate.tasks.selection import Selection
source, target = Path(sys.argv[1]), Path(sys.argv[2])
target.mkdir()
for place in sorted(source.iterdir()):
    erase_file(place, Targets(target / place.name), Selection(boxes=(sys.argv[3],)), EraseOptions(threads=1))
"""


def timed(command: list[str]) -> dict[str, float]:
    """Wall time, and processor time of the process and all its children."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stderr)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": round(seconds, 3), "cpu_seconds": round(cpu, 3)}


def batch(source: str, target: str, workers: int) -> list[str]:
    """The command of a batch."""
    program = [sys.executable, "-c", "from cleanplate.cli.app import main; main()"]
    return [*program, "batch", "erase", source, "-o", target, "--box", _BOX, "--workers", str(workers), "--json"]


def loop(work: Path, *, count: int, megapixels: float, repeats: int) -> dict[str, Any]:
    """Plain loop, one worker, two workers; interleaved."""
    photographs(work / "loop", count, megapixels)
    source = str(work / "loop")
    runs: dict[str, list[dict[str, float]]] = {"loop": [], "1 worker": [], "2 workers": []}
    for number in range(repeats):
        commands = {
            "loop": [sys.executable, "-c", _LOOP, source, str(work / f"loop {number}"), _BOX],
            "1 worker": batch(source, str(work / f"1 worker {number}"), 1),
            "2 workers": batch(source, str(work / f"2 workers {number}"), 2),
        }
        for name, command in commands.items():
            target = work / f"{name} {number}"
            runs[name].append(timed(command))
            assert len(list(target.glob("*.jpg"))) == count
    figures: dict[str, Any] = {"pictures": count, "megapixels": megapixels, "repeats": repeats, "runs": runs}
    for name, taken in runs.items():
        wall = [run["seconds"] for run in taken]
        cpu = [run["cpu_seconds"] for run in taken]
        figures[name] = {
            "seconds": [min(wall), statistics.median(wall), max(wall)],
            "cpu_seconds": [min(cpu), statistics.median(cpu), max(cpu)],
            "pictures_per_second": round(count / statistics.median(wall), 3),
            "pictures_per_core_second": round(count / statistics.median(cpu), 3),
        }
    for name in ("1 worker", "2 workers"):
        pairs = list(zip(runs[name], runs["loop"], strict=True))
        figures[name]["overhead_cpu"] = round(
            statistics.median(a["cpu_seconds"] / b["cpu_seconds"] for a, b in pairs) - 1, 4
        )
        figures[name]["overhead_wall"] = round(statistics.median(a["seconds"] / b["seconds"] for a, b in pairs) - 1, 4)
    return figures


def fence(work: Path, *, count: int, megapixels: float) -> dict[str, Any]:
    """What fence, messages and manifest add to a warm picture, in processor time; plain and fenced in turn."""
    import cv2

    from cleanplate.scale.fence import Bounds, Fence
    from cleanplate.scale.manifest import Manifest
    from cleanplate.scale.work import Brief, Row
    from cleanplate.tasks.erase_options import EraseOptions, Targets
    from cleanplate.tasks.photo import erase_file
    from cleanplate.tasks.selection import Selection

    cv2.setNumThreads(1)
    photographs(work / "fence", count + 1, megapixels)
    (work / "plain").mkdir()
    fenced = Fence(Brief("erase", {"box": [_BOX]}, str(work / "fenced")), Bounds(seconds=3600))
    manifest = Manifest(str(work / "fenced"))
    taken: list[tuple[float, float]] = []
    for place in sorted((work / "fence").iterdir()):
        started = time.process_time()
        selection = Selection(boxes=(_BOX,))
        erase_file(place, Targets(work / "plain" / place.name), selection, EraseOptions(threads=1))
        plain = time.process_time() - started
        started, before = time.process_time(), sum(map(_busy, _children(os.getpid())))
        outcome = fenced.do(Row(place.name, str(place), place.name))
        assert outcome.state == "done", outcome.reason
        manifest.add(outcome)
        manifest.flush()  # dearer than in earnest, where it is done for many at once
        own = time.process_time() - started
        taken.append((plain, own + sum(map(_busy, _children(os.getpid()))) - before))
    fenced.close()
    pairs = taken[1:]  # the first one warms both up
    ratios = sorted(after / before for before, after in pairs)
    return {
        "pictures": count,
        "megapixels": megapixels,
        "plain_cpu_seconds": [round(before, 3) for before, _ in pairs],
        "fenced_cpu_seconds": [round(after, 3) for _, after in pairs],
        "overhead_of_sums": round(sum(after for _, after in pairs) / sum(before for before, _ in pairs) - 1, 4),
        "overhead_median": round(statistics.median(ratios) - 1, 4),
    }


def _busy(pid: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(work: Path, *, count: int, megapixels: float) -> dict[str, Any]:
    """Resident memory over a run, driver and child, at twenty points."""
    photographs(work / "memory", count, megapixels)
    process = subprocess.Popen(
        batch(str(work / "memory"), str(work / "memory out"), 1), stdout=subprocess.PIPE, text=True
    )
    points: list[tuple[float, float, float]] = []
    started = time.monotonic()

    def sample() -> None:
        while process.poll() is None:
            children = _children(process.pid)
            points.append((time.monotonic() - started, _resident(process.pid), sum(map(_resident, children))))
            time.sleep(0.25)

    sampler = threading.Thread(target=sample)
    sampler.start()
    out, _ = process.communicate()
    sampler.join()
    size = max(1, len(points) // 20)
    windows = [points[start : start + size] for start in range(0, len(points), size)]
    series = [[round(max(column)) for column in zip(*window, strict=True)] for window in windows]
    return {
        "pictures": count,
        "megapixels": megapixels,
        "columns": ["second", "driver MB", "child MB"],
        "series": series,
        "summary": json.loads(out),
    }


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()] + [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            if task.name != str(pid)
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return []


def _resident(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6
    except (OSError, IndexError):
        return 0.0


_PLAN = """
import json, resource, sys, time
from cleanplate.scale import store
from cleanplate.scale.manifest import Manifest
from cleanplate.scale.plan import Wish, make_plan, rows_of
from cleanplate.scale.work import Outcome
source, target = sys.argv[1:3]
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
manifest = Manifest(target)
base, started = peak(), time.process_time()
wish = Wish("erase", source, target, {"passersby": True})
plan = make_plan(wish, manifest, workers=64, on_failure=print)
planned, planned_mb = time.process_time() - started, peak()
manifest.begin("x")
started = time.process_time()
for row in rows_of(plan):
    manifest.add(Outcome(row.key, "done", row.source, row.output, row.digest, sha256=row.digest * 4, engine="hybrid",
                         device="cpu", worker="host:1", time="2026-01-01T00:00:00.000+00:00"))
manifest.flush()
recorded = time.process_time() - started
started = time.process_time()
manifest.finish()
merged, merged_mb = time.process_time() - started, peak()
started = time.process_time()
store.info = lambda place: store.Info(1, "", 0.0)  # as with remote stores, which are not asked for each result
again = make_plan(wish, Manifest(target), workers=64, on_failure=print)
assert again.pending == 0
print(json.dumps({"plan_cpu_s": planned, "record_cpu_s": recorded, "merge_cpu_s": merged, "plan_again_cpu_s":
      time.process_time() - started, "resumed": again.resumed, "pending": again.pending, "start_mb": base,
      "plan_mb": planned_mb, "merge_mb": merged_mb, "again_mb": peak()}))
"""


def plan(work: Path, sizes: list[int]) -> list[dict[str, Any]]:
    """Lists of names: laying out, recording and going on; the pictures do not exist."""
    figures = []
    for count in sizes:
        names = work / f"{count}.txt"
        with names.open("w") as file:
            file.writelines(f"s3://archive/photographs/{n % 1000:03d}/{n:010d}.jpg\n" for n in range(count))
        target = work / f"plan {count}"
        done = subprocess.run(
            [sys.executable, "-c", _PLAN, str(names), str(target)], capture_output=True, text=True, check=True
        )
        taken = {key: round(value, 2) for key, value in json.loads(done.stdout.splitlines()[-1]).items()}
        stored = sum(entry.stat().st_size for entry in (target / "cleanplate.manifest").glob("*.parquet"))
        figures.append({"pictures": count, **taken, "manifest_mb": round(stored / 1e6, 2)})
    return figures


def s3(work: Path, *, count: int, megapixels: float, repeats: int) -> dict[str, Any]:
    """From folder to folder and from bucket to bucket, one worker, interleaved; the server shares the machine."""
    import boto3
    from moto.server import ThreadedMotoServer

    photographs(work / "s3", count, megapixels)
    os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION="us-east-1")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"
    client = boto3.client("s3")
    client.create_bucket(Bucket="archive")
    for place in (work / "s3").iterdir():
        client.put_object(Bucket="archive", Key=f"in/{place.name}", Body=place.read_bytes())
    folders, buckets = [], []
    for number in range(repeats):
        folders.append(timed(batch(str(work / "s3"), str(work / f"s3 out {number}"), 1)))
        buckets.append(timed(batch("s3://archive/in", f"s3://archive/out{number}", 1)))
    server.stop()
    extra = statistics.median(b["cpu_seconds"] - a["cpu_seconds"] for a, b in zip(folders, buckets, strict=True))
    return {
        "pictures": count,
        "megapixels": megapixels,
        "folders": folders,
        "buckets": buckets,
        "extra_cpu_ms_per_picture": round(extra / count * 1000, 1),
    }


def main() -> None:
    """Run what is asked for and write it down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["loop", "fence", "memory", "plan", "s3"])
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--long", type=int, default=400, help="pictures of the run whose memory is watched")
    parser.add_argument("--names", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    chosen = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results["machine"] = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    for part in chosen.parts:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            if part == "loop":
                results[part] = loop(work, count=chosen.pictures, megapixels=chosen.megapixels, repeats=chosen.repeats)
            elif part == "fence":
                results[part] = fence(work, count=chosen.pictures, megapixels=chosen.megapixels)
            elif part == "memory":
                results[part] = memory(work, count=chosen.long, megapixels=0.5)
            elif part == "plan":
                results[part] = plan(work, chosen.names)
            else:
                results[part] = s3(work, count=chosen.pictures, megapixels=2.0, repeats=3)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        print(json.dumps(results[part], indent=1))


if __name__ == "__main__":
    main()
