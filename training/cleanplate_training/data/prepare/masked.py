"""Prepared shards, and each box in them that has no mask gets one from a promptable network."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cleanplate.detect.network import PeopleNetwork
from cleanplate.errors import OutputError
from cleanplate_training.data.annotation_check import checked
from cleanplate_training.data.box_masks import MaskPlan, answered, asking
from cleanplate_training.data.boxes import Box
from cleanplate_training.data.instance_masks import with_instance_masks
from cleanplate_training.data.prepare.tally import Tally
from cleanplate_training.data.promptable import AT_ONCE, PromptableNetwork
from cleanplate_training.data.sample import Sample
from cleanplate_training.data.shard_writer import ShardWriter, check_empty
from cleanplate_training.data.shards import ShardSet

_PER_SHARD = 500
"""Samples a shard: what is lost at most when a run of hours is stopped."""
_SMALL = 0.15
"""Pictures with a lower box, as a share of their height, are looked at alone; others four at once."""


def mask_boxes(
    shards: Sequence[Path],
    out: Path,
    network: PromptableNetwork,
    *,
    detector: PeopleNetwork | None = None,
    plan: MaskPlan | None = None,
    limit: int | None = None,
    resume: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> Tally:
    """Write the samples of shards again, with masks for the boxes that have none.

    Masks that follow from a matte are made first; they and exact masks stay. Boxes whose answer cannot be right become
    crowds, which training neither takes for a person nor for nobody (see :mod:`cleanplate_training.data.box_masks`).

    Args:
        shards: Files named after their split, such as ``train-000000.tar``.
        out: Folder; must be empty or new, except to resume.
        network: Gives the masks.
        detector: Checks the annotation (see :mod:`cleanplate_training.data.annotation_check`).
        plan: Which boxes ask, and what is believed.
        limit: Samples at most.
        resume: Go on after the whole shards that are in ``out``, made from the same shards in the same way.
        report: Takes a line for the user every 500 samples.

    Raises:
        OutputError: ``out`` is not empty, cannot be written, or holds what this command did not write.
    """
    if not resume:
        check_empty(out)
    elif any(path.resolve().parent == out.resolve() for path in shards):
        raise OutputError("is where the shards come from", subject=out, fix="give another folder")
    tally, plan, count = Tally(), plan or MaskPlan(), 0
    with contextlib.ExitStack() as stack:
        for split in sorted({_split(path) for path in shards}):
            writer = stack.enter_context(ShardWriter(out, split=split, per_shard=_PER_SHARD, resume=resume))
            samples = ShardSet([path for path in shards if _split(path) == split])
            rest = len(samples) if limit is None else min(len(samples), max(0, limit - count))
            done = set(writer.keys)
            count += len(done)
            left = (samples[place] for place, key in enumerate(samples.keys()[:rest]) if key not in done)
            for sample in _masked(_checked(left, detector, tally), network, plan, tally):
                writer.write(sample)
                count += 1
                if count % 500 == 0:
                    report(f"{count} samples, {tally.kept[_BELIEVED]} masks")
    return tally


_BELIEVED = "masks of boxes"
_GROUPS = "boxes around several people, as crowds"
_MISSING = "people whom nobody annotated, as crowds"


def _checked(samples: Iterator[Sample], detector: PeopleNetwork | None, tally: Tally) -> Iterator[Sample]:
    """Samples with the masks that follow from their mattes and what the detector has against them."""
    for sample in samples:
        known = replace(with_instance_masks(sample), encoded=sample.encoded)
        if detector is not None:
            found = detector(known.picture, detector.scale_for(*known.picture.shape[:2]))
            boxes: list[Box] = [(a, b, c, d) for a, b, c, d in found.boxes.astype(float).tolist()]
            before = known.instances or ()
            known = checked(known, boxes, found.scores.tolist())
            after = known.instances or ()
            tally.keep(_GROUPS, sum(new.crowd and not old.crowd for old, new in zip(before, after, strict=False)))
            tally.keep(_MISSING, len(after) - len(before))
        yield known


def _split(path: Path) -> str:
    return path.name.partition("-")[0]


def _masked(samples: Iterator[Sample], network: PromptableNetwork, plan: MaskPlan, tally: Tally) -> Iterator[Sample]:
    """Samples with masks; those whose people are large wait until they can share a look."""
    waiting: list[Sample] = []
    for known in samples:
        wanted = [known.instances[place].box for place in asking(known, plan)] if known.instances else []
        if not wanted:
            yield known
        elif min(box[3] - box[1] for box in wanted) < _SMALL * known.picture.shape[0]:
            yield from _looked_at([known], network, plan, tally)
        else:
            waiting.append(known)
        if len(waiting) == AT_ONCE:
            yield from _looked_at(waiting, network, plan, tally)
            waiting = []
    if waiting:
        yield from _looked_at(waiting, network, plan, tally)


def _looked_at(samples: Sequence[Sample], network: PromptableNetwork, plan: MaskPlan, tally: Tally) -> Iterator[Sample]:
    places = [asking(sample, plan) for sample in samples]
    boxes = [
        [(sample.instances or ())[place].box for place in own] for sample, own in zip(samples, places, strict=True)
    ]
    answers = network.masks([sample.picture for sample in samples], boxes)
    for sample, own, given in zip(samples, places, answers, strict=True):
        result = answered(sample, own, given, plan)
        right = sum((result.instances or ())[place].mask is not None for place in own)
        tally.keep(_BELIEVED, right)
        tally.drop(_BELIEVED, len(own) - right)
        yield result
