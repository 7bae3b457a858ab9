"""A picture in, an array of its size out, whatever the network's size needs are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.errors import EngineError
from cleanplate.runtime.contract import InputContract
from cleanplate.runtime.network import Network
from cleanplate.runtime.session import Session, start
from cleanplate.runtime.tiling import Tiling
from tests.runtime.graphs import convolutions, doubling, joined_lama, lama

LEVELS = InputContract(scale=1.0)


def noise(height: int, width: int, dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(height + width).integers(0, np.iinfo(dtype).max, (height, width, 3)).astype(dtype)


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return start(doubling(tmp_path_factory.mktemp("graphs") / "twice.onnx"), device="cpu", threads=1)


@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    multiple=st.sampled_from([1, 8, 32]),
    minimum=st.integers(1, 64),
)
def test_padding_does_not_show(twice: Session, height: int, width: int, multiple: int, minimum: int) -> None:
    network = Network(twice, InputContract(scale=1.0, multiple_of=multiple, minimum=minimum))
    picture = noise(height, width)
    assert (network(picture) == 2.0 * picture).all()


def test_sixteen_bits_whole_scaled_and_tiled(twice: Session) -> None:
    picture = np.full((60, 50, 3), 32896 + 100, np.uint16)
    expected = 2 * (32896 + 100) * 255 / 65535
    for contract, tiling in (
        (LEVELS, None),
        (InputContract(scale=1.0, maximum=32), None),
        (LEVELS, Tiling(32, 4, 4)),
    ):
        np.testing.assert_allclose(Network(twice, contract, tiling=tiling)(picture), expected, rtol=1e-5)


@settings(max_examples=20)
@given(height=st.integers(20, 90), width=st.integers(20, 90))
def test_tiles_give_what_the_whole_gives(tmp_path_factory: pytest.TempPathFactory, height: int, width: int) -> None:
    session = start(convolutions(tmp_path_factory.mktemp("graphs") / "net.onnx"), device="cpu", threads=1)
    contract = InputContract(multiple_of=2)
    picture = noise(height, width)
    whole = Network(session, contract)(picture)
    tiled = Network(session, contract, tiling=Tiling(40, 8, 4, multiple_of=2))(picture)
    assert whole.shape == (height, width, 2)
    np.testing.assert_allclose(tiled, whole, atol=2e-5)


def test_a_larger_picture_is_shrunk_to_a_fixed_size_and_back(tmp_path: Path) -> None:
    session = start(doubling(tmp_path / "fixed.onnx", shape=[1, 3, 32, 32]), device="cpu")
    y, x = np.mgrid[0:100, 0:60]
    picture = np.stack([x, y, x + y], axis=2).astype(np.uint8)
    answer = Network(session, InputContract(scale=1.0, fixed=(32, 32)))(picture)
    assert answer.shape == (100, 60, 3)
    np.testing.assert_allclose(answer[4:-4, 4:-4], 2.0 * picture[4:-4, 4:-4], atol=3)


def test_masks_go_to_their_own_input_whatever_its_name(tmp_path: Path) -> None:
    path = lama(tmp_path / "net.onnx", size=("h", "w"), names=("a", "b"), answer=(0, 1))
    network = Network(start(path, device="cpu"), InputContract(mask="one_is_hole", multiple_of=8))
    picture = np.full((20, 30, 3), 80, np.uint8)
    hole = np.zeros((20, 30), np.bool_)
    hole[5:9, 5:9] = True
    picture[hole] = 255
    np.testing.assert_allclose(network(picture, hole), 80 / 255, atol=1e-5)


def test_masks_as_a_fourth_channel(tmp_path: Path) -> None:
    network = Network(
        start(joined_lama(tmp_path / "net.onnx"), device="cpu"),
        InputContract(channels="RGB+mask", mask="one_is_hole"),
    )
    picture = np.full((20, 30, 3), 80, np.uint8)
    hole = np.zeros((20, 30), np.bool_)
    hole[5:9, 5:9] = True
    picture[hole] = 255
    np.testing.assert_allclose(network(picture, hole), 80 / 255, atol=1e-5)


def test_contracts_that_are_not_those_of_the_network(twice: Session, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="not what its contract says"):
        Network(twice, InputContract(mask="one_is_hole"))
    with pytest.raises(EngineError, match=r"no output 'alpha' \(outputs: y\)"):
        Network(twice, LEVELS, output="alpha")
    with pytest.raises(EngineError, match="takes no mask"):
        Network(twice, LEVELS)(noise(4, 4), np.zeros((4, 4), np.bool_))
    network = Network(start(lama(tmp_path / "net.onnx"), device="cpu"), InputContract(mask="one_is_hole"))
    with pytest.raises(EngineError, match="takes a mask"):
        network(noise(4, 4))
