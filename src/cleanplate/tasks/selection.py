"""From what a user pointed at to the mask of one picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cleanplate.decode.limits import Limits
from cleanplate.decode.mask import read_mask
from cleanplate.decode.source import read_source
from cleanplate.errors import SelectionError
from cleanplate.mask.box import box_mask, parse_box
from cleanplate.mask.polygon import parse_polygon, polygon_mask
from cleanplate.mask.spot import parse_spot, spot_mask
from cleanplate.mask.strokes import parse_strokes, strokes_mask
from cleanplate.mask.union import union
from cleanplate.picture import Picture
from cleanplate.tasks.people import Decision, People, choose_people
from cleanplate.types import Mask

NAME_SOMETHING = (
    "give --passersby, --people, --click, --instance, --label, --box, --spot, --polygon, --strokes or --mask"
)
"""What a user can do who has not said what to erase."""


@dataclass(frozen=True)
class Selection:
    """What to erase: everything named here together. Texts are as on the command line, so they fit any picture size.

    Attributes:
        boxes: ``left,top,right,bottom``, pixels or percent, end exclusive.
        spots: ``x,y,radius``.
        polygons: ``x,y x,y x,y ...``.
        strokes: JSON files, or their bytes, of brush strokes (:mod:`cleanplate.mask.strokes`).
        masks: picture files, or their bytes; their alpha if it varies, else luminance >= 128, selects.
        invert_masks: mask files show what to keep.
        snap: tighten each box to the object inside.
        avoid: mask files of areas that are never copied from.
        people: people and things that the network finds.
    """

    boxes: tuple[str, ...] = ()
    spots: tuple[str, ...] = ()
    polygons: tuple[str, ...] = ()
    strokes: tuple[Path | bytes, ...] = ()
    masks: tuple[Path | bytes, ...] = ()
    invert_masks: bool = False
    snap: bool = False
    avoid: tuple[Path | bytes, ...] = ()
    people: People = field(default_factory=People)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all says what to erase."""
        return not (self.boxes or self.spots or self.polygons or self.strokes or self.masks) and self.people.is_empty

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that it is read from."""
        return tuple(each for each in (*self.strokes, *self.masks, *self.avoid) if isinstance(each, Path))


@dataclass(frozen=True)
class Selected:
    """A selection on one picture.

    Attributes:
        mask: H x W bool, True = erase.
        avoid: H x W bool, or None.
        notes: remarks for the user, such as a box that could not be snapped.
        protect: H x W bool, people who are kept and must not change, or None.
        people: what was decided about each person and thing that was found, if any was asked for.
    """

    mask: Mask
    avoid: Mask | None
    notes: list[str] = field(default_factory=list)
    protect: Mask | None = None
    people: list[Decision] = field(default_factory=list)


def select(
    picture: Picture, selection: Selection, *, limits: Limits, device: str = "auto", threads: int | None = None
) -> Selected:
    """Draw ``selection`` on ``picture``.

    Args:
        picture: the decoded file.
        selection: what to erase.
        limits: how large mask files may be.
        device: where the network for people runs, if it is needed.
        threads: cores that it may use.

    Raises:
        SelectionError: a part of it does not fit the picture, nobody is there, or nothing was named.
        InputError: a mask or stroke file cannot be read.
        EngineError: the network for people is missing or failed.
    """
    if selection.is_empty:
        raise SelectionError("nothing says what to erase", fix=NAME_SOMETHING)
    height, width = picture.pixels.shape[:2]
    masks: list[Mask] = []
    notes: list[str] = []
    for text in selection.boxes:
        box = parse_box(text, height, width)
        if selection.snap:
            from cleanplate.detect.snap import snap_box

            snapped = snap_box(picture.pixels, box)
            masks.append(snapped.mask)
            notes += [f"box {text}: {note}" for note in snapped.notes]
        else:
            masks.append(box_mask(box, height, width))
    masks += [spot_mask(parse_spot(text, height, width), height, width) for text in selection.spots]
    masks += [polygon_mask(parse_polygon(text, height, width), height, width) for text in selection.polygons]
    for path in selection.strokes:
        content, name = read_source(path, name=_name(path, "strokes"), limits=limits)
        masks.append(strokes_mask(parse_strokes(content, name=name), height, width))
    for path in selection.masks:
        masks.append(
            read_mask(
                path,
                fitting=picture,
                invert=selection.invert_masks,
                name=_name(path, "mask"),
                limits=limits,
            )
        )
    avoid = [read_mask(path, fitting=picture, name=_name(path, "avoid"), limits=limits) for path in selection.avoid]
    drawn = union(masks) if masks else np.zeros((height, width), np.bool_)
    selected = Selected(drawn, union(avoid) if avoid else None, notes)
    who = choose_people(picture.pixels, selection.people, device=device, threads=threads)
    if who is None:
        return selected
    mask, shunned, protect = who.added_to(selected.mask, selected.avoid, None)
    return Selected(mask, shunned, [*notes, *who.notes], protect, who.decisions)


def _name(source: Path | bytes, meaning: str) -> str | None:
    """What messages call a part that came as bytes; files have names of their own."""
    return meaning if isinstance(source, bytes) else None
