"""Adapting a matting network to one clip."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from cleanplate_training.adapt import AdaptOptions, disagreement, fit, read_pairs
from cleanplate_training.models.modnet_slim import Mattes, SlimMODNet
from tests.video.clips import Clip


def network(channels: int = 3) -> SlimMODNet:
    torch.manual_seed(3)
    return SlimMODNet("tiny", semantic=8, detail=8, fine=8, in_channels=channels)


def test_predictions_that_agree_do_not_disagree():
    alpha = torch.zeros(1, 1, 64, 64)
    alpha[..., 16:48, 16:48] = 1
    from cleanplate_training.losses.matting import blurred

    coarse = blurred(torch.nn.functional.avg_pool2d(alpha, 16))
    assert disagreement(Mattes(coarse, alpha, alpha)) < 0.002
    assert disagreement(Mattes(1 - coarse, alpha, alpha)) > 0.1
    assert disagreement(Mattes(coarse, 1 - alpha, alpha)) > 0.3


def test_frames_are_spread_over_the_clip(tmp_path):
    clip = Clip(frames=30, sound=None).write(tmp_path / "clip.mp4")
    pairs = read_pairs(clip, AdaptOptions(frames=5, size=96))
    assert len(pairs) == 5
    assert pairs[0][1].shape == (96, 96, 3) or pairs[0][1].shape[0] % 32 == 0
    assert np.array_equal(*pairs[0])
    assert not np.array_equal(*pairs[3])
    centres = [np.argwhere(now[..., 0] > 150).mean(axis=0)[1] for _, now in pairs]
    assert centres == sorted(centres)
    assert centres[-1] > 2 * centres[0]


@pytest.mark.parametrize("channels", [3, 4])
def test_adapting_lowers_the_disagreement(tmp_path, channels):
    clip = Clip(frames=8, sound=None).write(tmp_path / "clip.mp4")
    options = AdaptOptions(steps=6, frames=4, size=64, learning_rate=2e-3)
    learner = network(channels).eval().requires_grad_(False)  # as trained networks are opened
    untouched = copy.deepcopy(learner.state_dict())
    told = []
    pairs = read_pairs(clip, options)
    before, after = fit(learner, pairs, options, progress=lambda done, total, loss: told.append((done, total)))
    assert after < 0.95 * before
    assert told[-1] == (6, 6)
    statistics = {name for name in untouched if "running" in name}
    assert statistics
    assert all(torch.equal(learner.state_dict()[name], untouched[name]) for name in statistics)
