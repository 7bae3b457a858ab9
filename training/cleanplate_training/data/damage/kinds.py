"""The registry of generated damage, and how often each kind occurs."""

from __future__ import annotations

from collections.abc import Mapping

from cleanplate_training.data.damage.cracks import crack
from cleanplate_training.data.damage.crazing import crazing
from cleanplate_training.data.damage.folds import fold
from cleanplate_training.data.damage.hairlines import hairline
from cleanplate_training.data.damage.handwriting import handwriting
from cleanplate_training.data.damage.holes import hole
from cleanplate_training.data.damage.mark import Draw
from cleanplate_training.data.damage.stains import stain
from cleanplate_training.data.damage.tears import torn
from cleanplate_training.data.damage.worn_edges import worn_edge

KINDS: Mapping[str, Draw] = {
    "crack": crack,
    "crazing": crazing,
    "fold": fold,
    "hairline": hairline,
    "handwriting": handwriting,
    "hole": hole,
    "stain": stain,
    "tear": torn,
    "worn edge": worn_edge,
}
"""Kind of damage to what draws it."""

FREQUENCY: Mapping[str, float] = {
    "crack": 1.2,
    "crazing": 0.5,
    "fold": 1.0,
    "hairline": 1.6,
    "handwriting": 0.25,
    "hole": 0.9,
    "stain": 0.5,
    "tear": 0.6,
    "worn edge": 0.6,
    "stamp": 2.2,
}
"""Relative frequency of each kind; stamps of all kinds together."""
