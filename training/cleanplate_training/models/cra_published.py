"""Weights of generators that others published, for :class:`~cleanplate_training.models.cra.CraGenerator`.

Two layouts are known from public sources: the MindSpore one (tutorial "Contextual Residual Aggregation" of
mindspore-courses/applications, whose checkpoint ``cra.ckpt`` was trained on Places2), and the TensorFlow one
(github.com/duxingren14/Hifill-tensorflow, by an author of the paper). Both are the same network: gates of the refining
network are pointwise convolutions, and there are no shortcuts, so it must be built with ``refine_gate="pixel"`` and
``shortcuts=False``.

They are weights to start a training from, not to use as they are: those programs pad strided convolutions at the right
and lower edge only, enlarge from the upper left corner, end in an ELU and lay overlapping patches in attention.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cleanplate.errors import BrokenInputError, MissingInputError

SUFFIXES = (".ckpt", ".npz")
"""MindSpore checkpoints; TensorFlow's variables by name, as ``numpy.savez`` writes them."""

_MINDSPORE = "mindspore"
_TENSORFLOW = "tensorflow"
_DTYPES = {"Float32": np.float32, "Float16": np.float16, "Float64": np.float64, "Int32": np.int32, "Int64": np.int64}
_ROOTS = r"coarse\.|refinement\d|conv_att\d|apply_attention\d|c_(en|de|dil)_|re_(en|de|dil|att)_"
_PREFIX = re.compile(rf"^.*?(?={_ROOTS})")


def load(path: Path) -> dict[str, Any]:
    """Read published weights as :func:`cleanplate_training.checkpoint.load` reads checkpoints (weights alone).

    Raises:
        MissingInputError: there is no such file.
        BrokenInputError: it is no such file, or not of this network.
    """
    if not path.is_file():
        raise MissingInputError("there is no such checkpoint", subject=path)
    tensors = read_mindspore(path) if path.suffix == ".ckpt" else _read_arrays(path)
    try:
        weights = generator_weights(tensors)
    except KeyError as error:
        raise BrokenInputError(f"lacks {error.args[0]!r} of the published generator", subject=path) from None
    return {"networks": {"generator": weights}, "averages": {}}


def generator_weights(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename published weights to those of the generator; filters become ``out x in x height x width``.

    Args:
        published: Tensors by their published name, in either layout; what the generator does not need is left out.

    Raises:
        KeyError: one that it needs is missing.
    """
    layout = _TENSORFLOW if any(name.endswith("/w") for name in published) else _MINDSPORE
    found = {_without_prefix(name): tensor for name, tensor in published.items()}
    weights = {}
    for own, names in _layers():
        single = own.startswith("coarse.")
        for part, name in _parts(names[layout], layout, single=single).items():
            tensor = found[name].float()
            weights[f"{own}.{part}"] = tensor.permute(3, 2, 0, 1) if name.endswith(("/w", "/pw")) else tensor
    return {name: tensor.contiguous() for name, tensor in weights.items()}


def read_mindspore(path: Path) -> dict[str, Tensor]:
    """Read a MindSpore checkpoint: one protocol-buffer message of named tensors, long ones in several pieces.

    Raises:
        BrokenInputError: it is no such file, or holds a type of number that is not known.
    """
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    message = _message_type()()
    try:
        message.ParseFromString(path.read_bytes())
    except DecodeError as error:
        raise BrokenInputError("is not a MindSpore checkpoint", subject=path) from error
    contents: dict[str, bytes] = {}
    facts: dict[str, tuple[str, list[int]]] = {}
    for entry in message.value:
        contents[entry.tag] = contents.get(entry.tag, b"") + entry.tensor.tensor_content
        facts[entry.tag] = (entry.tensor.tensor_type, list(entry.tensor.dims))
    if not contents:
        raise BrokenInputError("is not a MindSpore checkpoint", subject=path)
    return {tag: _tensor(path, tag, contents[tag], *facts[tag]) for tag in contents if facts[tag][0]}


def _tensor(path: Path, tag: str, content: bytes, kind: str, sides: list[int]) -> Tensor:
    if kind not in _DTYPES:
        raise BrokenInputError(f"has numbers of type {kind!r} in {tag!r}", subject=path)
    values = np.frombuffer(content, _DTYPES[kind])
    if values.size != int(np.prod(sides)):
        raise BrokenInputError(f"holds {values.size} numbers for {tag!r} of shape {sides}", subject=path)
    return torch.from_numpy(values.reshape(sides).copy())


def _message_type() -> Any:
    """Return the class of MindSpore's message ``Checkpoint`` (field numbers from its public ``checkpoint.proto``)."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]

    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="checkpoint.proto", package="mindspore_checkpoint", syntax="proto2")
    tensor = file.message_type.add(name="TensorProto")
    tensor.field.add(name="dims", number=1, label=field.LABEL_REPEATED, type=field.TYPE_INT64)
    tensor.field.add(name="tensor_type", number=2, label=field.LABEL_OPTIONAL, type=field.TYPE_STRING)
    tensor.field.add(name="tensor_content", number=3, label=field.LABEL_OPTIONAL, type=field.TYPE_BYTES)
    value = file.message_type.add(name="Value")
    value.field.add(name="tag", number=1, label=field.LABEL_OPTIONAL, type=field.TYPE_STRING)
    value.field.add(
        name="tensor",
        number=2,
        label=field.LABEL_OPTIONAL,
        type=field.TYPE_MESSAGE,
        type_name=".mindspore_checkpoint.TensorProto",
    )
    whole = file.message_type.add(name="Checkpoint")
    whole.field.add(
        name="value",
        number=1,
        label=field.LABEL_REPEATED,
        type=field.TYPE_MESSAGE,
        type_name=".mindspore_checkpoint.Value",
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("mindspore_checkpoint.Checkpoint"))


def _read_arrays(path: Path) -> dict[str, Tensor]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(arrays[name]) for name in arrays.files if arrays[name].dtype.kind == "f"}
    except (OSError, ValueError) as error:
        raise BrokenInputError("is not a file of named arrays", subject=path) from error


def _without_prefix(name: str) -> str:
    """Cut what wrapping networks put before a name: MindSpore's cells (``net_g.``), TensorFlow's scope."""
    return _PREFIX.sub("", name)


def _parts(name: str, layout: str, *, single: bool) -> dict[str, str]:
    """Return the published names of a layer's four tensors, by their own."""
    if layout == _MINDSPORE:
        gate = f"{name}.gate_factor.{'single_channel_conv' if single else 'ds_conv'}"
        feature = f"{name}.conv2d"
        return {
            "feature.weight": f"{feature}.weight",
            "feature.bias": f"{feature}.bias",
            "gate.weight": f"{gate}.weight",
            "gate.bias": f"{gate}.bias",
        }
    if single:
        return {
            "feature.weight": f"{name}_feat/w",
            "feature.bias": f"{name}_feat/biases",
            "gate.weight": f"{name}_gate/w",
            "gate.bias": f"{name}_gate/biases",
        }
    return {
        "feature.weight": f"{name}/w",
        "feature.bias": f"{name}/biases",
        "gate.weight": f"{name}/pw",
        "gate.bias": f"{name}/ds_biases",
    }


def _layers() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every gated layer's own name and its names in both layouts."""
    rows = [
        *_numbered("coarse.down", "coarse.coarse1", ("c_en_down_128", "c_en_conv_128", "c_en_down_64")),
        *_numbered("coarse.middle.0", "coarse.coarse2", tuple(f"c_en_conv{n}_64" for n in (1, 2, 3))),
        *_numbered("coarse.middle.1", "coarse.coarse3", tuple(f"c_dil_d{n}" for n in range(1, 4))),
        *_numbered("coarse.middle.2", "coarse.coarse4", tuple(f"c_dil_d{n}" for n in range(4, 9))),
        *_numbered("coarse.middle.3", "coarse.coarse5", tuple(f"c_dil_d{n}" for n in range(9, 13))),
        *_numbered("coarse.middle.4", "coarse.coarse6", tuple(f"c_dil_d{n}" for n in (13, 14))),
        *_numbered("coarse.middle.5", "coarse.coarse7", tuple(f"c_de_conv{n}_64" for n in (1, 2, 3))),
        ("coarse.up.0", "coarse.coarse8.0.gate_conv2d", "c_de_up_128/c_de_up_128_conv"),
        ("coarse.up.1", "coarse.coarse8.1", "c_de_conv_128"),
        ("coarse.up.2", "coarse.coarse8.2.gate_conv2d", "c_de_toRGB/c_de_toRGB_conv"),
        *_numbered("refine.down_half", "refinement1", ("re_en_down_256", "re_en_conv_256")),
        *_numbered("refine.down_quarter", "refinement2", ("re_en_down_128", "re_en_conv_128")),
        *_numbered("refine.down_eighth", "refinement3", ("re_en_down_64", "re_en_conv_64")),
        ("refine.middle.0.0", "refinement4", "re_dil_d1"),
        *_numbered("refine.middle.1", "refinement5", ("re_dil_d2", "re_dil_d4")),
        *_numbered("refine.middle.2", "refinement6", ("re_dil_d8", "re_dil_d16")),
        ("refine.moved_eighth", "conv_att1", "re_att_64_att1"),
        ("refine.join", "conv_att2", "re_att_64_att3"),
        ("refine.up_quarter.0", "refinement7.0.gate_conv2d", "re_de_up__128/re_de_up__128_conv"),
        ("refine.up_quarter.1", "refinement7.1", "re_de_conv_128"),
        *_numbered("refine.moved_quarter", "apply_attention1.conv_pl2", ("re_de_att_128_1", "re_de_att_128_2")),
        ("refine.up_half.0", "refinement8.0.gate_conv2d", "re_de_up__256/re_de_up__256_conv"),
        ("refine.up_half.1", "refinement8.1", "re_de_conv_256"),
        *_numbered("refine.moved_half", "apply_attention2.conv_pl1", ("re_de_att_256_1", "re_de_att_256_2")),
        ("refine.up_full", "refinement9.gate_conv2d", "re_de_toRGB__256/re_de_toRGB__256_conv"),
    ]
    for own, mindspore, tensorflow in rows:
        yield own, {_MINDSPORE: mindspore, _TENSORFLOW: tensorflow}


def _numbered(own: str, mindspore: str, tensorflow: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    for number, name in enumerate(tensorflow):
        yield f"{own}.{number}", f"{mindspore}.{number}", name
