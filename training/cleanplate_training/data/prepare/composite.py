"""People put on photographs: pictures whose alpha and instance masks are known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError
from cleanplate_training.data.augment.geometry import RandomView, flipped, resized, set_at
from cleanplate_training.data.augment.light import to_linear, to_srgb
from cleanplate_training.data.boxes import box_of
from cleanplate_training.data.prepare.cutouts import touches
from cleanplate_training.data.prepare.harmonise import harmonised
from cleanplate_training.data.prepare.shadows import cast_shadow, contact_shadow
from cleanplate_training.data.sample import Instance, Sample


@dataclass(frozen=True)
class CompositePlan:
    """How cut-outs are put on a photograph.

    Attributes:
        size: height and width of the result.
        people: least and greatest number of cut-outs.
        height: range of a cut-out's height as a share of the picture's; half bodies keep their place at the border.
        harmony: range of the strength of colour harmonisation.
        shadows: probability of a cast shadow (contact shadows are under every standing figure).
        darkness: range of how much light a shadow takes away.
        edge: range of the standard deviation of an extra blur of the alpha, in pixels.
        least_visible: a figure of which less is left in view is not annotated as an instance.
    """

    size: tuple[int, int] = (512, 512)
    people: tuple[int, int] = (1, 4)
    height: tuple[float, float] = (0.3, 0.9)
    harmony: tuple[float, float] = (0.2, 0.7)
    shadows: float = 0.5
    darkness: tuple[float, float] = (0.25, 0.7)
    edge: tuple[float, float] = (0.0, 0.8)
    least_visible: float = 0.15

    def __post_init__(self) -> None:
        """Refuse ranges that are out of order."""
        for name in ("people", "height", "harmony", "darkness", "edge"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise ArgumentError(f"must be 0 <= least <= greatest, not {(low, high)}", subject=name)


def composite(background: Sample, people: Sequence[Sample], plan: CompositePlan, rng: np.random.Generator) -> Sample:
    """Put cut-outs on a photograph, far ones first; alpha is that of all of them together.

    The photograph must be free of what the cut-outs show, or the annotations miss it. Key, source, licence and group
    are the background's, with the cut-outs' sources and licences joined to them.

    Args:
        background: a photo, any size.
        people: cut-outs with alpha, as :func:`~.cutouts.cutouts` makes them.
        plan: see :class:`CompositePlan`.
        rng: source of randomness.
    """
    scene = RandomView(plan.size, scale=(0.5, 1.0))(background, rng)
    picture = scene.picture
    # One sun for all.
    sun = {"lean": rng.uniform(-0.9, 0.9), "length": rng.uniform(0.2, 0.6), "softness": rng.uniform(0.004, 0.03)}
    casts, darkness = rng.random() < plan.shadows, rng.uniform(*plan.darkness)
    placed = sorted((_placed(person, plan, rng) for person in people), key=lambda layer: layer.foot)
    union = np.zeros(plan.size, np.float32)
    masks: list[NDArray[np.float32]] = []
    for layer in placed:
        colours = harmonised(
            layer.colours,
            np.rint(255 * layer.alpha).astype(np.uint8),
            _around(picture, layer.alpha),
            strength=rng.uniform(*plan.harmony),
        )
        shadow = _shadow(layer, casts, sun)
        linear = to_linear(picture) * (1 - darkness * shadow)[..., np.newaxis]
        picture = _over(to_srgb(linear), colours, layer.alpha)
        union = layer.alpha + union * (1 - layer.alpha)
        masks = [mask * (1 - layer.alpha) for mask in masks] + [layer.alpha]
    instances = [_instance(layer, mask, plan) for layer, mask in zip(placed, masks, strict=True)]
    return replace(
        scene,
        picture=picture,
        alpha=np.asarray(np.rint(255 * union), np.uint8),
        mask=None,
        instances=tuple(instance for instance in instances if instance is not None),
        source=" + ".join(dict.fromkeys([background.source, *(person.source for person in people)])),
        licence=" + ".join(dict.fromkeys([background.licence, *(person.licence for person in people)])),
    )


@dataclass(frozen=True)
class _Layer:
    """A cut-out in its place: uint8 colours, float32 alpha 0..1, both of the whole picture."""

    colours: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    foot: int
    stands: bool
    label: str


def _placed(person: Sample, plan: CompositePlan, rng: np.random.Generator) -> _Layer:
    if person.alpha is None:
        raise ArgumentError("has no alpha, so it is no cut-out", subject=person.key)
    if rng.random() < 0.5:
        person = flipped(person)
    assert person.alpha is not None
    left_cut, top_cut, right_cut, bottom_cut = touches(person.alpha)
    rows, columns = plan.size
    tall = max(8, round(rows * rng.uniform(*plan.height)))
    wide = max(8, round(person.picture.shape[1] * tall / person.picture.shape[0]))
    if wide > 1.2 * columns:
        tall, wide = max(8, round(tall * 1.2 * columns / wide)), round(1.2 * columns)
    small = resized(person, tall, wide)
    # A figure that was cut off by its photo's border is put at the same border.
    top = int(rng.integers(round(0.3 * (rows - tall)), rows - tall + 1)) if tall <= rows else rows - tall
    if bottom_cut or top_cut:
        top = rows - tall if bottom_cut else 0
    left = int(rng.integers(-wide // 4, max(columns - wide * 3 // 4, -wide // 4 + 1)))
    if left_cut != right_cut:
        left = 0 if left_cut else columns - wide
    assert small.alpha is not None
    alpha = np.asarray(set_at(small.alpha, plan.size, top, left) / 255, np.float32)
    blur = rng.uniform(*plan.edge)
    if blur > 0.2:
        alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), blur, borderType=cv2.BORDER_REPLICATE), np.float32)
    label = person.instances[0].label if person.instances else "person"
    return _Layer(set_at(small.picture, plan.size, top, left), alpha, top + tall, not bottom_cut, label)


def _around(picture: NDArray[np.uint8], alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The part of the scene around a figure, shrunk: what its colours should go with."""
    if not (alpha > 0.5).any():
        return picture[::8, ::8]
    left, top, right, bottom = (int(edge) for edge in box_of(alpha > 0.5))
    rim_x, rim_y = (right - left) // 2, (bottom - top) // 4
    part = picture[max(0, top - rim_y) : bottom + rim_y, max(0, left - rim_x) : right + rim_x]
    return np.ascontiguousarray(part[::4, ::4])


def _shadow(layer: _Layer, casts: bool, sun: dict[str, float]) -> NDArray[np.float32]:
    if not layer.stands:
        return np.zeros_like(layer.alpha)
    shadow = contact_shadow(layer.alpha)
    return np.maximum(shadow, cast_shadow(layer.alpha, **sun)) if casts else shadow


def _over(below: NDArray[np.uint8], colours: NDArray[np.uint8], alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    weight = alpha[..., np.newaxis]
    return np.asarray(np.rint(colours * weight + below * (1 - weight)), np.uint8)


def _instance(layer: _Layer, visible: NDArray[np.float32], plan: CompositePlan) -> Instance | None:
    mask = visible > 0.5
    if mask.sum() < max(16, plan.least_visible * (layer.alpha > 0.5).sum()):
        return None
    return Instance(layer.label, box_of(mask), mask)
