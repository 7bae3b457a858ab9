"""Times video from file to file, and its memory over time: ``python -m benchmarks.video --weights FILE``.

The clip is made here: a photograph that pans behind a person-shaped figure, with a tone. So that times do not depend on
what the weights have learned, the network really runs and the figure's own alpha is used (``--learned`` uses the
network's). Stages run side by side: their times add up to more than the time a frame takes. ``cpu`` is the time of all
threads of the process; on a busy machine it is the figure to compare. Writes ``benchmarks/results/video.json`` and puts
its table into ``benchmarks/README.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.matting.video import VideoState, begin
from cleanplate.tasks import video
from cleanplate.tasks.video_options import VideoOptions
from cleanplate.types import Alpha

HERE = Path(__file__).resolve().parent
START, END = "<!-- figures of benchmarks.video start -->", "<!-- figures of benchmarks.video end -->"
CASES = {
    "640 x 640, fast": (640, 640, "fast"),
    "640 x 640, balanced": (640, 640, "balanced"),
    "1920 x 1080, fast": (1080, 1920, "fast"),
    "1920 x 1080, balanced": (1080, 1920, "balanced"),
}
TARGETS = {"640 x 640, fast": "25 ms"}
_EVERY = 50
_RATE = 25


@dataclass(frozen=True)
class Figure:
    """A person-like figure: shoulders and a head, in shares of the picture's height."""

    height: int
    width: int

    def alpha(self, height: int, width: int) -> Alpha:
        """Its alpha at some size."""
        scale = height / self.height
        across = width / self.width
        cover = np.zeros((self.height, self.width), np.uint8)
        middle, unit = self.width // 2, self.height
        cv2.ellipse(cover, (middle, round(0.36 * unit)), (round(0.11 * unit), round(0.15 * unit)), 0, 0, 360, 255, -1)
        cv2.ellipse(cover, (middle, round(1.0 * unit)), (round(0.3 * unit), round(0.47 * unit)), 0, 0, 360, 255, -1)
        soft = cv2.GaussianBlur(cover, (0, 0), 0.004 * unit)
        size = (round(self.width * across), round(self.height * scale))
        return cv2.resize(soft, size, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)


def make_clip(path: Path, height: int, width: int, frames: int) -> None:
    """A clip with sound."""
    photo = _texture(height, 2 * width)
    cover = Figure(height, width).alpha(height, width)[..., None]
    person = np.array([150, 110, 90], np.float32)
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=_RATE, options={"preset": "veryfast", "crf": "18"})
        picture.width, picture.height, picture.pix_fmt = width, height, "yuv420p"
        sound = container.add_stream("aac", rate=48000, layout="stereo")
        for number in range(frames):
            left = number * 2 % width
            image = photo[:, left : left + width] * (1 - cover) + person * cover
            frame = av.VideoFrame.from_ndarray(image.astype(np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, _RATE)
            container.mux(picture.encode(frame))
            tone = np.sin(np.arange(1920) * 0.05).astype(np.float32)[None].repeat(2, axis=0) * 0.3
            piece = av.AudioFrame.from_ndarray(tone, format="fltp", layout="stereo")
            piece.sample_rate, piece.pts, piece.time_base = 48000, number * 1920, Fraction(1, 48000)
            container.mux(sound.encode(piece))
        container.mux(picture.encode(None))
        container.mux(sound.encode(None))


def time_case(name: str, clip: Path, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Work on a clip several times; medians."""
    height, width, preset = CASES[name]
    wanted = VideoOptions(background="#00b140", preset=preset, weights=options.weights, overwrite=True)  # type: ignore[arg-type]
    walls, cpus, reports = [], [], []
    for _ in range(options.repeats):
        started, used = time.perf_counter(), time.process_time()
        report = video.replace_background(clip, folder / "out.mp4", wanted)
        walls.append(1000 * (time.perf_counter() - started) / report.frames)
        cpus.append(1000 * (time.process_time() - used) / report.frames)
        reports.append(report)
    stages = {
        stage: statistics.median(each.timings[stage] for each in reports)
        for stage in ("decode", "network", "compose", "encode")
    }
    return {
        "size": [width, height],
        "network": list(reports[0].network_size),
        "wall_ms": round(statistics.median(walls), 2),
        "wall_min_ms": round(min(walls), 2),
        "cpu_ms": round(statistics.median(cpus), 2),
        "stages_ms": {stage: round(value, 2) for stage, value in stages.items()},
    }


def memory(clip: Path, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Resident memory while a long clip is worked on, in 10**6 bytes."""
    samples: list[float] = []

    def note(done: int, total: int | None) -> None:
        if done % _EVERY == 0:
            samples.append(_resident_mb())

    wanted = VideoOptions(background="#00b140", preset="fast", weights=options.weights, overwrite=True)
    video.replace_background(clip, folder / "out.mp4", wanted, progress=note)
    third = max(1, len(samples) // 3)
    return {
        "frames": options.memory_frames,
        "mb_second_third": round(statistics.median(samples[third : 2 * third])),
        "mb_last_third": round(statistics.median(samples[2 * third :])),
        "mb_most": round(max(samples)),
    }


def main() -> None:
    """Make the clips, run everything, write results and the table."""
    options = _options()
    if not options.learned:
        video.begin = _with_figures_alpha  # type: ignore[attr-defined, assignment]
    cases = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case, (height, width, _) in CASES.items():
            clip = folder / f"{width}x{height}.mp4"
            if not clip.exists():
                make_clip(clip, height, width, options.frames)
            cases[case] = time_case(case, clip, options, folder)
            print(case, cases[case], flush=True)
        make_clip(folder / "long.mp4", 360, 640, options.memory_frames)
        held = memory(folder / "long.mp4", options, folder)
        print("memory", held, flush=True)
    results = {"machine": _machine(options), "cases": cases, "memory": held}
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if options.readme:
        _update_readme(HERE / "README.md", table(results))


def table(results: dict[str, Any]) -> list[str]:
    """The results as Markdown lines."""
    machine, held = results["machine"], results["memory"]
    lines = [
        f"{machine['cores']} cores of {machine['processor']}, load {machine['load']} at the end;",
        f"{machine['versions']}.",
        f"Median of {machine['repeats']} runs over {machine['frames']} frames, milliseconds a frame.",
        "",
        "| clip | network gets | wall (least) | target | cpu | decode | network | compose | encode |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, case in results["cases"].items():
        stages = " | ".join(f"{case['stages_ms'][stage]:.1f}" for stage in ("decode", "network", "compose", "encode"))
        network = " x ".join(map(str, reversed(case["network"])))
        wall = f"{case['wall_ms']:.1f} ({case['wall_min_ms']:.1f})"
        lines.append(f"| {name} | {network} | {wall} | {TARGETS.get(name, '')} | {case['cpu_ms']:.1f} | {stages} |")
    return [
        *lines,
        "",
        f"Memory over a clip of {held['frames']} frames (640 x 360): {held['mb_second_third']} MB in its second third, "
        f"{held['mb_last_third']} MB in its last, never more than {held['mb_most']} MB.",
    ]


def _with_figures_alpha(weights: Any, **options: Any) -> VideoState:
    """The state of the real network, whose answer is replaced by the figure's alpha after it has run."""
    state = begin(weights, **options)
    real = state.network.run
    alphas: dict[tuple[int, int], Alpha] = {}

    def run(small: NDArray[np.uint8], previous: Alpha) -> Alpha:
        real(small, previous)
        height, width = small.shape[:2]
        if (height, width) not in alphas:
            alphas[height, width] = Figure(height, width).alpha(height, width)
        return alphas[height, width]

    return replace(state, network=replace(state.network, run=run))


def _texture(height: int, width: int) -> NDArray[np.uint8]:
    """Something like a room: coarse and fine shapes."""
    rng = np.random.default_rng(5)
    layers = [
        cv2.resize(rng.random((height // step + 2, width // step + 2, 3), np.float32), (width, height))
        for step in (200, 40, 8)
    ]
    mixed = 0.5 * layers[0] + 0.35 * layers[1] + 0.15 * layers[2]
    return np.asarray(255 * mixed, np.uint8)


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _machine(options: argparse.Namespace) -> dict[str, Any]:
    names = ("av", "onnxruntime", "opencv-python-headless", "numpy")
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "load": round(os.getloadavg()[0], 1),
        "versions": ", ".join(f"{name} {version(name)}" for name in names),
        "repeats": options.repeats,
        "frames": options.frames,
        "weights": Path(options.weights).name if options.weights else "those that ship",
        "learned": options.learned,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.video", description=__doc__)
    parser.add_argument("--weights", help="network: a file, or a name from the catalog; the one that ships by default")
    parser.add_argument("--learned", action="store_true", help="use the network's own alpha")
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory-frames", type=int, default=5000, help="an hour of video has 90000")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "video.json")
    parser.add_argument("--no-readme", dest="readme", action="store_false", help="leave benchmarks/README.md alone")
    return parser.parse_args()


def _update_readme(path: Path, lines: list[str]) -> None:
    before, _, rest = path.read_text(encoding="utf-8").partition(START)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{START}\n" + "\n".join(lines) + f"\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
