"""What every exported network keeps. Subclass it in a test file and say how the network is built.

class TestUNet(NetworkContract):
    def exported(self):
        return described(network, picture(64, 96), multiple=32)
"""

import copy

import numpy as np
import onnx
import pytest
import torch

from cleanplate.runtime.contract import InputContract
from cleanplate.weights.record import OutputContract
from cleanplate_training.export import export
from cleanplate_training.onnx_graph import check_constant_filters, example_of, inputs_of_other_sizes
from cleanplate_training.task import Exported, Port

FREE = {0: "batch", 2: "height", 3: "width"}


class NetworkContract:
    """Inherited by the tests of every network."""

    def exported(self) -> Exported:
        """Build the network with random weights from a fixed seed, small enough for a test."""
        raise NotImplementedError

    @pytest.fixture
    def network(self) -> Exported:
        torch.manual_seed(0)
        built = self.exported()
        built.module.eval()
        return built

    def test_it_accepts_every_declared_size(self, network):
        """Heights and widths that are multiples of ``multiple``, each on its own, and any batch."""
        for inputs in inputs_of_other_sizes(network):
            with torch.no_grad():
                outputs = as_tuple(network.module(*inputs))
            assert len(outputs) == len(network.outputs)
            for port, output in zip(network.outputs, outputs, strict=True):
                by_name = {n: inputs[0].shape[p] for p, n in network.inputs[0].dynamic.items()}
                for place, name in port.dynamic.items():
                    if name in by_name:
                        assert output.shape[place] == by_name[name], f"{port.name} changes its {name}"

    def test_it_keeps_float32_and_is_finite(self, network):
        with torch.no_grad():
            outputs = as_tuple(network.module(*examples(network)))
        assert all(output.dtype == torch.float32 and torch.isfinite(output).all() for output in outputs)

    def test_it_leaves_its_input_alone(self, network):
        inputs = examples(network)
        before = copy.deepcopy(inputs)
        with torch.no_grad():
            network.module(*inputs)
        for left, right in zip(inputs, before, strict=True):
            assert torch.equal(left, right)

    def test_it_is_deterministic_and_independent_of_the_batch(self, network):
        inputs = examples(network)
        with torch.no_grad():
            first, second = (as_tuple(network.module(*inputs)) for _ in range(2))
            doubled = as_tuple(network.module(*(torch.cat([each, each.flip(-1)]) for each in inputs)))
        for one, other, both in zip(first, second, doubled, strict=True):
            assert torch.equal(one, other)
            if "batch" in network.inputs[0].dynamic.values():
                torch.testing.assert_close(both[: len(one)], one, atol=1e-4, rtol=1e-4)

    def test_every_weight_learns(self, network):
        """No layer is left out of the forward pass or cut from the gradient."""
        module = copy.deepcopy(network.module).train().requires_grad_(True)
        inputs = inputs_of_other_sizes(network)[-1]
        sum(output.square().mean() for output in as_tuple(module(*inputs))).backward()
        idle = [name for name, weight in module.named_parameters() if weight.grad is None]
        assert not idle

    def test_it_exports_with_parity(self, network, tmp_path):
        report = export(network, tmp_path / "network.onnx", storage="float16")
        graph = onnx.load(report.path)
        check_constant_filters(graph)
        content = report.path.read_bytes()
        assert b"site-packages" not in content
        assert __file__.rsplit("/", 3)[0].encode() not in content
        assert report.parity.largest <= network.atol
        assert report.fidelity.psnr >= 50
        for value, port in zip(graph.graph.input, network.inputs, strict=True):
            names = [dimension.dim_param for dimension in value.type.tensor_type.shape.dim]
            assert {place: name for place, name in enumerate(names) if name} == dict(port.dynamic)


def described(module, example, *, multiple, free=FREE):
    """Describe a network from one picture to one picture of the same size."""
    return Exported(
        module,
        [Port("image", "picture", example, free)],
        [Port("out", "answer", dynamic=free)],
        InputContract(multiple_of=multiple, minimum=multiple),
        OutputContract("answer", "one", "unknown", "unknown", "none", "that of the input"),
    )


def as_tuple(outputs):
    return outputs if isinstance(outputs, tuple) else (outputs,)


def examples(network):
    return tuple(example_of(port).clone() for port in network.inputs)


def picture(height, width, *, seed=0):
    """A smooth picture with some noise, roughly of mean 0 and deviation 1: ``1 x 3 x H x W`` float32."""
    rng = np.random.default_rng(seed)
    coarse = torch.from_numpy(rng.normal(size=(1, 3, 4, 4)).astype(np.float32))
    smooth = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic")
    return smooth + torch.from_numpy(rng.normal(0, 0.1, (1, 3, height, width)).astype(np.float32))
