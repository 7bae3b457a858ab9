"""Colorize: a photograph in, the same light in predicted colours out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np

from cleanplate.colour.hints import ColourHint, check_hints
from cleanplate.colour.joining import joined
from cleanplate.colour.network import ColourNetwork, open_network
from cleanplate.colour.prediction import predicted
from cleanplate.runtime.cpu_limits import usable_cores
from cleanplate.tasks.clock import Clock
from cleanplate.types import Image, check_image


@dataclass(frozen=True)
class ColorizeResult:
    """A coloured photograph.

    Attributes:
        image: H x W x 3, dtype of the input; its light (Y of BT.601) is the input's to within a level.
        network: that predicted the colours.
        device: that it ran on.
        timings: seconds by step: network, join, ``total``.
        notes: remarks for the user.
    """

    image: Image
    network: str
    device: str
    timings: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def colorize(
    image: Image,
    *,
    hints: Sequence[ColourHint] = (),
    weights: str | Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    network: ColourNetwork | None = None,
) -> ColorizeResult:
    """Predict the colours of a grey or sepia photograph, at its full resolution.

    Only chroma is predicted, at the size of the network, and joined to the full light along its edges. Colours that
    the picture has (sepia, or real ones) are replaced.

    Args:
        image: H x W x 3 RGB, uint8 or uint16, upright; not changed.
        hints: points with the colour that they should get.
        weights: colour network, a file or a name from ``cleanplate models``; None for the one that ships.
        device: for the network; see ``cleanplate doctor``.
        threads: cores to use; None for all.
        network: an open one, instead of the three above.

    Raises:
        ArrayError: ``image`` breaks its contract.
        SelectionError: a hint lies outside the picture.
        EngineError: no network, or it failed.
    """
    clock = Clock()
    image = cast("Image", np.ascontiguousarray(check_image(image)))
    check_hints(hints, image.shape[0], image.shape[1])
    network = network or open_network(weights, device=device, threads=threads)
    model = predicted(image, network, hints=hints, working_size=network.working_size)
    clock.lap("network")
    result = joined(image, model, threads=threads or usable_cores())
    clock.lap("join")
    return ColorizeResult(result, network.name, network.device, clock.timings(), list(network.notes))
