"""From probabilities to the mask of damage that is shown, edited and filled."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.prints.tint import in_colours
from cleanplate.types import Image, Mask

_SPAN = 4.0
"""Logits by which the least and the greatest sensitivity move the threshold."""
_EVIDENT = 2.8
"""Logits above the network's own threshold from which thin marks count as evidence that the picture is damaged."""
_EVIDENCE = (2e-4, 6e-4)
"""Share of such pixels up to which a picture counts as clean, and from which on it counts as damaged."""
_LOWERED = (0.0, -0.7)
_SURE = (4.8, 1.0)
"""Logits that are added to the threshold for every pixel of a mark, and for one at least: clean and damaged picture."""
_SURE_PIXELS = 12
"""How many pixels of a mark must be that sure in a clean picture; one in a damaged picture."""
_DOUBT = -2.0
"""Logits from the network's own threshold up to :data:`_EVIDENT` between which a pixel is in doubt."""
_DOUBTS = (0.05, 0.08)
"""Share of such pixels up to which doubts are told from the picture, and from which on it is full of them: grass, rock,
crowds, foliage. Real damage leaves few doubts beside it."""
_DOUBTS_IN_COLOURS = (0.02, 0.04)
"""The same for pictures in colours, most of which are no old prints."""
_NEIGHBOURS = 32
_RAISED, _USUAL = 15.0, 0.1
"""In a picture full of doubts, logits that are added for a neighbourhood of nothing else, and the share of doubts near
a place from which on that begins."""
_SPECK = 4
"""Fewer connected pixels than this, at the size that was looked at, are noise."""
_THIN = 4
"""Radius in pixels, at the size that was looked at, up to which a mark counts as thin."""
_DOUBTED = ((4.0, 4.5, 1.4), (2.5, 1.8, 0.6))
"""Marks of at least this radius, and of at most the area of so many discs of it, have so many logits more than the
threshold on the average: skies, ribbons, white shirts have less, and so have the highlights of buttons."""
_BROAD = 8.0
"""Radius from which on a mark is looked into, farther than :data:`_THIN` from its edge."""
_FLAT = 0.13
"""Standard deviation of light inside a broad mark, as a share of the picture's range of light, up to which it counts as
bare paper or dirt; more is a picture still."""
_AROUND = 24
"""Pixels around such a part in which nothing is marked either: what is marked there is its ragged edge."""
_RIM = 1
"""Pixels, at the size that was looked at, by which marks grow: damage has a blurred edge."""
_FARTHEST = 12.0
"""Largest logit that is told apart."""


def threshold_for(sensitivity: float, neutral: float) -> float:
    """The probability from which a pixel is marked.

    Args:
        sensitivity: 0 (only what is certain) .. 1 (everything suspicious); 0.5 is ``neutral``.
        neutral: threshold of the network itself.
    """
    return _probability(_logit(neutral) + 2.0 * _SPAN * (0.5 - sensitivity))


def marks(
    probability: NDArray[np.float32],
    threshold: float,
    *,
    height: int,
    width: int,
    neutral: float | None = None,
    seen: Image | None = None,
) -> Mask:
    """Mark damage.

    Pixels above a threshold are marked where they are connected to one that is well above it: scratches stay in one
    piece, and doubts alone mark nothing. How far above depends on the picture: where thin damage is evident, more is to
    be expected, and in a picture without any only what is certain counts. Where the whole picture is full of doubts
    (grass, rock, crowds), a mark must stand out from those around it, and broad ones must not show the picture.

    Args:
        probability: h x w float32, 0..1.
        threshold: 0..1, exclusive.
        height: of the mask.
        width: of the mask.
        neutral: threshold of the network itself; None if ``threshold`` is that.
        seen: h x w x 3 uint8 or uint16, the picture as it was looked at: doubts count more in one in colours, and broad
            marks that show it can be left out; None keeps those.

    Returns:
        H x W bool.
    """
    at, own = _logit(threshold), _logit(threshold if neutral is None else neutral)
    logits = _logits(probability)
    caution = min(max(1.0 + (at - own) / _SPAN, 0.0), 1.0)  # whoever asks for everything suspicious gets it
    coloured = seen is not None and in_colours(seen)
    doubts, full = _doubts(logits - own, _DOUBTS_IN_COLOURS if coloured else _DOUBTS)
    raised = np.asarray(doubts * (caution * full), np.float32)
    damaged = _damaged(logits - raised, own)
    low, high = (at + clean + damaged * (old - clean) for clean, old in (_LOWERED, _SURE))
    sure = logits - raised > min(high, _FARTHEST)
    del raised
    if not sure.any():
        return np.zeros((height, width), np.bool_)
    candidates = (logits > low).view(np.uint8)
    if seen is not None and full > 0.0:
        candidates[_showing(seen, _distance(candidates))] = 0
    facts: Any
    _, labels, facts, _ = cv2.connectedComponentsWithStats(candidates, connectivity=8, ltype=cv2.CV_32S)
    # Among them perhaps the ground, label 0.
    kept = np.bincount(labels[sure], minlength=len(facts)) >= 1 + caution * (1.0 - damaged) * (_SURE_PIXELS - 1)
    kept &= facts[:, cv2.CC_STAT_AREA] >= _SPECK
    kept[0] = False
    kept[_doubtful(logits, _distance(candidates), labels, facts, at)] = False
    found = kept[labels].view(np.uint8)
    del labels
    grown: Any = cv2.dilate(found, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _RIM + 1, 2 * _RIM + 1)))
    if grown.shape != (height, width):
        # Of the smooth enlargement of 0 and 255, half and more: outlines stay round and a pixel wide line stays.
        grown = cv2.resize(grown * np.uint8(255), (width, height), interpolation=cv2.INTER_LINEAR) >= 128
    return np.asarray(grown, np.bool_)


def _logits(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """Up to 12 either way; the network says nothing beyond."""
    kept = np.clip(probability, _probability(-_FARTHEST), _probability(_FARTHEST))
    return np.asarray(np.log(kept / (1 - kept)), np.float32)


def _doubts(above: NDArray[np.float32], shares: tuple[float, float]) -> tuple[NDArray[np.float32], float]:
    """How much is in doubt, of logits above the network's own threshold.

    Returns:
        Logits by which doubts around each place raise what is asked of it, h x w, and how full of doubts the whole
        picture is: 0 (they are told from the picture) .. 1.
    """
    in_doubt = (above > _DOUBT) & (above <= _EVIDENT)
    least, most = shares
    full = min(max((np.count_nonzero(in_doubt) / above.size - least) / (most - least), 0.0), 1.0)
    if full == 0.0:
        return np.zeros_like(above), 0.0
    # Flanks of evident marks are in doubt too, and do not count.
    evident = cv2.dilate((above > _EVIDENT).view(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    others = (1 - evident).astype(np.float32)
    window = (2 * _NEIGHBOURS + 1, 2 * _NEIGHBOURS + 1)
    share = cv2.blur(in_doubt * others, window) / np.maximum(cv2.blur(others, window), np.float32(0.05))
    return np.asarray(_RAISED * np.maximum(share - _USUAL, 0.0), np.float32), full


def _damaged(logits: NDArray[np.float32], neutral: float) -> float:
    """0 for a picture that seems clean .. 1 for one where thin damage is evident; ``neutral`` is a logit."""
    evident = (logits > min(neutral + _EVIDENT, _FARTHEST)).view(np.uint8)
    side = 2 * _THIN + 1
    wide = cv2.morphologyEx(evident, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    share = (np.count_nonzero(evident) - np.count_nonzero(wide)) / logits.size
    least, most = _EVIDENCE
    return float(np.clip(math.log(max(share, 1e-9) / least) / math.log(most / least), 0.0, 1.0))


def _doubtful(
    logits: NDArray[np.float32],
    distance: NDArray[np.float32],
    labels: NDArray[Any],
    facts: NDArray[Any],
    threshold: float,
) -> list[int]:
    """Labels of compact marks that are not sure enough for their radius; ``threshold`` is a logit."""
    doubted = []
    for label in np.unique(labels[distance >= _DOUBTED[-1][0]]).tolist():
        place = _place(facts[label])
        mine, area = labels[place] == label, int(facts[label][cv2.CC_STAT_AREA])
        radius = float(distance[place][mine].max())
        most, needed = next((most, needed) for least, most, needed in _DOUBTED if radius >= least)
        if area > most * math.pi * radius**2:
            continue
        if float(logits[place][mine].mean()) < threshold + needed:
            doubted.append(label)
    return doubted


def _showing(seen: Image, distance: NDArray[np.float32]) -> Mask:
    """Broad parts of marks inside which the picture still is, and what is around them: h x w bool."""
    result = np.zeros(distance.shape, np.uint8)
    if float(distance.max()) < _BROAD:
        return result.view(np.bool_)
    light = cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY)
    darkest, lightest = np.percentile(light[::4, ::4], (0.5, 99.5))
    facts: Any
    _, labels, facts, _ = cv2.connectedComponentsWithStats((distance > _THIN).view(np.uint8), connectivity=8)
    for label in np.unique(labels[distance >= _BROAD]).tolist():
        place = _place(facts[label])
        inside = labels[place] == label
        if float(light[place][inside].std()) > _FLAT * (lightest - darkest):
            result[place] |= inside.view(np.uint8)
    side = 2 * _AROUND + 1
    grown = cv2.dilate(result, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    return np.asarray(grown, np.uint8).view(np.bool_)


def _distance(candidates: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How far each candidate is from what is none; a mark that leaves the picture goes on there."""
    rimmed = cv2.copyMakeBorder(candidates, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.distanceTransform(rimmed, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1], np.float32)


def _place(fact: NDArray[Any]) -> tuple[slice, slice]:
    left, top, across, down = (int(each) for each in fact[:4])
    return slice(top, top + down), slice(left, left + across)


def _logit(probability: float) -> float:
    return math.log(probability / (1.0 - probability))


def _probability(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit))
