"""Restore: an old photograph in; its damage, its fill and its colours out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np

from cleanplate.colour.hints import ColourHint, check_hints
from cleanplate.colour.joining import joined_alike
from cleanplate.colour.prediction import predicted
from cleanplate.errors import ArgumentError, SelectionError
from cleanplate.mask.growth import grow
from cleanplate.prints.border import without_border
from cleanplate.prints.damage import LONG_SIDE, damage_probability, shrunk
from cleanplate.prints.fading import unfaded
from cleanplate.prints.marks import marks, threshold_for
from cleanplate.prints.network import DamageNetwork
from cleanplate.runtime.cpu_limits import usable_cores
from cleanplate.tasks.clock import Clock
from cleanplate.tasks.damage_fill import DamageFill
from cleanplate.tasks.restore_networks import NetworkChoice, open_networks
from cleanplate.types import Box, Image, Mask, check_image, check_mask

NOTHING_FOUND = "no damage was found, so the picture was left as it is"
_RIM = 1
"""Pixels by which what was found is grown: scanners blur the edges of a crack, and a fill would go on with them."""
NO_BORDER = "no border was found, so nothing was cropped"


@dataclass(frozen=True)
class RestoreResult:
    """A restored photograph in several stages, so that a wrong one can be undone.

    Attributes:
        defects: H x W bool, what was filled: every pixel that differs between the input and ``restored``, unless
            fading was corrected.
        restored: H x W x 3, dtype of the input: filled, and with its tones brought back if that was asked for.
        restored_colour: ``restored`` in colour; None without colouring.
        colour: the input in the same colours, damage and all; None without colouring.
        box: the picture within its border, if cropping was asked for and there is one. No array here is cropped.
        engines: what made the result, by step: ``defects``, ``narrow`` (scratches and specks), ``fill``, ``large``
            (holes beyond the fill network), ``colour``; steps that were not taken are not there.
        device: that the networks ran on.
        timings: seconds by step: detect, fill, fading, colour, ``total``.
        notes: remarks for the user, such as that nothing was found.
    """

    defects: Mask
    restored: Image
    restored_colour: Image | None
    colour: Image | None
    box: Box | None = None
    engines: dict[str, str] = field(default_factory=dict)
    device: str = "cpu"
    timings: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def restore(
    image: Image,
    mask: Mask | None = None,
    *,
    sensitivity: float = 0.5,
    fine: bool = False,
    flips: bool = False,
    colour: bool = True,
    hints: Sequence[ColourHint] = (),
    fading: bool = False,
    crop: bool = False,
    weights_defects: str | Path | None = None,
    weights_fill: str | Path | None = None,
    weights_colour: str | Path | None = None,
    engine: str = "auto",
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
) -> RestoreResult:
    """Find the damage of an old photograph, fill it, and colour it.

    Args:
        image: H x W x 3 RGB, uint8 or uint16, upright; not changed.
        mask: H x W bool, the damage, exactly; None looks for it.
        sensitivity: 0 marks only what is certain .. 1 everything suspicious.
        fine: look for damage at native size, for the finest scratches of large scans; otherwise at a long side of
            2048 px.
        flips: look at mirror images too and average, at four times the cost.
        colour: predict colours.
        hints: points with the colour that they should get.
        fading: stretch the tones of a faded print.
        crop: find the even border around the picture.
        weights_defects: network that finds damage, a file or a name; None for the one that ships.
        weights_fill: network that fills it. Without one, the eraser's engine does.
        weights_colour: network that predicts colours.
        engine: ``auto`` continues scratches and specks from around them, gives holes up to the size that the fill
            network learned from to that (those of a few pixels at full size), and larger ones to the eraser's engine;
            ``partial`` gives all to the fill network, any other name from :data:`cleanplate.inpaint.engine.ENGINES`
            all to that engine.
        seed: chooses among equally good fills of the eraser's engines.
        device: for networks; see ``cleanplate doctor``.
        threads: cores to use; None for all.

    Returns:
        The result; where nothing is damaged, ``restored`` equals ``image`` bit for bit and a note says so.

    Raises:
        ArrayError: ``image`` or ``mask`` breaks its contract.
        ArgumentError: ``sensitivity`` is out of range.
        SelectionError: everything is marked, or a hint lies outside.
        EngineError: a network is missing or failed.
    """
    clock = Clock()
    image = cast("Image", np.ascontiguousarray(check_image(image)))
    _check(image, sensitivity, hints, colour)
    cores = threads or usable_cores()
    # All networks are opened before any work, so that a missing one is known at once.
    networks = open_networks(
        NetworkChoice(
            find=mask is None,
            colour=colour,
            engine=engine,
            weights_defects=weights_defects,
            weights_fill=weights_fill,
            weights_colour=weights_colour,
            device=device,
            threads=threads,
        )
    )
    finder, painter = networks.finder, networks.painter
    engines: dict[str, str] = {}
    notes = networks.notes
    if finder is not None:
        engines["defects"] = finder.name
        defects = _damage(image, finder, sensitivity=sensitivity, fine=fine, flips=flips, faded=fading)
    else:
        defects = np.ascontiguousarray(check_mask(mask, like=image)).copy()
    clock.lap("detect")
    _check_something_is_left(defects)
    restored = image
    if defects.any():
        filling = DamageFill(networks.filler, engine, seed, cores)
        restored = filling(image, defects)
        engines |= filling.engines
        notes += filling.notes
    else:
        found = NOTHING_FOUND if mask is None else "nothing is marked, so the picture was left as it is"
        notes.append(found.partition(",")[0] if fading else found)
    clock.lap("fill")
    box = without_border(image) if crop else None
    if crop and box is None:
        notes.append(NO_BORDER)
    if fading:
        restored = unfaded(restored, uncounted=_outside(box, image))
    clock.lap("fading")
    restored_colour = coloured = None
    if painter is not None:
        engines["colour"] = painter.name
        model = predicted(restored, painter, hints=hints, working_size=painter.working_size)
        # Colours end where the edges of the restored picture are; scratches get no colours of their own.
        restored_colour, coloured = joined_alike(restored, image, model, threads=cores)
    clock.lap("colour")
    return RestoreResult(
        defects,
        image.copy() if restored is image else restored,
        restored_colour,
        coloured,
        box,
        engines,
        " + ".join(sorted(networks.devices)) or "cpu",
        clock.timings(),
        notes,
    )


def _check(image: Image, sensitivity: float, hints: Sequence[ColourHint], colour: bool) -> None:
    if not 0.0 <= sensitivity <= 1.0:
        raise ArgumentError(f"is {sensitivity:g}", subject="sensitivity", fix="use 0 to 1")
    if hints and not colour:
        raise ArgumentError("say colours, but no colours are wanted", subject="hints", fix="drop one of the two")
    check_hints(hints, image.shape[0], image.shape[1])


def _damage(image: Image, finder: DamageNetwork, *, sensitivity: float, fine: bool, flips: bool, faded: bool) -> Mask:
    """What the network takes for damage, H x W."""
    seen = shrunk(image, None if fine else LONG_SIDE)
    if faded:
        # Damage of a faded print is as pale as the print, and the network has learned from few such.
        seen = unfaded(seen, uncounted=_outside(without_border(seen), seen))
    probability = damage_probability(seen, finder, long_side=None, flips=flips)
    threshold = threshold_for(sensitivity, finder.threshold)
    height, width = image.shape[:2]
    found = marks(probability, threshold, height=height, width=width, neutral=finder.threshold, seen=seen)
    return grow(found, _RIM)


def _check_something_is_left(defects: Mask) -> None:
    if defects.all():
        raise SelectionError(
            "everything is marked as damage, so nothing is left to continue from",
            fix="lower the sensitivity, or mark less",
        )


def _outside(box: Box | None, image: Image) -> Mask | None:
    """The border, whose black or white says nothing about the picture's tones."""
    if box is None:
        return None
    border = np.ones(image.shape[:2], np.bool_)
    border[box.slices] = False
    return border
