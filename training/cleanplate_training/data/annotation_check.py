"""What a detector says against an annotation: boxes around several people, and people whom nobody annotated.

Both teach a detector the wrong thing. They become crowds, which training takes neither for one person nor for nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from cleanplate_training.data.boxes import Box, covered, overlap
from cleanplate_training.data.sample import Instance, Sample

_LIKELY, _SURE, _CERTAIN = 0.3, 0.5, 0.8
"""Scores: the box may be right after all; somebody is there; somebody is there, whatever the annotation says."""
_SAME = 0.6
"""Intersection over union from which on a detection is the annotated person."""
_INSIDE = 0.8
"""Share of a detection that lies in the box of a group."""
_PART = 0.6
"""Largest detection in a group, as a share of the group's box."""
_APART = 0.5
"""Two people of a group cover less than this of each other."""
_UNKNOWN = 0.3
"""People whom nobody annotated lie in annotated boxes with less than this share."""


def checked(sample: Sample, boxes: Sequence[Box], scores: Sequence[float]) -> Sample:
    """Return the sample with groups marked and people added who are missing, both as crowds.

    Args:
        sample: With its annotated people.
        boxes: What the detector found, in pixels of the picture.
        scores: How sure it is of each, 0..1.
    """
    known = sample.instances or ()
    found = list(zip(boxes, scores, strict=True))
    marked = tuple(replace(each, crowd=True) if _around_several(each, found) else each for each in known)
    missing = (
        Instance("person", box, crowd=True)
        for box, score in found
        if score >= _CERTAIN and all(covered(box, each.box) < _UNKNOWN for each in known)
    )
    return replace(sample, instances=(*marked, *missing))


def _around_several(own: Instance, found: Sequence[tuple[Box, float]]) -> bool:
    if any(score >= _LIKELY and overlap(box, own.box) >= _SAME for box, score in found):
        return False
    inside = [
        box
        for box, score in found
        if score >= _SURE and covered(box, own.box) >= _INSIDE and covered(own.box, box) <= _PART
    ]
    return any(max(covered(one, other), covered(other, one)) < _APART for one, other in combinations(inside, 2))
