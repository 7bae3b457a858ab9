"""Sources as a recipe describes them: a layout, names inside it, terms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cleanplate.errors import ArgumentError, MissingInputError
from cleanplate_training.data.sample import Entry
from cleanplate_training.data.shards import ShardSet
from cleanplate_training.data.sources.coco import coco
from cleanplate_training.data.sources.folder import folder
from cleanplate_training.data.sources.instance_maps import instance_maps
from cleanplate_training.data.sources.listing import listing
from cleanplate_training.data.sources.mat_masks import mat_masks
from cleanplate_training.data.sources.mattes import mattes
from cleanplate_training.data.sources.yolo import yolo


@dataclass(frozen=True)
class SourceSpec:
    """One set of pictures.

    Attributes:
        name: what it is called in samples and on the command line, where its folder is given.
        layout: how it lies on disk.
        licence: its terms.
        pictures: folder of the pictures inside the set (a file for ``list``); "" = the set's folder itself.
        annotations: folder or file of the annotations inside the set, where the layout has one apart.
        include: regular expression that must be found in a picture's relative path (for ``shards``, in its key).
        exclude: regular expression that must not be found in it.
        labels: class names, for ``coco`` (those wanted) and ``yolo`` (by number).
        share: largest share of all samples that this set may give; more are left out at random.
        stretched: its pictures were squeezed to one shape regardless of their own, to be undone by random stretching.
        clips: with layout ``mattes``: each folder holds the frames of one clip, which stay together in a split.
        role: in composites, where samples of this set are used.
    """

    name: str
    layout: Literal["folder", "list", "mattes", "mat", "yolo", "coco", "instances", "shards"]
    licence: str
    pictures: str = ""
    annotations: str = ""
    include: str = ""
    exclude: str = ""
    labels: tuple[str, ...] = ("person",)
    share: float = 1.0
    stretched: bool = False
    clips: bool = False
    role: Literal["any", "people", "background"] = "any"

    def __post_init__(self) -> None:
        """Refuse a share that is none, and layouts that lack their annotations."""
        if not 0 < self.share <= 1:
            raise ArgumentError(f"must be above 0 and at most 1, not {self.share}", subject=f"share of {self.name}")
        if self.layout in ("mat", "coco", "instances") and not self.annotations:
            raise ArgumentError(f"needs annotations with layout {self.layout!r}", subject=f"source {self.name}")


def opened(spec: SourceSpec, root: Path) -> list[Entry]:
    """All entries of a source whose folder is ``root``; nothing is decoded.

    Raises:
        MissingInputError: the folder or what should be in it is not there.
        InputError: it is there, but is not what the layout says.
    """
    if not root.exists():
        raise MissingInputError("is not there", subject=root, fix=f"give the folder of {spec.name}")
    pictures, annotations = root / spec.pictures, root / spec.annotations
    terms = {"source": spec.name, "licence": spec.licence}
    filters = {"include": spec.include, "exclude": spec.exclude}
    match spec.layout:
        case "folder":
            return folder(pictures, **terms, **filters)
        case "list":
            return listing(pictures, **terms)
        case "mattes":
            matte_root = annotations if spec.annotations else None
            return mattes(pictures, **terms, **filters, matte_root=matte_root, clips=spec.clips)
        case "mat":
            return mat_masks(pictures, annotations=annotations, **terms)
        case "yolo":
            return yolo(pictures, **terms, **filters, names=spec.labels)
        case "coco":
            return coco(annotations, pictures=pictures, **terms, labels=spec.labels)
        case "instances":
            return instance_maps(pictures, maps=annotations, **terms)
        case "shards":
            return _shards(pictures, **terms, **filters)


def _shards(folder_: Path, *, source: str, licence: str, include: str, exclude: str) -> list[Entry]:
    paths = [folder_] if folder_.is_file() else sorted(folder_.glob("*.tar"))
    if not paths:
        raise MissingInputError("holds no shard", subject=folder_)
    entries = ShardSet(paths, source=source, licence=licence).entries()
    return [e for e in entries if re.search(include, e.key) and not (exclude and re.search(exclude, e.key))]
