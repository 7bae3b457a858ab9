"""Published weights by key and shape; the files are written here as their programs write them."""

import numpy as np
import pytest
import torch

from cleanplate.errors import BrokenInputError, InputError, MissingInputError
from cleanplate_training import checkpoint
from cleanplate_training.models import cra_published
from cleanplate_training.models.cra import CraGenerator
from cleanplate_training.run import load_weights

COARSE = [(4, 32, 5), (32, 32, 3), (32, 64, 3)]
"""Input channels, output channels and side of the filters, as the public sources build their layers."""


def mindspore():
    """Shapes by name, from the modules of the tutorial's ``GatedGenerator``."""
    shapes = {}

    def gated(name, inputs, outputs, side=3, *, single=False):
        shapes[f"{name}.conv2d.weight"] = (outputs, inputs, side, side)
        shapes[f"{name}.conv2d.bias"] = (outputs,)
        gate = f"{name}.gate_factor." + ("single_channel_conv" if single else "ds_conv")
        shapes[f"{gate}.weight"] = (1, inputs, side, side) if single else (outputs, inputs, 1, 1)
        shapes[f"{gate}.bias"] = (1,) if single else (outputs,)

    for place, (inputs, outputs, side) in enumerate(COARSE):
        gated(f"coarse.coarse1.{place}", inputs, outputs, side, single=True)
    for number, count in zip(range(2, 8), (3, 3, 5, 4, 2, 3), strict=True):
        for place in range(count):
            gated(f"coarse.coarse{number}.{place}", 64, 64, single=True)
    gated("coarse.coarse8.0.gate_conv2d", 64, 32, single=True)
    gated("coarse.coarse8.1", 32, 32, single=True)
    gated("coarse.coarse8.2.gate_conv2d", 32, 3, single=True)
    for number, (inputs, outputs) in {1: (4, 32), 2: (32, 64), 3: (64, 128)}.items():
        gated(f"refinement{number}.0", inputs, outputs)
        gated(f"refinement{number}.1", outputs, outputs)
    gated("refinement4", 128, 128)
    for name in ("refinement5.0", "refinement5.1", "refinement6.0", "refinement6.1", "conv_att1"):
        gated(name, 128, 128)
    gated("conv_att2", 256, 128)
    gated("refinement7.0.gate_conv2d", 128, 64)
    gated("refinement7.1", 64, 64)
    gated("refinement8.0.gate_conv2d", 128, 32)
    gated("refinement8.1", 32, 32)
    gated("refinement9.gate_conv2d", 64, 3)
    for module in ("apply_attention1", "apply_attention2"):  # each has the layers of both resolutions
        for name, width in (("conv_pl2", 64), ("conv_pl1", 32)):
            gated(f"{module}.{name}.0", width, width)
            gated(f"{module}.{name}.1", width, width)
    shapes["contextual_attention.conv2.conv.weight"] = (1, 1, 3, 3)  # a filter that is set at run time
    return shapes


def tensorflow():
    """Shapes by name, from the variable scopes of ``build_generator``."""
    shapes = {}

    def gated(name, inputs, outputs, side=3, *, single=False):
        suffix = "_feat" if single else ""
        shapes[f"generator/{name}{suffix}/w"] = (side, side, inputs, outputs)
        shapes[f"generator/{name}{suffix}/biases"] = (outputs,)
        gate = ("_gate/w", "_gate/biases") if single else ("/pw", "/ds_biases")
        shapes[f"generator/{name}{gate[0]}"] = (side, side, inputs, 1) if single else (1, 1, inputs, outputs)
        shapes[f"generator/{name}{gate[1]}"] = (1,) if single else (outputs,)

    for name, (inputs, outputs, side) in zip(("c_en_down_128", "c_en_conv_128", "c_en_down_64"), COARSE, strict=True):
        gated(name, inputs, outputs, side, single=True)
    for name in [f"c_{way}_conv{n}_64" for way in ("en", "de") for n in (1, 2, 3)]:
        gated(name, 64, 64, single=True)
    for number in range(1, 15):
        gated(f"c_dil_d{number}", 64, 64, single=True)
    gated("c_de_up_128/c_de_up_128_conv", 64, 32, single=True)
    gated("c_de_conv_128", 32, 32, single=True)
    gated("c_de_toRGB/c_de_toRGB_conv", 32, 3, single=True)
    for side, inputs, outputs in ((256, 4, 32), (128, 32, 64), (64, 64, 128)):
        gated(f"re_en_down_{side}", inputs, outputs)
        gated(f"re_en_conv_{side}", outputs, outputs)
    for name in [*(f"re_dil_d{n}" for n in (1, 2, 4, 8, 16)), "re_att_64_att1"]:
        gated(name, 128, 128)
    gated("re_att_64_att3", 256, 128)
    for side, inputs, outputs in ((128, 128, 64), (256, 128, 32)):
        gated(f"re_de_up__{side}/re_de_up__{side}_conv", inputs, outputs)
        for name in (f"re_de_conv_{side}", f"re_de_att_{side}_1", f"re_de_att_{side}_2"):
            gated(name, outputs, outputs)
    gated("re_de_toRGB__256/re_de_toRGB__256_conv", 64, 3)
    return shapes


def drawn(shapes, *, seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def write_mindspore(path, arrays, *, prefix="", piece=None):
    message = cra_published._message_type()()
    for name, array in arrays.items():
        data = array.tobytes()
        step = piece or max(1, len(data))
        for start in range(0, len(data), step):
            entry = message.value.add(tag=prefix + name)
            entry.tensor.dims.extend(array.shape)
            entry.tensor.tensor_type = "Float32"
            entry.tensor.tensor_content = data[start : start + step]
    path.write_bytes(message.SerializeToString())


@pytest.fixture(scope="module")
def generator():
    return CraGenerator(refine_gate="pixel", shortcuts=False)


@pytest.mark.parametrize("shapes", [mindspore(), tensorflow()], ids=["MindSpore", "TensorFlow"])
def test_every_published_weight_has_its_place(generator, shapes):
    published = {name: torch.from_numpy(array) for name, array in drawn(shapes).items()}
    weights = cra_published.generator_weights(published)
    assert {name: tensor.shape for name, tensor in weights.items()} == {
        name: tensor.shape for name, tensor in generator.state_dict().items()
    }


def test_every_tensorflow_variable_is_used_once():
    shapes = tensorflow()
    count = sum(int(np.prod(shape)) for shape in shapes.values())
    assert count == sum(weight.numel() for weight in CraGenerator(refine_gate="pixel").parameters())


def test_both_layouts_of_one_network_give_the_same_weights():
    names = dict(cra_published._layers())
    assert len(names) == 48
    first = drawn(tensorflow())
    one = cra_published.generator_weights({name: torch.from_numpy(array) for name, array in first.items()})
    again = {}
    for own, both in names.items():
        single = own.startswith("coarse.")
        for part, name in cra_published._parts(both["mindspore"], "mindspore", single=single).items():
            again[name] = one[f"{own}.{part}"]
    other = cra_published.generator_weights(again)
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("piece", [None, 5000])
def test_a_mindspore_file_is_read(tmp_path, generator, piece):
    arrays = drawn(mindspore())
    write_mindspore(tmp_path / "cra.ckpt", arrays, prefix="net_g.", piece=piece)
    load_weights({"generator": generator}, checkpoint.load(tmp_path / "cra.ckpt"))
    published = arrays["coarse.coarse4.3.conv2d.weight"]
    np.testing.assert_array_equal(generator.coarse.middle[2][3].feature.weight.detach().numpy(), published)


def test_tensorflow_variables_are_read_and_turned(tmp_path, generator):
    arrays = drawn(tensorflow())
    np.savez(tmp_path / "hifill.npz", **arrays, global_step=np.int64(7))
    load_weights({"generator": generator}, checkpoint.load(tmp_path / "hifill.npz"))
    published = arrays["generator/re_de_toRGB__256/re_de_toRGB__256_conv/w"]
    weight = generator.refine.up_full.feature.weight.detach().numpy()
    np.testing.assert_array_equal(weight[2, 5], published[:, :, 5, 2])


def test_a_generator_of_another_form_is_refused(tmp_path):
    write_mindspore(tmp_path / "cra.ckpt", drawn(mindspore()))
    with pytest.raises(InputError, match="does not fit the network 'generator'"):
        load_weights({"generator": CraGenerator()}, checkpoint.load(tmp_path / "cra.ckpt"))


def test_files_that_are_none_are_refused(tmp_path):
    arrays = drawn(mindspore())
    del arrays["refinement4.conv2d.bias"]
    write_mindspore(tmp_path / "gap.ckpt", arrays)
    (tmp_path / "junk.ckpt").write_bytes(b"\xff\xff no message")
    (tmp_path / "empty.ckpt").write_bytes(b"")
    (tmp_path / "junk.npz").write_bytes(b"PK no archive")
    with pytest.raises(BrokenInputError, match=r"refinement4\.conv2d\.bias"):
        checkpoint.load(tmp_path / "gap.ckpt")
    for name in ("junk.ckpt", "empty.ckpt", "junk.npz"):
        with pytest.raises(BrokenInputError):
            checkpoint.load(tmp_path / name)
    with pytest.raises(MissingInputError):
        checkpoint.load(tmp_path / "none.ckpt")
