"""Engine ``onnx`` on networks made here: how they are fed, what comes back, and what is refused."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import NodeProto, helper

import cleanplate
from cleanplate.errors import DeviceError, EngineError, MissingInputError, WeightsError
from cleanplate.inpaint import onnx as module
from cleanplate.inpaint.engine import Engine, EngineOptions, create_engine
from cleanplate.inpaint.onnx import create
from cleanplate.inpaint.onnx_style import contract_of, style_of
from cleanplate.runtime.session import start
from cleanplate.weights.catalog import shipped
from cleanplate.weights.store import Installed
from tests.inpaint.pictures import disc, gravel
from tests.inpaint.test_engine_contract import EngineContract
from tests.runtime.graphs import FLOAT, HALF, convolutions, doubling, joined_lama, lama, migan, written


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One file of each kind that is taken."""
    folder = tmp_path_factory.mktemp("graphs")
    return {
        "fixed LaMa": lama(folder / "fixed.onnx"),
        "free LaMa": lama(folder / "free.onnx", size=("h", "w"), answer=(0, 1)),
        "LaMa of another range": lama(folder / "range.onnx", size=("h", "w"), answer=(-1, 1)),
        "half-precision LaMa": lama(folder / "half.onnx", size=("h", "w"), kind=HALF, answer=(0, 1)),
        "small fixed LaMa": lama(folder / "small.onnx", size=(48, 64)),
        "joined LaMa": joined_lama(folder / "joined.onnx"),
        "MI-GAN": migan(folder / "migan.onnx"),
    }


KINDS = [
    "fixed LaMa",
    "free LaMa",
    "LaMa of another range",
    "half-precision LaMa",
    "small fixed LaMa",
    "joined LaMa",
    "MI-GAN",
]


@pytest.mark.parametrize("kind", KINDS)
class TestOnnx(EngineContract):
    """Every engine's promises, for each kind of file."""

    @pytest.fixture(autouse=True)
    def _weights(self, graphs: dict[str, Path], kind: str) -> None:
        self.path = graphs[kind]

    def engine(self) -> Engine:
        return create_engine("onnx", EngineOptions(device="cpu", weights=self.path))

    def test_fills_with_what_the_network_says(self) -> None:
        # Left half one colour, right half another: the networks fill by the mean of what is known.
        image = np.zeros((40, 60, 3), np.uint8)
        image[:, :30], image[:, 30:] = (200, 40, 90), (100, 60, 10)
        hole = disc(40, 60, (30, 20), 8)
        filled = self.complete(image, hole)
        assert filled[hole].std(axis=0).max() == 0
        # Mirrored padding repeats the halves unevenly, so the mean lies between them.
        for value, (low, high) in zip(filled[hole][0], [(100, 200), (40, 60), (10, 90)], strict=True):
            assert low < value < high

    def test_one_colour_is_continued(self) -> None:
        image = np.full((33, 47, 3), (10, 120, 230), np.uint8)
        hole = disc(33, 47, (20, 14), 9)
        image[hole] = 255
        assert np.abs(self.complete(image, hole).astype(int) - (10, 120, 230)).max() <= 1

    def test_erased_colours_do_not_shine_through_at_the_rim(self) -> None:
        image = np.full((64, 64, 3), 120, np.uint8)
        hole = disc(64, 64, (32, 32), 12)
        image[hole] = 0
        assert np.abs(self.complete(image, hole).astype(int) - 120).max() <= 1

    def test_nearly_everything_unknown(self) -> None:
        image = np.full((30, 30, 3), 77, np.uint8)
        hole = np.ones((30, 30), np.bool_)
        hole[:2] = False
        image[hole] = 0
        filled = self.complete(image, hole)
        assert (filled[:2] == 77).all()
        assert filled.shape == image.shape

    def test_device_and_size_are_told(self) -> None:
        engine = self.engine()
        assert engine.device == "cpu"
        assert engine.name == "onnx"
        assert engine.working_size == (48 if self.path.name == "small.onnx" else 512)


@settings(max_examples=25)
@given(height=st.integers(3, 90), width=st.integers(3, 130), data=st.data())
def test_any_size_in_a_small_fixed_network(
    graphs: dict[str, Path], height: int, width: int, data: st.DataObject
) -> None:
    top, left = data.draw(st.integers(0, height - 2)), data.draw(st.integers(0, width - 2))
    hole = np.zeros((height, width), np.bool_)
    hole[top : data.draw(st.integers(top + 1, height)), left : data.draw(st.integers(left + 1, width))] = True
    hole[0 if top else -1, 0] = False
    image = gravel(height, width)
    engine = create(EngineOptions(device="cpu", weights=graphs["small fixed LaMa"]))
    filled = engine.complete(image, hole, avoid=np.zeros_like(hole), seed=0).image
    assert (filled[~hole] == image[~hole]).all()


def test_a_sliver_of_known_ground_survives_scaling(graphs: dict[str, Path]) -> None:
    """Scaled to the network's size every pixel is touched by the hole; the network must still see something known."""
    image, hole = gravel(3, 65), np.ones((3, 65), np.bool_)
    hole[:, 64:] = False
    hole[2, 0] = False
    engine = create(EngineOptions(device="cpu", weights=graphs["small fixed LaMa"]))
    filled = engine.complete(image, hole, avoid=np.zeros_like(hole), seed=0).image
    assert (filled[~hole] == image[~hole]).all()


def test_wide_pictures_keep_their_aspect_in_a_fixed_network(graphs: dict[str, Path]) -> None:
    """A square hole stays square for the network: its share of the network's picture is that of the padded picture."""
    style = style_of(start(graphs["small fixed LaMa"], device="cpu"), None)
    from cleanplate.runtime.sizing import fitting

    fit = fitting(100, 400, style.contract)
    mask = np.zeros((100, 400), np.bool_)
    mask[20:60, 100:140] = True
    small = fit.mask(mask)[: fit.scaled[0], : fit.scaled[1]]
    rows, columns = small.any(axis=1).sum(), small.any(axis=0).sum()
    assert abs(int(rows) - int(columns)) <= 1


@pytest.mark.parametrize(("answer"), [(0.0, 1.0), (0.0, 255.0), (-1.0, 1.0)])
def test_the_range_of_the_answer_is_found(tmp_path: Path, answer: tuple[float, float]) -> None:
    session = start(lama(tmp_path / "net.onnx", size=("h", "w"), answer=answer), device="cpu")
    style = style_of(session, None)
    assert (style.lowest, style.highest) == answer
    assert style_of(session, None) is style


def test_a_mask_the_other_way_round_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"does not give back the known part.*supported: LaMa style"):
        create(EngineOptions(device="cpu", weights=lama(tmp_path / "net.onnx", size=("h", "w"), hole=0)))
    with pytest.raises(EngineError, match="does not give back the known part"):
        create(EngineOptions(device="cpu", weights=migan(tmp_path / "other.onnx", known=0)))


def test_networks_for_something_else_are_refused_with_what_was_found(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"it takes x \(float32 1 x 3 x \? x \?\); supported: LaMa style"):
        create(EngineOptions(device="cpu", weights=doubling(tmp_path / "twice.onnx")))
    with pytest.raises(EngineError, match="no completion network"):
        create(EngineOptions(device="cpu", weights=doubling(tmp_path / "one.onnx", shape=[1, 5])))
    with pytest.raises(EngineError, match=r"no single picture among its outputs: y \(float32 1 x 4 x \? x \?\)"):
        create(EngineOptions(device="cpu", weights=doubling(tmp_path / "four.onnx", shape=[1, 4, "h", "w"])))
    with pytest.raises(EngineError, match="no completion network"):
        create(EngineOptions(device="cpu", weights=convolutions(tmp_path / "other.onnx")))


def _of_two_inputs(path: Path, *nodes: NodeProto, size: tuple[int | str, int | str] = ("h", "w")) -> Path:
    """A graph from ``image`` and ``mask`` to ``output``."""
    value = helper.make_tensor_value_info
    inputs = [value("image", FLOAT, [1, 3, *size]), value("mask", FLOAT, [1, 1, *size])]
    outputs = [value("output", FLOAT, [1, 3, None, None])]
    return written(path, helper.make_graph(list(nodes), "two inputs", inputs, outputs))


KEPT = helper.make_node("Mul", ["image", "mask"], ["erased"]), helper.make_node("Sub", ["image", "erased"], ["kept"])


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ([*KEPT, helper.make_node("Identity", ["kept"], ["output"])], "leaves the hole of a test picture black"),
        (
            [*KEPT, helper.make_node("AveragePool", ["kept"], ["output"], kernel_shape=[2, 2], strides=[2, 2])],
            "returns 128 x 128 pixels for 256 x 256",
        ),
        (
            [
                helper.make_node("Neg", ["image"], ["negative"]),
                helper.make_node("Add", ["negative", "mask"], ["sum"]),
                helper.make_node("Log", ["sum"], ["output"]),
            ],
            "returns numbers that are not finite",
        ),
    ],
)
def test_networks_that_do_something_else_are_noticed(tmp_path: Path, nodes: list[NodeProto], said: str) -> None:
    with pytest.raises(EngineError, match=rf"other\.onnx: .*{said}"):
        create(EngineOptions(device="cpu", weights=_of_two_inputs(tmp_path / "other.onnx", *nodes)))


def test_a_network_that_fixes_one_side_gets_squares(tmp_path: Path) -> None:
    engine = create(EngineOptions(device="cpu", weights=lama(tmp_path / "net.onnx", size=(64, "w"))))
    assert engine.style.contract.fixed == (64, 64)
    image, hole = gravel(40, 90), disc(40, 90, (50, 20), 9)
    filled = engine.complete(image, hole, avoid=np.zeros_like(hole), seed=0).image
    assert (filled[~hole] == image[~hole]).all()


def test_a_network_for_too_few_pixels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"takes only 2 x 2 pixels, too few"):
        create(EngineOptions(device="cpu", weights=lama(tmp_path / "net.onnx", size=(2, 2))))


def test_files_that_are_no_networks(tmp_path: Path) -> None:
    checkpoint = tmp_path / "best.pth"
    checkpoint.write_bytes(b"zip")
    with pytest.raises(WeightsError, match=r"best\.pth: is no ONNX file; see 'cleanplate models convert"):
        create(EngineOptions(weights=checkpoint))
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"zip")
    with pytest.raises(WeightsError, match=r"broken\.onnx: cannot be loaded"):
        create(EngineOptions(weights=broken))
    with pytest.raises((WeightsError, MissingInputError), match=r"gone\.onnx"):
        create(EngineOptions(weights=tmp_path / "gone.onnx"))


def test_a_device_that_is_missing_is_an_error(graphs: dict[str, Path]) -> None:
    with pytest.raises(DeviceError, match="installed: cpu"):
        create(EngineOptions(device="cann", weights=graphs["free LaMa"]))


def test_without_weights_the_error_says_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(module, "whereabouts", lambda record: None)
    with pytest.raises(EngineError, match=r"needs a network; give one by --weights FILE.*models fetch lama or migan"):
        create(EngineOptions())


def test_one_installed_network_is_used_and_several_are_asked_about(
    graphs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {"lama"}
    monkeypatch.setattr(module, "whereabouts", lambda record: graphs["fixed LaMa"] if record.name in here else None)
    monkeypatch.setattr(
        module, "resolve", lambda name: Installed(graphs["fixed LaMa"], shipped().named(name), "fetched")
    )
    engine = create(EngineOptions(device="cpu"))
    assert engine.weights.record is not None
    assert engine.weights.record.name == "lama"
    here.add("migan")
    with pytest.raises(EngineError, match="several networks to choose from; choose by --weights lama or migan"):
        create(EngineOptions(device="cpu"))


def test_weights_of_another_task_are_refused(graphs: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        module, "resolve", lambda wanted: Installed(graphs["fixed LaMa"], shipped().named("u2net"), "fetched")
    )
    with pytest.raises(EngineError, match=r"is 'u2net', for saliency.*such as lama or migan"):
        create(EngineOptions(weights=Path("u2net")))


@pytest.mark.parametrize(("name", "kind"), [("lama", "fixed LaMa"), ("migan", "MI-GAN")])
def test_records_of_known_files_fit_their_style(graphs: dict[str, Path], name: str, kind: str) -> None:
    """Networks with the inputs and outputs of the published ones run by their records, without a trial."""
    record = shipped().named(name)
    session = start(graphs[kind], device="cpu")
    guessed = style_of(session, None)
    recorded = style_of(start(graphs[kind], device="cpu"), record)
    assert (recorded.lowest, recorded.highest, recorded.soft_edge) == (0.0, 255.0, guessed.soft_edge)
    assert recorded.contract == guessed.contract == contract_of(session)


def test_known_bytes_go_by_their_record(
    graphs: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A given file whose sha256 a record knows is fed as the record says: no trial run is made."""
    path = graphs["fixed LaMa"]
    content = path.read_bytes()
    record = dataclasses.replace(
        shipped().named("lama"), sha256=hashlib.sha256(content).hexdigest(), bytes=len(content)
    )
    monkeypatch.setattr(module, "resolve", lambda wanted: Installed(path, record, "given"))
    monkeypatch.setattr("cleanplate.inpaint.onnx_style._tried", pytest.fail)
    copy = tmp_path / "named otherwise.onnx"
    copy.write_bytes(content)
    engine = create(EngineOptions(device="cpu", weights=copy))
    assert engine.style.highest == 255.0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_erases_with_a_file_of_the_users(graphs: dict[str, Path], dtype: type) -> None:
    image = gravel(150, 200, dtype=dtype)
    mask = disc(150, 200, (100, 70), 25)
    result = cleanplate.erase(image, mask, weights=graphs["MI-GAN"], device="cpu")
    assert result.engine == "onnx"
    assert result.device == "cpu"
    assert (result.image[~result.mask] == image[~result.mask]).all()
    assert (result.image[mask] != image[mask]).any()
