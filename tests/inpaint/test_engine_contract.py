"""Every engine keeps the same promises; a new one is added to ``ENGINES_HERE`` and inherits these tests."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.errors import ArgumentError, DeviceError, EngineError
from cleanplate.inpaint.engine import ENGINES, Engine, EngineOptions, create_engine
from tests.inpaint.pictures import disc, gravel

ENGINES_HERE = ["patchmatch", "telea"]
"""Engines that need no file of the user's; the others inherit in test files of their own."""


class EngineContract:
    """What any completion engine promises."""

    def engine(self) -> Engine:
        raise NotImplementedError

    def complete(self, image: np.ndarray, hole: np.ndarray, **options: object) -> np.ndarray:
        arguments: dict = {"avoid": np.zeros_like(hole), "seed": 0, **options}
        return self.engine().complete(image, hole, **arguments).image

    def test_known_pixels_come_back_bit_for_bit(self) -> None:
        image, hole = gravel(60, 80), disc(60, 80, (40, 30), 12)
        filled = self.complete(image, hole)
        assert filled.shape == image.shape
        assert filled.dtype == np.uint8
        assert (filled[~hole] == image[~hole]).all()

    def test_does_not_read_what_is_under_the_hole(self) -> None:
        image, hole = gravel(60, 80), disc(60, 80, (40, 30), 12)
        other = image.copy()
        other[hole] = (255, 0, 255)
        assert (self.complete(image, hole) == self.complete(other, hole)).all()

    def test_leaves_its_input_alone(self) -> None:
        image, hole = gravel(60, 80), disc(60, 80, (40, 30), 12)
        avoid = disc(60, 80, (10, 10), 6)
        before = image.copy(), hole.copy(), avoid.copy()
        self.complete(image, hole, avoid=avoid)
        assert all((a == b).all() for a, b in zip(before, (image, hole, avoid), strict=True))

    def test_same_seed_same_fill_from_several_threads(self) -> None:
        image, hole = gravel(60, 80), disc(60, 80, (40, 30), 12)
        expected = {seed: self.complete(image, hole, seed=seed) for seed in (1, 2)}
        wrong: list[int] = []

        def work(seed: int) -> None:
            for _ in range(4):
                if (self.complete(image, hole, seed=seed) != expected[seed]).any():
                    wrong.append(seed)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in (1, 2, 1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong

    def test_avoided_pixels_are_kept_and_are_no_source(self) -> None:
        image, hole = gravel(60, 80), disc(60, 80, (40, 30), 10)
        avoid = disc(60, 80, (40, 30), 20) & ~hole
        image[avoid] = (255, 0, 255)
        filled = self.complete(image, hole, avoid=avoid)
        assert (filled[avoid] == (255, 0, 255)).all()
        magenta = np.abs(filled[hole].astype(int) - (255, 0, 255)).max(axis=1) < 60
        assert magenta.mean() < 0.02


class TestPatchMatch(EngineContract):
    def engine(self) -> Engine:
        return create_engine("patchmatch")

    def test_another_seed_gives_another_fill(self) -> None:
        image, hole = gravel(60, 80), disc(60, 80, (40, 30), 12)
        assert (self.complete(image, hole, seed=1) != self.complete(image, hole, seed=2)).any()


class TestTelea(EngineContract):
    def engine(self) -> Engine:
        return create_engine("telea")


@pytest.mark.parametrize("name", ENGINES_HERE)
@settings(max_examples=15, deadline=None)
@given(height=st.integers(8, 40), width=st.integers(8, 40), data=st.data())
def test_any_size_and_place_of_hole(name: str, height: int, width: int, data: st.DataObject) -> None:
    top, left = data.draw(st.integers(0, height - 2)), data.draw(st.integers(0, width - 2))
    hole = np.zeros((height, width), np.bool_)
    hole[top : data.draw(st.integers(top + 1, height)), left : data.draw(st.integers(left + 1, width))] = True
    hole[0 if top else -1, 0] = False
    image = gravel(height, width)
    filled = create_engine(name).complete(image, hole, avoid=np.zeros_like(hole), seed=0).image
    assert (filled[~hole] == image[~hole]).all()


def test_every_listed_engine_has_a_contract_test() -> None:
    assert set(ENGINES) == {*ENGINES_HERE, "onnx", "cra", "hybrid", "partial"}


def test_unknown_engine_names_the_valid_ones() -> None:
    with pytest.raises(
        EngineError, match=r"unknown engine 'magic'.*auto, cra, hybrid, onnx, partial, patchmatch, telea"
    ):
        create_engine("magic")


@pytest.mark.parametrize("name", ENGINES_HERE)
def test_a_device_the_engine_cannot_use_is_refused(name: str) -> None:
    with pytest.raises(DeviceError, match=rf"engine '{name}' runs on the cpu only, not on 'cuda'"):
        create_engine(name, EngineOptions(device="cuda"))
    assert create_engine(name, EngineOptions(device="cpu")).device == "cpu"


@pytest.mark.parametrize("name", ENGINES_HERE)
def test_weights_the_engine_does_not_take_are_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match=rf"net.onnx: engine '{name}' takes no weights"):
        create_engine(name, EngineOptions(weights=Path("net.onnx")))
