"""Photographs as light, chroma and hints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.augment.geometry import RandomView
from cleanplate_training.data.colour_hints import colour_hints
from cleanplate_training.data.damage.grain import grained
from cleanplate_training.data.damage.softness import softened
from cleanplate_training.data.scenes import Scenes
from cleanplate_training.data.sources.folder import folder
from cleanplate_training.stream import Examples
from cleanplate_training.tasks import restoration_data


@dataclass(frozen=True)
class Data(restoration_data.Data):
    """Pictures (see :class:`restoration_data.Data`; stamps are not used).

    Attributes:
        hand_coloured: Folder of hand-coloured pictures to learn from too.
        hand_coloured_weight: How often each of them is drawn, relative to a photograph.
        old: Share of pictures whose light looks like that of an old print; the colours stay those of the photograph.
        hints: Share of pictures with colour hints.
    """

    hand_coloured: Path | None = None
    hand_coloured_weight: float = 4.0
    old: float = 0.5
    hints: float = 0.4


def open_training(settings: Data) -> ColourExamples:
    """Open the training pictures, the hand-coloured ones after the photographs."""
    scenes = restoration_data.open_scenes(settings, "train")
    pictures: Examples | None = None
    if settings.hand_coloured is not None:
        pictures = HandColoured(settings.hand_coloured, settings.size)
    return ColourExamples(scenes, settings, pictures)


def open_validation(settings: Data) -> Examples:
    """Open the validation pictures: plain light."""
    still = ColourExamples(restoration_data.open_scenes(settings, "val"), settings, None, old=0.0)
    return restoration_data.Spread(still, settings.checked)


class HandColoured:
    """Pictures below a folder, at the network's size."""

    def __init__(self, root: Path, size: int) -> None:
        self.entries = folder(root, source="hand-coloured", licence="the user's own")
        self._view = RandomView((size, size), scale=(0.6, 1.0), rotation=3.0)

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.entries)

    def draw(self, index: int, rng: np.random.Generator) -> Mapping[str, Any]:
        """Return ``picture``, uint8 size x size x 3."""
        return {"picture": self._view(self.entries[index].read(), rng).picture}


class ColourExamples:
    """Pictures as named arrays.

    Args:
        scenes: Photographs and portraits.
        settings: Shares of old light and of hints.
        further: Further pictures, by ``picture``.
        old: Instead of the settings' share.
    """

    def __init__(self, scenes: Scenes, settings: Data, further: Examples | None, *, old: float | None = None) -> None:
        self.scenes, self.settings, self.further = scenes, settings, further
        self.old = settings.old if old is None else old

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.scenes) + (0 if self.further is None else len(self.further))

    def weights(self) -> NDArray[np.float64] | None:
        """How often each picture is drawn, or None where all are alike."""
        if self.further is None:
            return None
        own = np.full(len(self.further), self.settings.hand_coloured_weight)
        return np.concatenate([np.ones(len(self.scenes)), own])

    def draw(self, index: int, rng: np.random.Generator) -> Mapping[str, Any]:
        """Return ``luma`` (1 x H x W, 0..1), ``chroma`` (2 x H x W, -0.5..0.5) and ``hints`` (3 x H x W), float32."""
        if self.further is not None and index >= len(self.scenes):
            picture = self.further.draw(index - len(self.scenes), rng)["picture"]
        else:
            picture = self.scenes.picture(index, rng)
        rgb = picture.astype(np.float32) / np.float32(255)
        ycc = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)
        chroma = np.ascontiguousarray((ycc[..., [2, 1]] - np.float32(0.5)).transpose(2, 0, 1))
        luma = ycc[..., 0]
        if rng.random() < self.old:
            luma = aged(rgb, rng)
        hints = colour_hints(chroma, rng, none=1 - self.settings.hints)
        return {"luma": np.ascontiguousarray(luma[np.newaxis], np.float32), "chroma": chroma, "hints": hints}


def aged(rgb: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the light of an old print of a picture (H x W x 3 in 0..1): H x W in 0..1.

    The emulsion sees more blue than the eye, contrast and brightness differ, and there is grain and blur.
    """
    early = 0.8 * rng.uniform(0, 1) ** 2
    weights = (1 - early) * np.array([0.299, 0.587, 0.114]) + early * np.array([0.1, 0.45, 0.45])
    light = np.clip(rgb @ weights.astype(np.float32), 0, 1) ** np.float32(np.exp(rng.normal(0, 0.15)))
    light = (light - 0.5) * np.float32(rng.uniform(0.7, 1.25)) + np.float32(0.5 + rng.normal(0, 0.04))
    plane = np.clip(light, 0, 1)[..., np.newaxis].repeat(3, axis=2)
    if rng.random() < 0.4:
        plane = softened(plane, rng)
    if rng.random() < 0.5:
        plane = grained(plane, rng)
    return np.asarray(np.clip(plane[..., 0], 0, 1), np.float32)
