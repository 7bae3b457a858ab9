"""Running a preparation recipe."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from cleanplate.errors import ArgumentError, InputError
from cleanplate_training.data.prepare.composite import composite
from cleanplate_training.data.prepare.cutouts import cutouts
from cleanplate_training.data.prepare.pairs import at_training_size, clean_enough
from cleanplate_training.data.prepare.people import selfie
from cleanplate_training.data.prepare.photos import crops
from cleanplate_training.data.prepare.recipe import PrepareRecipe
from cleanplate_training.data.prepare.screen import Screen
from cleanplate_training.data.prepare.split import split_of
from cleanplate_training.data.prepare.tally import Tally
from cleanplate_training.data.sample import Entry, Sample
from cleanplate_training.data.shard_writer import ShardWriter, check_empty
from cleanplate_training.data.sources.opened import SourceSpec, opened

Report = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """What a preparation gave.

    Attributes:
        counts: samples by split.
        tally: what survived each step.
        shards: files by split.
    """

    counts: dict[str, int]
    tally: Tally
    shards: dict[str, list[Path]]


def prepare(
    recipe: PrepareRecipe,
    roots: Mapping[str, Path],
    out: Path,
    *,
    limit: int | None = None,
    report: Report = lambda line: None,
) -> Prepared:
    """Make shards of a recipe's sources in the folder ``out``.

    Beside the shards lie ``manifest.jsonl`` (each sample's source, licence, hash, size and shard), ``dropped.jsonl``
    (each picture left out and why), ``recipe.json`` and ``summary.txt`` (survivors of each step). The same recipe,
    sources and seed give the same bytes.

    Args:
        recipe: what to do.
        roots: folder of each source and test set, by name.
        out: created; must be empty.
        limit: pictures read from each source at most, for a quick look; None = all.
        report: takes lines for the user as steps are done.

    Raises:
        ArgumentError: a source without a folder, or a folder without a source.
        InputError: a source is not there or not what its layout says.
        OutputError: ``out`` is not empty or cannot be written.
    """
    specs = {spec.name: spec for spec in (*recipe.sources, *recipe.apart)}
    _check_roots(specs, roots)
    check_empty(out)
    entries = {name: opened(spec, roots[name]) for name, spec in specs.items()}
    out.mkdir(parents=True, exist_ok=True)
    tally = Tally()
    screen = Screen(near=recipe.near, tally=tally, log=out / "dropped.jsonl")
    for spec in recipe.apart:
        screen.keep_apart(entries[spec.name])
        report(f"{spec.name}: {len(entries[spec.name])} test pictures to keep apart")
    made = _composites if recipe.kind == "composites" else _singles
    with contextlib.ExitStack() as stack:
        writers = {
            split: stack.enter_context(
                ShardWriter(out, split=split, per_shard=recipe.per_shard, quality=recipe.quality or None)
            )
            for split in recipe.splits
        }
        for split, sample in made(recipe, entries, screen, tally, limit, report):
            writers[split].write(sample)
            tally.keep(f"written: {split}")
    counts = {split: writer.count for split, writer in writers.items()}
    lines = [f"{recipe.name}: {counts}", *tally.lines()]
    (out / "summary.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (out / "recipe.json").write_text(json.dumps(dataclasses.asdict(recipe), indent=1) + "\n", encoding="utf-8")
    for line in lines:
        report(line)
    return Prepared(counts, tally, {split: writer.paths for split, writer in writers.items()})


Entries = Mapping[str, list[Entry]]


def _singles(
    recipe: PrepareRecipe, entries: Entries, screen: Screen, tally: Tally, limit: int | None, report: Report
) -> Iterator[tuple[str, Sample]]:
    """Samples made from one picture each; sources with a cap last, when it is known how many that allows."""
    free = [spec for spec in recipe.sources if spec.share == 1]
    capped = [spec for spec in recipe.sources if spec.share < 1]
    room = 1 - sum(spec.share for spec in capped)
    if capped and (not free or room <= 0):
        raise ArgumentError("leave no room for a source without one", subject="shares")
    written = 0
    for spec in free:
        for sample in _of_source(recipe, spec, entries, screen, tally, limit):
            written += 1
            yield split_of(sample.group, recipe.splits, seed=recipe.seed), sample
        report(f"{spec.name} done, {written} samples so far")
    for spec in capped:
        allowed = int(spec.share / room * written)
        count = 0
        for sample in islice(_of_source(recipe, spec, entries, screen, tally, limit), allowed):
            count += 1
            yield split_of(sample.group, recipe.splits, seed=recipe.seed), sample
        report(f"{spec.name} done, {count} samples of at most {allowed}")


def _of_source(
    recipe: PrepareRecipe, spec: SourceSpec, entries: Entries, screen: Screen, tally: Tally, limit: int | None
) -> Iterator[Sample]:
    for sample in screen.through(_chosen(entries[spec.name], recipe.seed, limit)):
        rng = _rng(recipe.seed, sample.key)
        made = 0
        for result in _made(recipe, spec, sample, rng, tally):
            made += 1
            tally.keep(f"{spec.name}: samples made")
            yield result
        if made:
            tally.keep(f"{spec.name}: fit for {recipe.kind}")
        else:
            screen.drop(spec.name, f"fit for {recipe.kind}", sample.key, f"gives none of the {recipe.kind} asked for")


def _made(
    recipe: PrepareRecipe, spec: SourceSpec, sample: Sample, rng: np.random.Generator, tally: Tally
) -> Iterator[Sample]:
    if recipe.kind == "photos":
        yield from crops(sample, recipe.crops, rng)
    elif recipe.kind == "cutouts":
        plain = at_training_size(sample, recipe.pairs, rng, stretched=spec.stretched)
        yield from cutouts(plain, recipe.cutouts)
    elif recipe.kind == "selfies":

        def survived(step: str, holds: bool) -> None:
            (tally.keep if holds else tally.drop)(f"{spec.name}: {step}")

        shown = selfie(sample, recipe.people, survived)
        if shown is not None and clean_enough(shown, recipe.pairs):
            yield at_training_size(shown, recipe.pairs, rng, stretched=spec.stretched)
    elif clean_enough(sample, recipe.pairs):
        yield at_training_size(sample, recipe.pairs, rng, stretched=spec.stretched)


def _composites(
    recipe: PrepareRecipe, entries: Entries, screen: Screen, tally: Tally, limit: int | None, report: Report
) -> Iterator[tuple[str, Sample]]:
    """Composites whose photograph and cut-outs all fall into the same split."""
    people: dict[str, list[Entry]] = {split: [] for split in recipe.splits}
    backgrounds: dict[str, list[Entry]] = {split: [] for split in recipe.splits}
    for spec in recipe.sources:
        pool = people if spec.role == "people" else backgrounds
        for entry in _chosen(entries[spec.name], recipe.seed, limit):
            pool[split_of(entry.group, recipe.splits, seed=recipe.seed)].append(entry)
    total = sum(recipe.splits.values())
    for split, share in recipe.splits.items():
        count = round(recipe.count * share / total)
        if count and not (people[split] and backgrounds[split]):
            raise InputError(f"no people or no backgrounds fall into split {split!r}", subject=recipe.name)
        for number in range(count):
            key = f"{recipe.name}-{split}-{number:06d}"
            yield split, _one_composite(recipe, key, people[split], backgrounds[split])
            tally.keep(f"{split}: composites")
        report(f"{split}: {count} composites")


def _one_composite(recipe: PrepareRecipe, key: str, people: list[Entry], backgrounds: list[Entry]) -> Sample:
    rng = _rng(recipe.seed, key)
    background = backgrounds[int(rng.integers(len(backgrounds)))].read()
    least, most = recipe.composites.people
    count = min(len(people), int(rng.integers(least, most + 1)))
    chosen = [people[int(index)].read() for index in rng.choice(len(people), count, replace=False)]
    return dataclasses.replace(composite(background, chosen, recipe.composites, rng), key=key)


def _chosen(entries: list[Entry], seed: int, limit: int | None) -> list[Entry]:
    """Entries in an order that mixes the set, so that a cap or a limit takes a fair part of it."""
    order = _rng(seed, entries[0].source).permutation(len(entries))
    return [entries[int(index)] for index in order[:limit]]


def _rng(seed: int, name: str) -> np.random.Generator:
    """A generator that depends on a sample's name, not on what was drawn before it."""
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.default_rng((seed, int.from_bytes(digest[:8], "big")))


def _check_roots(specs: Mapping[str, SourceSpec], roots: Mapping[str, Path]) -> None:
    missing, unknown = sorted(set(specs) - set(roots)), sorted(set(roots) - set(specs))
    if missing:
        raise ArgumentError(
            f"has no folder for {', '.join(missing)}", subject="sources", fix="give NAME=FOLDER for each"
        )
    if unknown:
        fix = f"valid: {', '.join(sorted(specs))}"
        raise ArgumentError(f"does not know {', '.join(unknown)}", subject="recipe", fix=fix)
