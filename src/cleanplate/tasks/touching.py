"""Whether two people, or a person and a thing, touch: only then one may go because of the other."""

from __future__ import annotations

from cleanplate.detect.instance import Instance
from cleanplate.mask.growth import grow


def touching(one: Instance, other: Instance, gap: int) -> bool:
    """Whether two instances come within ``gap`` pixels of each other."""
    common = one.box.grown(gap).common(other.box)
    if not common.area:
        return False
    around = common.grown(gap).clipped(*one.size)
    near, theirs = one.within(around), other.within(common)
    if not near.any() or not theirs.any():
        return False
    return bool((grow(near, gap)[common.shifted(-around.left, -around.top).slices] & theirs).any())
