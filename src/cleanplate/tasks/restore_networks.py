"""The networks that restoration needs, opened side by side: each takes a while to load, most of it on one core."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from cleanplate.colour.network import ColourNetwork
from cleanplate.colour.network import open_network as open_colour_network
from cleanplate.errors import ArgumentError
from cleanplate.inpaint import partial
from cleanplate.inpaint.engine import EngineOptions
from cleanplate.prints.network import DamageNetwork
from cleanplate.prints.network import open_network as open_damage_network
from cleanplate.weights.choice import available


@dataclass(frozen=True)
class NetworkChoice:
    """Which networks are wanted, and for what.

    Attributes:
        find: whether damage is looked for.
        colour: whether colours are predicted.
        engine: what fills, as for :func:`cleanplate.restore`.
        weights_defects, weights_fill, weights_colour, device, threads: likewise.
    """

    find: bool
    colour: bool
    engine: str = "auto"
    weights_defects: str | Path | None = None
    weights_fill: str | Path | None = None
    weights_colour: str | Path | None = None
    device: str = "auto"
    threads: int | None = None


@dataclass(frozen=True)
class Networks:
    """Open networks; None for each that is not needed, and for the filler if none is installed.

    Attributes:
        finder: finds damage.
        filler: fills it.
        painter: predicts colours.
    """

    finder: DamageNetwork | None
    filler: partial.Partial | None
    painter: ColourNetwork | None

    @property
    def devices(self) -> set[str]:
        """What they run on."""
        return {each.device for each in (self.finder, self.filler, self.painter) if each is not None}

    @property
    def notes(self) -> list[str]:
        """What they say to the user."""
        return [note for each in (self.finder, self.filler, self.painter) if each is not None for note in each.notes]


def open_networks(choice: NetworkChoice) -> Networks:
    """Open all of them, or take them from those that are open.

    Raises:
        ArgumentError: weights are given for an engine that has none.
        EngineError: one is missing or is for something else.
        WeightsError: a file is missing, damaged or refused by its terms.
        DeviceError: the device is not there.
    """
    device, threads = choice.device, choice.threads
    with ThreadPoolExecutor(3) as pool:
        finder = painter = None
        if choice.find:
            finder = pool.submit(open_damage_network, choice.weights_defects, device=device, threads=threads)
        if choice.colour:
            painter = pool.submit(open_colour_network, choice.weights_colour, device=device, threads=threads)
        filler = pool.submit(_filler, choice)
        # The first that is asked for is also the first that is complained about.
        found = None if finder is None else finder.result()
        painted = None if painter is None else painter.result()
        return Networks(found, filler.result(), painted)


def _filler(choice: NetworkChoice) -> partial.Partial | None:
    """The fill network; None if another engine is asked for, or nobody gave one and none is installed.

    Holes are filled side by side, each on one core: their pictures are too small for several to share the work.
    """
    engine, weights = choice.engine, choice.weights_fill
    if engine not in ("auto", "partial"):
        if weights is not None:
            raise ArgumentError(f"are not for engine '{engine}'", subject="weights_fill", fix="drop one of the two")
        return None
    if engine == "auto" and weights is None and available(partial.WANTED) is None:
        return None
    given = None if weights is None else Path(weights)
    filler = partial.create(EngineOptions(device=choice.device, weights=given, threads=1))
    return replace(filler, largest_radius=math.inf) if engine == "partial" else filler
