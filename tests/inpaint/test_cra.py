"""Engines ``cra`` and ``hybrid`` on a hand-made generator."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

import cleanplate
from cleanplate.errors import ArgumentError, CleanplateError, EngineError
from cleanplate.inpaint import cra as module
from cleanplate.inpaint.attention import Attention
from cleanplate.inpaint.cra import Cra, create
from cleanplate.inpaint.engine import Engine, EngineOptions, create_engine
from cleanplate.inpaint.hybrid import guide_map
from cleanplate.tasks.fill import fill
from cleanplate.weights.catalog import shipped
from cleanplate.weights.store import Installed
from tests.inpaint.generators import generator
from tests.inpaint.pictures import disc, gravel
from tests.inpaint.test_engine_contract import EngineContract
from tests.runtime.graphs import FLOAT, lama, written


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generator in a file."""
    return generator(tmp_path_factory.mktemp("generator") / "net.onnx")


class GeneratorContract(EngineContract):
    """Every engine's promises, with the hand-made generator."""

    name: str

    @pytest.fixture(autouse=True)
    def _network(self, network: Path) -> None:
        self.path = network

    def engine(self) -> Engine:
        return create_engine(self.name, EngineOptions(device="cpu", weights=self.path))

    def test_known_ground_that_is_nearly_gone(self) -> None:
        image = np.full((30, 40, 3), 77, np.uint8)
        hole = np.ones((30, 40), np.bool_)
        hole[:2] = False
        image[hole] = 0
        filled = self.complete(image, hole)
        assert (filled[:2] == 77).all()

    def test_everything_else_avoided(self) -> None:
        image, hole = gravel(40, 40), disc(40, 40, (20, 20), 6)
        filled = self.complete(image, hole, avoid=~hole)
        assert (filled[~hole] == image[~hole]).all()


class TestCra(GeneratorContract):
    name = "cra"

    def test_attends_to_known_cells_of_the_picture_only(self) -> None:
        image, hole = gravel(100, 150), disc(100, 150, (75, 50), 20)
        avoid = np.zeros_like(hole)
        avoid[:, 120:130] = True
        engine = dataclasses.replace(create(EngineOptions(device="cpu", weights=self.path)), detail="soft")
        attention = engine.complete(image, hole, avoid=avoid, seed=0).correspondence
        assert isinstance(attention, Attention)
        assert attention.grid == (8, 10)  # padded to 128 x 160
        assert np.allclose(attention.weights.sum(axis=1), 1.0, atol=1e-5)
        rows, columns = np.divmod(attention.sources, 10)
        assert rows.max() < 100 // 16
        assert columns.max() < 150 // 16
        unknown = hole | avoid
        for row, column in zip(rows, columns, strict=True):
            assert not unknown[row * 16 : row * 16 + 16, column * 16 : column * 16 + 16].any()

    def test_errors_of_the_network_leave_no_step(self, tmp_path: Path) -> None:
        """A network whose whole answer is 5 levels too bright fills without a step at the hole's border."""
        image, hole = np.full((96, 96, 3), 120, np.uint8), disc(96, 96, (48, 48), 20)
        bright = create(EngineOptions(device="cpu", weights=generator(tmp_path / "b.onnx", brighter=5 / 255)))
        filled = bright.complete(image, hole, avoid=np.zeros_like(hole), seed=0).image
        assert np.abs(filled.astype(int) - 120).max() <= 1

    def test_no_attention_where_no_cell_is_known(self) -> None:
        image, hole = gravel(20, 20), disc(20, 20, (10, 10), 4)
        engine = self.engine()
        completion = engine.complete(image, hole, avoid=np.zeros_like(hole), seed=0)
        # The padded picture is 128 x 128, but its only cell that lies in the picture entirely holds the hole.
        assert completion.correspondence is None


class TestHybrid(GeneratorContract):
    name = "hybrid"

    def test_fills_with_pixels_of_the_photo(self) -> None:
        """Two colours only: patch search copies and mixes them, but the generator's mean grey does not stay."""
        image = np.zeros((96, 96, 3), np.uint8)
        image[:, ::8] = image[:, 1::8] = image[:, 2::8] = image[:, 3::8] = 255
        hole = disc(96, 96, (48, 48), 14)
        image[hole] = 128
        filled = self.complete(image, hole)
        assert (np.minimum(filled, 255 - filled)[hole] < 40).mean() > 0.9

    def test_the_guide_decides_what_is_filled_in(self) -> None:
        """Bright discs on dark ground: there is one in the hole if the generator shows one."""
        image = np.full((96, 128, 3), (40, 60, 50), np.uint8)
        for x, y in ((20, 24), (20, 72), (108, 24), (108, 72)):
            image[disc(96, 128, (x, y), 12)] = (200, 210, 190)
        image = np.clip(image + np.random.default_rng(0).normal(0, 6, image.shape), 0, 255).astype(np.uint8)
        hole = disc(96, 128, (64, 48), 26)
        engine = create_engine("hybrid", EngineOptions(device="cpu", weights=self.path))
        bright = []
        for radius in (12, 0):
            shown = image.astype(np.float32)
            shown[hole] = (40, 60, 50)
            shown[disc(96, 128, (64, 48), radius)] = (200, 210, 190)
            made = module.Generated(shown, np.zeros((0, 0), np.float32), (0, 0))
            guided = dataclasses.replace(engine, generator=_Painter(made))
            filled = guided.complete(image, hole, avoid=np.zeros_like(hole), seed=0).image
            bright.append(int(np.count_nonzero(filled[hole].mean(axis=1) > 125)))
        assert 200 < bright[0] < 800  # the disc that is shown has 441 pixels
        assert bright[1] < 40


class _Painter(Cra):
    """A generator that returns what it was given."""

    def __init__(self, made: module.Generated) -> None:
        object.__setattr__(self, "made", made)

    def generate(self, image: np.ndarray, hole: np.ndarray, *, avoid: np.ndarray) -> module.Generated:
        made: module.Generated = self.made  # type: ignore[attr-defined]
        return made


@settings(max_examples=20)
@given(height=st.integers(3, 150), width=st.integers(3, 150), data=st.data())
def test_any_size(network: Path, height: int, width: int, data: st.DataObject) -> None:
    top, left = data.draw(st.integers(0, height - 2)), data.draw(st.integers(0, width - 2))
    hole = np.zeros((height, width), np.bool_)
    hole[top : data.draw(st.integers(top + 1, height)), left : data.draw(st.integers(left + 1, width))] = True
    hole[0 if top else -1, 0] = False
    image = gravel(height, width)
    completion = create(EngineOptions(device="cpu", weights=network)).complete(
        image, hole, avoid=np.zeros_like(hole), seed=0
    )
    assert (completion.image[~hole] == image[~hole]).all()


def test_guide_maps_stay_where_differences_do_not_wrap() -> None:
    picture = gravel(40, 60).astype(np.float32)
    picture[:20], picture[20:] = 0, 255
    found = guide_map(picture, disc(40, 60, (30, 20), 9))
    assert found.shape == (40, 60, 2)
    assert 0 <= found.min() < found.max() <= 0.5
    assert np.isfinite(guide_map(np.full((8, 8, 3), 9, np.float32), np.ones((8, 8), np.bool_))).all()


@pytest.mark.parametrize("engine", ["cra", "hybrid"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_erases_at_full_size(network: Path, engine: str, dtype: type) -> None:
    image = gravel(700, 900, dtype=dtype)
    mask = disc(700, 900, (430, 340), 150)
    result = cleanplate.erase(image, mask, engine=engine, weights=network, device="cpu", threads=2)
    assert result.engine == engine
    assert (result.image[~result.mask] == image[~result.mask]).all()
    inside, outside = (
        float(np.abs(np.diff(result.image[where].astype(float), axis=0)).mean()) for where in _parts(mask)
    )
    assert 0.5 < inside / outside < 2.0
    again = cleanplate.erase(image, mask, engine=engine, weights=network, device="cpu", threads=1)
    assert (again.image == result.image).all()


def _parts(mask: np.ndarray) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    middle = slice(rows[len(rows) // 4], rows[-len(rows) // 4]), slice(columns[len(columns) // 4], columns[-80])
    return middle, (slice(0, 100), slice(0, 200))


def test_erased_colours_never_come_back(network: Path) -> None:
    """What lies under the hole and under what is avoided changes no pixel of the result."""
    image, mask, avoid = gravel(600, 800), disc(600, 800, (300, 300), 120), disc(600, 800, (600, 200), 90)
    other = image.copy()
    other[mask] = (255, 0, 255)
    other[avoid] = (0, 255, 0)
    one, two = (
        cleanplate.erase(
            picture, mask, engine="cra", weights=network, avoid=avoid, grow=0, device="cpu", close_islands=False
        )
        for picture in (image, other)
    )
    deep = disc(600, 800, (300, 300), 110)  # inside the ramp, which blends with what was there
    assert (one.image[deep] == two.image[deep]).all()


def test_windows_take_turns_at_the_network(network: Path) -> None:
    """A run uses all cores, and two at a time would need twice the memory."""
    engine = create(EngineOptions(device="cpu", weights=network))
    inner, running, most = engine.session, 0, 0

    class Counting:
        path = inner.path

        def run(self, feeds: dict) -> dict:
            nonlocal running, most
            running += 1
            most = max(most, running)
            time.sleep(0.02)
            answer = inner.run(feeds)
            running -= 1
            return answer

    counted = dataclasses.replace(engine, session=Counting())
    image = gravel(500, 900)
    hole = disc(500, 900, (120, 120), 30) | disc(500, 900, (770, 120), 30) | disc(500, 900, (440, 400), 30)
    _, reports = fill(image, hole, counted, threads=3)
    assert len(reports) == 3
    assert most == 1


def test_other_networks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"other\.onnx: is no generator with attention scores.*--engine onnx"):
        create(EngineOptions(device="cpu", weights=lama(tmp_path / "other.onnx")))
    with pytest.raises(EngineError, match="is no generator with attention scores"):
        create(EngineOptions(device="cpu", weights=generator(tmp_path / "named.onnx", scores="weights")))


def test_engine_onnx_sends_generators_here(network: Path) -> None:
    with pytest.raises(EngineError, match=r"net\.onnx: is a generator with attention scores; use --engine cra"):
        create_engine("onnx", EngineOptions(device="cpu", weights=network))


def test_scores_of_another_grid_are_refused(tmp_path: Path) -> None:
    engine = create(EngineOptions(device="cpu", weights=generator(tmp_path / "net.onnx", cell=8)))
    image, hole = gravel(128, 128), disc(128, 128, (60, 60), 9)
    with pytest.raises(EngineError, match=r"net\.onnx: returned scores of 1 x 256 x 256 for 64 cells"):
        engine.complete(image, hole, avoid=np.zeros_like(hole), seed=0)


def test_answers_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    value, node = helper.make_tensor_value_info, helper.make_node
    nodes = [
        node("Log", ["mask"], ["fine"]),
        node("Identity", ["image"], ["coarse"]),
        node("Neg", ["mask"], ["scores"]),
    ]
    inputs = [value("image", FLOAT, [1, 3, "h", "w"]), value("mask", FLOAT, [1, 1, "h", "w"])]
    outputs = [value(name, FLOAT, None) for name in ("coarse", "fine", "scores")]
    path = written(tmp_path / "net.onnx", helper.make_graph(nodes, "broken", inputs, outputs))
    engine = create(EngineOptions(device="cpu", weights=path))
    with pytest.raises(EngineError, match=r"returned 128 x 128 x 1 for a picture of 128 x 128"):
        engine.complete(gravel(128, 128), disc(128, 128, (60, 60), 9), avoid=np.zeros((128, 128), np.bool_), seed=0)


def test_without_weights_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "whereabouts", lambda record: None)
    for name in ("cra", "hybrid"):
        with pytest.raises(EngineError, match="needs a generator, and none is installed"):
            create_engine(name)
    with pytest.raises(CleanplateError):
        create_engine("cra", EngineOptions(weights=Path("gone.onnx")))


def test_works_at_the_size_that_the_record_names(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert create(EngineOptions(device="cpu", weights=network)).working_size == 512
    record = shipped().records[0]
    for size in (256, None):
        fed = dataclasses.replace(record, input=dataclasses.replace(module.CONTRACT, working_size=size))
        monkeypatch.setattr(module, "resolve", lambda wanted, fed=fed: Installed(network, fed, "given"))
        assert create(EngineOptions(device="cpu", weights=Path("any"))).working_size == (size or 512)


def test_records_of_generators_are_told_by_their_ports() -> None:
    assert not any(module.is_generator(record) for record in shipped().records if record.name in ("lama", "migan"))
    assert all(record.task == "inpaint" for record in module.generators())


def test_engines_without_network_take_no_weights() -> None:
    with pytest.raises(ArgumentError):
        create_engine("patchmatch", EngineOptions(weights=Path("net.onnx")))
