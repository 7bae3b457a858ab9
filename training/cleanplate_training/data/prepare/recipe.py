"""What to prepare, as a small TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from cleanplate.errors import ArgumentError, MissingInputError
from cleanplate_training.data.prepare.composite import CompositePlan
from cleanplate_training.data.prepare.cutouts import CutoutPlan
from cleanplate_training.data.prepare.near_duplicates import NEAR
from cleanplate_training.data.prepare.pairs import PairPlan
from cleanplate_training.data.prepare.people import PeoplePlan
from cleanplate_training.data.prepare.photos import CropPlan
from cleanplate_training.data.sources.opened import SourceSpec
from cleanplate_training.recipe import build

SHIPPED = Path(__file__).parents[2] / "recipes" / "prepare"
"""Folder of the recipes that come with the package; they can be named without path and ending."""


@dataclass(frozen=True)
class PrepareRecipe:
    """How sources become shards.

    Attributes:
        name: of the data set.
        kind: ``photos`` (crops), ``pairs`` (pictures with mattes, masks or boxes at training size), ``selfies`` (pairs
            that show few people, large in the frame), ``cutouts`` (RGBA) or ``composites`` (cut-outs on photographs).
        sources: where the pictures come from.
        apart: test sets; near copies of their pictures are dropped.
        seed: all randomness follows from it.
        splits: relative size of each split; whole originals fall into one, with everything made from them.
        near: differing bits of 64 up to which two pictures are copies; -1 = keep copies.
        per_shard: samples a shard.
        quality: of the JPEGs; 0 = PNG.
        crops: for ``photos``.
        pairs: for ``pairs`` and ``selfies``.
        people: for ``selfies``.
        cutouts: for ``cutouts``.
        composites: for ``composites``.
        count: number of composites.
    """

    name: str
    kind: Literal["photos", "pairs", "selfies", "cutouts", "composites"]
    sources: tuple[SourceSpec, ...]
    apart: tuple[SourceSpec, ...] = ()
    seed: int = 0
    splits: dict[str, float] = field(default_factory=lambda: {"train": 0.95, "val": 0.05})
    near: int = NEAR
    per_shard: int = 2000
    quality: int = 95
    crops: CropPlan = field(default_factory=CropPlan)
    pairs: PairPlan = field(default_factory=PairPlan)
    people: PeoplePlan = field(default_factory=PeoplePlan)
    cutouts: CutoutPlan = field(default_factory=CutoutPlan)
    composites: CompositePlan = field(default_factory=CompositePlan)
    count: int = 1000

    def __post_init__(self) -> None:
        """Refuse sources with one name, or composites without both roles."""
        names = [spec.name for spec in (*self.sources, *self.apart)]
        if not self.sources or len(set(names)) < len(names):
            raise ArgumentError("needs sources, each with a name of its own", subject=self.name)
        if self.kind == "composites" and {"people", "background"} - {spec.role for spec in self.sources}:
            raise ArgumentError("needs sources with role people and role background", subject=self.name)


def read_prepare(name: str | Path) -> PrepareRecipe:
    """Read a preparation recipe: a TOML file, or the name of one that comes with the package.

    Raises:
        MissingInputError: no such recipe; the text lists those that come with the package.
        ArgumentError: not TOML, an unknown key (the text names the valid ones), or a value of another type.
    """
    path = Path(name) if Path(name).is_file() else SHIPPED / f"{name}.toml"
    try:
        tables: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        known = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.toml")))
        raise MissingInputError("there is no such recipe", subject=name, fix=f"give a .toml file or {known}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ArgumentError(f"is not TOML: {error}", subject=path) from None
    recipe = build(PrepareRecipe, tables, subject=str(path))
    assert isinstance(recipe, PrepareRecipe)
    return recipe


def with_extra_classes(recipe: PrepareRecipe, names: Sequence[str], *, joined: bool) -> PrepareRecipe:
    """The recipe with further classes that count where they touch a person, such as animals or held objects.

    Args:
        recipe: of kind ``selfies``.
        names: classes of its COCO sources.
        joined: they become part of the person's mask; otherwise they stay instances of their own.

    Raises:
        ArgumentError: the recipe is of another kind, or has no COCO source.
    """
    if recipe.kind != "selfies" or all(spec.layout != "coco" for spec in recipe.sources):
        raise ArgumentError("has no COCO source of selfies", subject=recipe.name, fix="drop --extra-classes")
    sources = tuple(
        replace(spec, labels=(*spec.labels, *(name for name in names if name not in spec.labels)))
        if spec.layout == "coco"
        else spec
        for spec in recipe.sources
    )
    return replace(recipe, sources=sources, people=replace(recipe.people, extra=tuple(names), join_extra=joined))
