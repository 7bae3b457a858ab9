"""A graph in slices says the same, keeps the rest as it was, and leaves what is no widened block alone."""

import numpy as np
import onnx
import pytest
import torch

from cleanplate_training.models.defects import DefectNetwork
from cleanplate_training.onnx_graph import check_constant_filters, to_onnx
from cleanplate_training.onnx_slices import sliced
from cleanplate_training.parity import onnx_outputs
from cleanplate_training.tasks.defects import Defects
from cleanplate_training.tasks.restoration_data import Data


@pytest.fixture(scope="module")
def graph():
    torch.manual_seed(0)
    network = DefectNetwork(widths=(4, 4, 8, 8, 8), pretrained=False).eval()
    task = Defects(Defects.Options(Data(train=(), validation=())), seed=0)
    return to_onnx(task.exported({"network": network}))


def _filters(graph):
    shapes = {each.name: tuple(each.dims) for each in graph.graph.initializer}
    return [shapes[node.input[1]] for node in graph.graph.node if node.op_type == "Conv"]


@pytest.mark.parametrize(("blocks", "channels"), [(1, 16), (3, 32), (3, 40)])
def test_slices_say_the_same(graph, blocks, channels):
    before = graph.SerializeToString(deterministic=True)
    made = sliced(graph, blocks=blocks, channels=channels)
    assert graph.SerializeToString(deterministic=True) == before
    onnx.checker.check_model(made, full_check=True)
    check_constant_filters(made)
    picture = torch.from_numpy(np.random.default_rng(0).random((1, 3, 64, 96), np.float32))
    (whole,), (parts,) = (onnx_outputs(each, [(picture,)])[0] for each in (graph, made))
    np.testing.assert_allclose(parts, whole, atol=1e-5)


def test_only_so_many_blocks_are_cut(graph):
    assert (32, 3, 3, 3) in _filters(graph)
    assert (96, 16, 1, 1) in _filters(graph)
    one, two = (_filters(sliced(graph, blocks=blocks, channels=16)) for blocks in (1, 2))
    assert (32, 3, 3, 3) not in one
    assert (96, 16, 1, 1) in one
    assert (96, 16, 1, 1) not in two
    assert _filters(sliced(graph, blocks=0)) == _filters(graph)


def test_the_last_joined_features_are_read_apart(graph):
    def joins(each):
        return sum(node.op_type == "Concat" for node in each.graph.node)

    assert joins(sliced(graph, blocks=1)) == joins(graph) - 1


def test_the_weights_stay_the_same_in_number(graph):
    def count(filters):
        return sum(int(np.prod(shape)) for shape in filters)

    assert count(_filters(sliced(graph, blocks=4))) == count(_filters(graph))
