"""From what a user pointed at to the mask of one picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

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
from cleanplate.types import Mask


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
    """

    boxes: tuple[str, ...] = ()
    spots: tuple[str, ...] = ()
    polygons: tuple[str, ...] = ()
    strokes: tuple[Path | bytes, ...] = ()
    masks: tuple[Path | bytes, ...] = ()
    invert_masks: bool = False
    snap: bool = False
    avoid: tuple[Path | bytes, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all says what to erase."""
        return not (self.boxes or self.spots or self.polygons or self.strokes or self.masks)

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
    """

    mask: Mask
    avoid: Mask | None
    notes: list[str] = field(default_factory=list)


def select(picture: Picture, selection: Selection, *, limits: Limits) -> Selected:
    """Draw ``selection`` on ``picture``.

    Raises:
        SelectionError: a part of it does not fit the picture, or nothing was named.
        InputError: a mask or stroke file cannot be read.
    """
    if selection.is_empty:
        raise SelectionError("nothing says what to erase", fix="give --box, --spot, --polygon, --strokes or --mask")
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
    return Selected(union(masks), union(avoid) if avoid else None, notes)


def _name(source: Path | bytes, meaning: str) -> str | None:
    """What messages call a part that came as bytes; files have names of their own."""
    return meaning if isinstance(source, bytes) else None
