"""Whether 8-bit integers pay for a matting network: ``python -m benchmarks.matting_int8 FILE --pictures SHARD``.

The graph is quantised statically by ONNX Runtime (uint8 activations, int8 weights by channel, range reduced by one bit
as processors without VNNI instructions need), calibrated on the first half of the pictures, and compared with the
original on the other half. Both are then timed in turns on one core, in processor time, so that a busy machine does not
matter. Prints a table.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from cleanplate_training.data.shards import ShardSet

SIDES = (192, 384, 512)
_CALIBRATED = ["Conv", "Add", "Relu", "Clip"]


def main() -> None:
    """Quantise, compare, time, print."""
    options = _options()
    pictures = [_input(sample.picture, options.side) for sample in ShardSet([options.pictures])[: options.count]]
    half = len(pictures) // 2
    with tempfile.TemporaryDirectory() as folder:
        plain, quantised = Path(folder) / "plain.onnx", Path(folder) / "int8.onnx"
        _session(options.file, written=plain)
        quantize_static(
            plain,
            quantised,
            _Reader(iter(pictures[:half])),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            op_types_to_quantize=_CALIBRATED,
        )
        sessions = {"float32": _session(plain), "int8": _session(quantised)}
    print("\n".join(table(_differences(sessions, pictures[half:]), _times(sessions, options.repeats))))


def table(differences: tuple[float, float], times: Mapping[int, Mapping[str, float]]) -> list[str]:
    """Markdown: what int8 changes in alpha, and the times of both."""
    lines = [f"int8 against float32: mean |difference| {differences[0]:.4f}, IoU {differences[1]:.3f}", ""]
    lines += ["| side | float32, ms | int8, ms | ratio |", "|---|---|---|---|"]
    for side, own in times.items():
        before, after = 1000 * own["float32"], 1000 * own["int8"]
        lines.append(f"| {side} | {before:.1f} | {after:.1f} | {before / after:.2f} |")
    return lines


class _Reader(CalibrationDataReader):  # type: ignore[misc, unused-ignore]
    def __init__(self, pictures: Iterator[NDArray[np.float32]]) -> None:
        self._pictures = pictures

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        picture = next(self._pictures, None)
        return None if picture is None else {"image": picture}


def _differences(sessions: Mapping[str, Any], pictures: list[NDArray[np.float32]]) -> tuple[float, float]:
    apart, ious = [], []
    for picture in pictures:
        plain, coarse = (session.run(None, {"image": picture})[0] for session in sessions.values())
        apart.append(float(np.abs(plain - coarse).mean()))
        joined = ((plain > 0.5) | (coarse > 0.5)).sum()
        ious.append(float(((plain > 0.5) & (coarse > 0.5)).sum() / joined) if joined else 1.0)
    return float(np.mean(apart)), float(np.mean(ious))


def _times(sessions: Mapping[str, Any], repeats: int) -> dict[int, dict[str, float]]:
    found: dict[int, dict[str, float]] = {}
    for side in SIDES:
        picture = np.random.default_rng(0).random((1, 3, side, side), np.float32)
        own: dict[str, list[float]] = {name: [] for name in sessions}
        for _ in range(repeats):
            for name, session in sessions.items():
                before = time.process_time()
                session.run(None, {"image": picture})
                own[name].append(time.process_time() - before)
        found[side] = {name: min(values) for name, values in own.items()}
    return found


def _session(path: Path, *, written: Path | None = None) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    if written is not None:
        # Folds what the quantiser cannot see through, as weights kept in float16.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(written)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _input(picture: NDArray[Any], side: int) -> NDArray[np.float32]:
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small.transpose(2, 0, 1)[None], np.float32) / np.float32(255)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matting_int8", description=__doc__)
    parser.add_argument("file", type=Path, help="matting network with the input 'image'")
    parser.add_argument("--pictures", type=Path, required=True, help="shard of photographs of people")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--side", type=int, default=384)
    parser.add_argument("--repeats", type=int, default=12)
    return parser.parse_args()


if __name__ == "__main__":
    main()
