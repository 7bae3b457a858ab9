import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn
from torch.nn import functional

from cleanplate.errors import EngineError, OutputError
from cleanplate_training.export import export
from cleanplate_training.onnx_graph import check_constant_filters
from cleanplate_training.onnx_storage import stored_as
from cleanplate_training.parity import Difference, difference
from tests.training.network_contract import described, picture


def small_network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 1, 3, padding=1)).eval()


def small(module):
    return described(module, picture(8, 12), multiple=4)


def run(path, image):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": image.numpy()})[0]


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """One traced graph for the tests that only store it."""
    path = tmp_path_factory.mktemp("graph") / "float32.onnx"
    export(small(small_network()), path, storage="float32")
    return onnx.load(path)


@pytest.mark.parametrize(("storage", "bits", "bound"), [("float16", 16, 1e-3), ("int8", 8, 3e-2)])
def test_stored_weights_are_small_and_the_computation_float32(graph, tmp_path, storage, bits, bound):
    stored = stored_as(graph, storage)
    path = tmp_path / "stored.onnx"
    onnx.save(stored, path)
    before = sum(np.prod(tensor.dims) * 4 for tensor in graph.graph.initializer)
    sizes = {TensorProto.FLOAT: 4, TensorProto.FLOAT16: 2, TensorProto.INT8: 1}
    after = sum(np.prod(tensor.dims) * sizes[tensor.data_type] for tensor in stored.graph.initializer)
    assert after < before * bits / 32 * 1.25
    with torch.no_grad():
        expected = small_network()(picture(8, 12)).numpy()
    np.testing.assert_allclose(run(path, picture(8, 12)), expected, atol=bound)
    check_constant_filters(stored)
    # What runs is the same as without storage: constants are restored once, when the session opens.
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    assert {node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node} <= {"Conv", "Relu", "FusedConv"}


def test_weights_that_float16_cannot_hold_stay_float32():
    values = np.full((300,), 1e6, np.float32)
    weight = onnx.numpy_helper.from_array(values, "w")
    value = helper.make_tensor_value_info("y", TensorProto.FLOAT, [300])
    graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [], [value], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    (kept,) = stored_as(model, "float16").graph.initializer
    assert kept.data_type == TensorProto.FLOAT


def test_a_static_graph_has_one_size(tmp_path):
    report = export(small(small_network()), tmp_path / "static.onnx", static_shape=(16, 8))
    shape = onnx.load(report.path).graph.input[0].type.tensor_type.shape
    assert [dimension.dim_value for dimension in shape.dim] == [1, 3, 16, 8]
    with pytest.raises(EngineError, match="multiples of 4"):
        export(small(small_network()), tmp_path / "odd.onnx", static_shape=(15, 8))


class Forgetful(nn.Module):
    """Gives another answer in the graph than in PyTorch."""

    def __init__(self):
        super().__init__()
        self.inner = small_network()

    def forward(self, x):
        return self.inner(x) + (0.0 if torch.compiler.is_compiling() else 0.01)


def test_the_parity_gate_refuses_another_answer(tmp_path):
    with pytest.raises(EngineError, match=r"PyTorch and ONNX disagree \(largest difference 1\.00e-02.*not written"):
        export(small(Forgetful()), tmp_path / "wrong.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_fidelity_gate_refuses_coarse_storage(tmp_path):
    rough = nn.Sequential(small_network(), nn.Sigmoid())
    with torch.no_grad():
        rough[0][0].weight[:, :, 1, 1] *= 100  # one large weight a channel leaves few steps for the others
    with pytest.raises(EngineError, match=r"int8 weights change the output too much .* use --storage float16"):
        export(small(rough), tmp_path / "coarse.onnx", storage="int8")
    assert list(tmp_path.iterdir()) == []


class Dynamic(nn.Module):
    def forward(self, x):
        return functional.conv2d(x, x.mean(dim=(0, 2, 3), keepdim=True).expand(1, 3, 1, 1))


def test_run_time_filters_are_refused(tmp_path):
    with pytest.raises(EngineError, match="filters that are computed at run time; write it as unfold and matmul"):
        export(described(Dynamic(), picture(8, 12), multiple=4, free={}), tmp_path / "dynamic.onnx")


def test_an_existing_file_is_kept(tmp_path):
    path = tmp_path / "there.onnx"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match="already exists"):
        export(small(small_network()), path)
    assert path.read_bytes() == b"mine"


def test_difference_measures_the_worst_and_never_hides_nan():
    one = [[np.array([0.0, 1.0], np.float32)], [np.array([0.0, 2.0], np.float32)]]
    assert difference(one, one) == Difference(0.0, float("inf"))
    other = [[np.array([0.0, 1.0], np.float32)], [np.array([0.2, 2.0], np.float32)]]
    found = difference(one, other)
    assert found.largest == pytest.approx(0.2)
    assert found.psnr == pytest.approx(10 * np.log10(2**2 / (0.2**2 / 2)))
    other[0][0] = np.array([0.0, np.nan], np.float32)
    assert difference(one, other).largest == float("inf")
