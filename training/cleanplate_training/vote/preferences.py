"""From votes to preferences with intervals.

Choosing one of several candidates says that it beat each of the others shown. Pairwise win rates get Wilson's
interval (Wilson 1927); overall strength is the Bradley-Terry model (Bradley and Terry 1952), fitted by Hunter's
iteration (2004), with intervals from resampling the votes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_NORMAL_95 = 1.959963984540054
_PRIOR = 0.5
"""Wins that each candidate is given over each other one, so that one that never lost has a finite strength."""


@dataclass(frozen=True)
class Vote:
    """One choice.

    Attributes:
        picture: What was shown.
        shown: Candidates in the order they were shown.
        chosen: The best of them, or None for no difference.
        voter: Who voted.
    """

    picture: str
    shown: tuple[str, ...]
    chosen: str | None
    voter: str = ""


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return it in percent."""
        return f"{100 * self.value:.0f} % ({100 * self.low:.0f} to {100 * self.high:.0f})"


@dataclass(frozen=True)
class Preferences:
    """What the votes say.

    Attributes:
        candidates: Names, strongest first.
        strength: Chance that a candidate is chosen when all are shown, by the Bradley-Terry model.
        wins: Share of pairwise comparisons that the first name won over the second.
        votes: Votes with a choice.
        undecided: Votes for no difference.
    """

    candidates: tuple[str, ...]
    strength: dict[str, Interval]
    wins: dict[tuple[str, str], Interval]
    votes: int
    undecided: int


def preferences(votes: Sequence[Vote], *, resamples: int = 500, seed: int = 0) -> Preferences:
    """Estimate how the candidates compare.

    Votes for no difference count half for each side in pairwise win rates and in strength.

    Args:
        votes: All votes.
        resamples: Resampled sets of votes for the intervals of the strengths.
        seed: Of the resampling.
    """
    names = sorted({name for vote in votes for name in vote.shown})
    place = {name: index for index, name in enumerate(names)}
    beaten = np.zeros((len(votes), len(names), len(names)))
    for number, vote in enumerate(votes):
        _count(beaten[number], vote, place)
    total = beaten.sum(axis=0)
    strengths = _bradley_terry(total)
    rng = np.random.default_rng(seed)
    drawn = [_bradley_terry(beaten[rng.integers(0, len(votes), len(votes))].sum(axis=0)) for _ in range(resamples)]
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    order = sorted(names, key=lambda name: -strengths[place[name]])
    wins = {
        (one, other): wilson(
            total[place[one], place[other]], total[place[one], place[other]] + total[place[other], place[one]]
        )
        for one in order
        for other in order
        if one != other
    }
    decided = sum(vote.chosen is not None for vote in votes)
    intervals = {name: Interval(float(strengths[i]), float(low[i]), float(high[i])) for name, i in place.items()}
    return Preferences(tuple(order), intervals, wins, decided, len(votes) - decided)


def wilson(successes: float, trials: float) -> Interval:
    """Return a share with Wilson's 95 % interval; nothing tried is 0.5 within 0 to 1."""
    if trials == 0:
        return Interval(0.5, 0.0, 1.0)
    share, z2 = successes / trials, _NORMAL_95**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _NORMAL_95 * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2)) / (1 + z2 / trials)
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def _count(beaten: NDArray[np.float64], vote: Vote, place: dict[str, int]) -> None:
    """Add one vote to the matrix ``beaten[winner, loser]``."""
    shown = [place[name] for name in vote.shown]
    if vote.chosen is not None:
        winner = place[vote.chosen]
        for loser in shown:
            beaten[winner, loser] += loser != winner
        return
    for one in shown:
        for other in shown:
            beaten[one, other] += 0.5 * (one != other)


def _bradley_terry(beaten: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return strengths that sum to 1 from ``beaten[winner, loser]``."""
    count = len(beaten)
    wins = beaten + _PRIOR * (1 - np.eye(count))
    games = wins + wins.T
    strength = np.full(count, 1 / count)
    for _ in range(2000):
        shares = games / (strength[:, None] + strength[None, :])
        updated = wins.sum(axis=1) / shares.sum(axis=1)
        updated /= updated.sum()
        if np.abs(updated - strength).max() < 1e-10:
            return np.asarray(updated, np.float64)
        strength = updated
    return strength
