"""From "the passers-by", "everyone but one" or a click to the mask of one picture."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from cleanplate.detect.attached import Attached, attached
from cleanplate.detect.coco_labels import CARRIED, PERSON
from cleanplate.detect.instance import Instance, numbered
from cleanplate.detect.instances import MIN_SCORE, check_labels, find
from cleanplate.detect.memory import Memory
from cleanplate.detect.network import open_network
from cleanplate.detect.passersby import Verdict, judge
from cleanplate.detect.tiles import Look
from cleanplate.errors import ArgumentError, SelectionError
from cleanplate.mask.growth import grow
from cleanplate.mask.lengths import parse_length, parse_numbers
from cleanplate.runtime.early import open_early
from cleanplate.tasks.second_look import SecondLook, close_up_network
from cleanplate.tasks.touching import touching
from cleanplate.types import Image, Mask

_SUSPECTED = 0.3
"""Whoever is found with this score is no source for a fill, however unsure the network is."""
_SURE = 0.95
"""With this score it is a person, whatever the second look shows: of things that are none, none of the test pictures'
came near it."""
_GROWTH = 0.012
"""Pixels by which a person's mask is grown, as a share of the apparent height; erasing grows a few pixels more."""
_NEAR = 0.03
_LISTED = 3
_HARDLY = "hardly looks like a person"


@dataclass(frozen=True)
class People:
    """Which people and things to erase; everything named here together.

    Attributes:
        everyone: all people.
        passersby: all people but the main subjects.
        keep: all people but so many, the most important ones.
        clicks: points, ``x,y`` in pixels or percent; what lies under each.
        instances: ids, as :func:`cleanplate.segment` numbers them.
        labels: everything of a label, such as ``dog``.
        min_score: how sure the network must be, 0..1.
        look: how closely small people are looked for; see :func:`cleanplate.segment`.
        weights: network for people, a file or a name; None for the one that ships.
        memory: of what the network saw in pictures before; None for none.
    """

    everyone: bool = False
    passersby: bool = False
    keep: int | None = None
    clicks: tuple[str, ...] = ()
    instances: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    min_score: float = MIN_SCORE
    look: Look = "closer"
    weights: Path | None = None
    memory: Memory | None = field(default=None, repr=False, compare=False)

    @property
    def is_empty(self) -> bool:
        """Whether nobody is named."""
        return not (
            self.everyone or self.passersby or self.keep is not None or self.clicks or self.instances or self.labels
        )


@dataclass(frozen=True)
class Decision:
    """What becomes of one instance.

    Attributes:
        instance: who or what.
        erased: whether it is erased.
        reason: why, for the user.
    """

    instance: Instance
    erased: bool
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Plain numbers and texts, without the mask."""
        return {**self.instance.to_json(rle=False), "erased": self.erased, "reason": self.reason}


@dataclass(frozen=True)
class ChosenPeople:
    """The people that were chosen in one picture.

    Attributes:
        mask: H x W bool, to be erased: their masks grown in proportion, what goes with them included.
        avoid: H x W bool, everybody else, who must not be copied from.
        protect: H x W bool, who is kept; never changed.
        decisions: one an instance.
        notes: remarks for the user.
    """

    mask: Mask
    avoid: Mask
    protect: Mask
    decisions: list[Decision] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def added_to(self, mask: Mask, avoid: Mask | None, protect: Mask | None) -> tuple[Mask, Mask | None, Mask | None]:
        """A selection, what to avoid and what to protect, each with these people.

        What was selected by hand is erased whoever is there: it is taken out of what is protected and avoided.
        """
        if not mask.any():
            return (
                self.mask,
                self.avoid if avoid is None else avoid | self.avoid,
                self.protect if protect is None else protect | self.protect,
            )
        kept, shunned = self.protect & ~mask, self.avoid & ~mask
        return (
            mask | self.mask,
            shunned if avoid is None else avoid | shunned,
            kept if protect is None else protect | kept,
        )


def open_people_early(wanted: People, *, device: str = "auto", threads: int | None = None) -> None:
    """Let a thread open what :func:`choose_people` will ask for, while the picture is decoded."""
    if wanted.is_empty:
        return
    open_early(
        lambda: open_network(wanted.weights, device=device, threads=threads),
        lambda: close_up_network(wanted.weights, device=device),
    )


def choose_people(
    image: Image,
    wanted: People,
    *,
    given: Sequence[Instance] = (),
    device: str = "auto",
    threads: int | None = None,
) -> ChosenPeople | None:
    """Find people in a picture and choose those to erase.

    Args:
        image: H x W x 3 RGB, uint8 or uint16, upright.
        wanted: who.
        given: instances of the picture that were found before, all of them to be erased. The network does not run for
            them, so that others are avoided only if ``wanted`` names somebody too.
        device: where the network runs.
        threads: cores that may be used.

    Returns:
        The choice; None if nobody is named.

    Raises:
        SelectionError: a given instance is of a picture of another size, a click hits nobody, an id or a label is not
            there.
        ArgumentError: numbers out of range.
        EngineError: the network is missing or failed.
    """
    check_wanted(wanted)
    _check_given(given, image)
    if wanted.is_empty:
        return _of_given(image, given) if given else None
    network = open_network(wanted.weights, device=device, threads=threads)
    check_labels(wanted.labels, network)
    lowest = min(_SUSPECTED, wanted.min_score)
    closer = close_up_network(wanted.weights, device=device)
    seen = find(
        image, network, min_score=lowest, look=wanted.look, threads=threads, memory=wanted.memory, alpha_of=closer
    )
    found = numbered([each for each in seen if each.score >= wanted.min_score])
    suspects = [each for each in seen if each.score < wanted.min_score and each.label == PERSON]
    looked = None if closer is None else SecondLook(image, closer, threads=threads)
    doubtful = _doubtful(found, wanted, looked)
    decisions = _decisions(image, found, wanted, doubtful)
    erased = [each.instance for each in decisions if each.erased]
    kept = [each.instance for each in decisions if not each.erased]
    kept, hardly = [[each for each in kept if (each.id in doubtful) == so] for so in (False, True)]
    along = _taken_along(suspects, erased, kept, looked) if _asks_for_all(wanted) else []
    suspects = [*(each for each in suspects if not any(each.box == one.box for one in along)), *hardly]
    mask, carried = _mask_of(image, [*erased, *along, *given], kept, looked)
    decisions = [
        Decision(each.instance, True, "goes with an erased person") if each.instance.id in carried else each
        for each in decisions
    ]
    kept = [each for each in kept if each.id not in carried and each.label == PERSON]
    protect, avoid = _spared(mask, kept, suspects, given)
    return ChosenPeople(mask, avoid, protect, decisions, [*network.notes, *_notes(decisions, wanted, len(along))])


def _spared(
    mask: Mask, kept: Sequence[Instance], suspects: Sequence[Instance], given: Sequence[Instance]
) -> tuple[Mask, Mask]:
    """Who is protected and what is avoided; who is protected is taken out of ``mask``.

    Box by box: at 24 megapixels each look at the whole picture costs as much as finding a person.
    """
    protect = _drawn(kept, mask.shape)
    for each in given:
        protect[each.box.slices] &= ~each.crop
    avoid = _drawn([*kept, *suspects], mask.shape)
    for each in kept:
        mask[each.box.slices] &= ~protect[each.box.slices]
    for each in (*kept, *suspects):
        avoid[each.box.slices] &= ~mask[each.box.slices]
    return protect, avoid


def _asks_for_all(wanted: People) -> bool:
    """Whether all people are asked for, whoever they are."""
    return wanted.passersby or wanted.everyone or wanted.keep is not None


def _taken_along(
    suspects: list[Instance], erased: list[Instance], kept: list[Instance], looked: SecondLook | None
) -> list[Instance]:
    """Those of whom the network is unsure, but not the second look, and who touch only people who are erased.

    Alone they may stay; beside a hole, half a person would. Their ids follow those of the others.
    """
    if looked is None:
        return []
    beside = [each for each in suspects if _touches_any(erased, each) and not _touches_any(kept, each)]
    along = [each for each in beside if looked.is_person(each, surely=True)]
    following = 1 + max(each.id for each in (*erased, *kept)) if along else 0
    return [replace(each, id=following + place) for place, each in enumerate(along)]


def _touches_any(people: Sequence[Instance], other: Instance) -> bool:
    """Whether somebody comes close to another one."""
    return any(
        person.label == PERSON and touching(person, other, max(2, round(_NEAR * person.apparent_height)))
        for person in people
    )


def _check_given(given: Sequence[Instance], image: Image) -> None:
    for each in given:
        if each.size != image.shape[:2]:
            raise SelectionError(
                f"is of a picture of {each.size[1]} x {each.size[0]} pixels", subject=f"instance {each.id}"
            )


def _of_given(image: Image, given: Sequence[Instance]) -> ChosenPeople:
    mask, _ = _mask_of(image, list(given), [], None)
    nobody = np.zeros_like(mask)
    return ChosenPeople(mask, nobody, nobody, [Decision(each, True, "chosen by the caller") for each in given])


def check_wanted(wanted: People) -> None:
    """Refuse numbers that make no sense, before any work is done.

    Raises:
        ArgumentError: one is out of range.
    """
    if wanted.keep is not None and wanted.keep < 0:
        raise ArgumentError(f"is {wanted.keep}", subject="--keep", fix="give 0 or more")
    if any(number < 1 for number in wanted.instances):
        raise ArgumentError(f"is {min(wanted.instances)}", subject="--instance", fix="ids begin at 1")
    if not 0.0 <= wanted.min_score <= 1.0:
        raise ArgumentError(f"is {wanted.min_score}, not within 0..1", subject="--min-score")


def _doubtful(found: list[Instance], wanted: People, looked: SecondLook | None) -> set[int]:
    """Ids of what is taken for people and hardly looks like any; only whoever asks for all people needs to know."""
    if looked is None or not _asks_for_all(wanted):
        return set()
    people = [each for each in found if each.label == PERSON]
    statues = {each.id for each in people if looked.is_statue(each)}
    unsure = [each for each in people if each.score < _SURE and each.id not in statues]
    return statues | {each.id for each, so in zip(unsure, looked.are_people(unsure), strict=True) if not so}


def _decisions(image: Image, found: list[Instance], wanted: People, doubtful: Collection[int] = ()) -> list[Decision]:
    people = [each for each in found if each.label == PERSON and each.id not in doubtful]
    reasons: dict[int, tuple[bool, str]] = {each.id: (False, "not chosen") for each in found}
    reasons.update(dict.fromkeys(doubtful, (False, _HARDLY)))
    if wanted.passersby or wanted.keep is not None:
        for verdict in judge(people, image, keep=wanted.keep):
            reasons[verdict.id] = (not verdict.main, _said(verdict))
    elif wanted.everyone:
        reasons.update({each.id: (True, "everyone was asked for") for each in people})
    for each in found:
        if each.label in wanted.labels:
            reasons[each.id] = (True, f"is a {each.label}")
    for number in wanted.instances:
        if number not in reasons:
            raise SelectionError(
                f"there is no instance {number} in this picture", subject="--instance", fix=_listing(found)
            )
        reasons[number] = (True, "chosen by number")
    for text in wanted.clicks:
        reasons[clicked(text, found, *image.shape[:2]).id] = (True, f"is under the click {text}")
    return [Decision(each, *reasons[each.id]) for each in found]


def clicked(text: str, found: Sequence[Instance], height: int, width: int) -> Instance:
    """The instance under a point; of several the smallest, which is in front.

    Raises:
        SelectionError: no such point in the picture, or nothing under it.
    """
    fields = parse_numbers(text, name="--click", form="x,y")
    x, y = (parse_length(part, side, name="--click") for part, side in zip(fields, (width, height), strict=True))
    if not (0 <= x < width and 0 <= y < height):
        raise SelectionError(
            f"{text} lies outside the picture",
            subject="--click",
            fix=f"the upright picture is {width} x {height} pixels",
        )
    under = [each for each in found if each.covers(x, y)]
    if under:
        return min(under, key=lambda each: each.area)
    near = sorted(found, key=lambda each: _distance(each, x, y))[:_LISTED]
    nearest = ", ".join(f"{each.id} ({each.label}, {_distance(each, x, y):.0f} pixels away)" for each in near)
    known = f"the nearest are {nearest}: choose one by --instance ID, or" if near else "nothing was found at all;"
    raise SelectionError(
        f"nothing that the network knows lies under {text}",
        subject="--click",
        fix=f"{known} draw a box around it with --box L,T,R,B --snap",
    )


def _distance(instance: Instance, x: float, y: float) -> float:
    """From a point to the nearest pixel of an instance."""
    rows, columns = np.nonzero(instance.crop)
    across, down = columns + instance.box.left + 0.5 - x, rows + instance.box.top + 0.5 - y
    return float(np.sqrt((across * across + down * down).min()))


def _mask_of(
    image: Image, erased: list[Instance], kept: list[Instance], looked: SecondLook | None
) -> tuple[Mask, set[int]]:
    """What to erase, and the ids of what goes with it."""
    mask = np.zeros(image.shape[:2], np.bool_)
    carried: set[int] = set()
    whose = np.zeros(image.shape[:2], np.uint16)
    for each in (*kept, *erased):
        if each.label == PERSON:
            whose[each.box.slices][each.crop] = each.id
    for each in erased:
        near = max(2, round(_NEAR * each.apparent_height))
        carried |= {thing.id for thing in kept if thing.label in CARRIED and touching(each, thing, near)}
        if each.label != PERSON:
            _add(mask, each, None)
            continue
        whole = each if looked is None else looked.completed(each, whose)
        _add(mask, whole, attached(image, whole, whose))
    for thing in kept:
        if thing.id in carried:
            _add(mask, thing, None)
    return mask, carried


def _add(mask: Mask, instance: Instance, more: Attached | None) -> None:
    """Select an instance and what goes with it, grown in proportion to it."""
    by = max(2, round(_GROWTH * instance.apparent_height))
    around = instance.box if more is None else instance.box.union(more.box)
    around = around.grown(by).clipped(*instance.size)
    part = instance.within(around)
    if more is not None:
        part[more.box.shifted(-around.left, -around.top).slices] |= more.mask
    mask[around.slices] |= grow(part, by)


def _drawn(instances: Sequence[Instance], size: tuple[int, ...]) -> Mask:
    mask = np.zeros(size, np.bool_)
    for each in instances:
        mask[each.box.slices] |= each.crop
    return mask


def _said(verdict: Verdict) -> str:
    return f"main subject: {verdict.reason}" if verdict.main else f"passer-by: {verdict.reason}"


def _listing(found: Sequence[Instance]) -> str:
    if not found:
        return "nothing was found in it"
    parts = [f"{each.id} ({each.label} at {','.join(map(str, each.box))})" for each in found[:20]]
    return f"there are {', '.join(parts)}{' ...' if len(found) > len(parts) else ''}"


def _notes(decisions: list[Decision], wanted: People, along: int) -> list[str]:
    """Whom it kept and why, in a line or two."""
    hardly = [each for each in decisions if each.reason == _HARDLY]
    people = [each for each in decisions if each.instance.label == PERSON and each not in hardly]
    asked = _asks_for_all(wanted)
    doubts = []
    if hardly:
        listed = ", ".join(str(each.instance.id) for each in hardly)
        doubts.append(f"left what hardly looks like a person: {listed} (--instance erases it all the same)")
    if asked and not people:
        return ["no person was found", *doubts]
    notes = []
    gone = [each for each in decisions if each.erased]
    kept = [each for each in people if not each.erased]
    if gone:
        notes.append(f"erased {_counted(gone)}: " + ", ".join(str(each.instance.id) for each in gone))
    if along:
        who = "person" if along == 1 else "people"
        notes.append(f"took {along} {who} along of whom the network is unsure, beside those")
    if asked and kept:
        said = "; ".join(f"{each.instance.id} ({each.reason})" for each in kept[:6])
        notes.append(f"kept {_counted(kept)}: {said}{'; ...' if len(kept) > 6 else ''}")
    if asked and not gone:
        notes.append("everyone in the picture counts as a main subject; to erase somebody all the same, use --instance")
    return [*notes, *doubts]


def _counted(decisions: list[Decision]) -> str:
    people = sum(each.instance.label == PERSON for each in decisions)
    things = len(decisions) - people
    parts = [f"{people} {'person' if people == 1 else 'people'}"] if people else []
    parts += [f"{things} {'thing' if things == 1 else 'things'}"] if things else []
    return " and ".join(parts)
