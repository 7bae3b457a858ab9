"""Which pictures a voter sees in which order, and the file of votes."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cleanplate.errors import ArgumentError, InputError, MissingInputError
from cleanplate_training.vote.preferences import Vote

PICTURES = {".avif", ".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


@dataclass(frozen=True)
class Ballot:
    """One picture by several candidates, in the order they are shown.

    Attributes:
        picture: Name of the picture (stem of its file).
        shown: Names of the candidates.
        files: Their files, in the same order.
        reference: The picture before, or None.
    """

    picture: str
    shown: tuple[str, ...]
    files: tuple[Path, ...]
    reference: Path | None


def make_ballots(
    folders: Sequence[Path], *, at_once: int | None = None, reference: Path | None = None, seed: int = 0
) -> list[Ballot]:
    """Pair the pictures of all folders by name.

    Args:
        folders: One folder a candidate, with equally named pictures.
        at_once: Candidates a ballot; fewer than there are makes several ballots a picture, one for each combination
            drawn so that every candidate is shown equally often. None shows all.
        reference: Folder of the pictures before.
        seed: Of the order of pictures and candidates.

    Raises:
        ArgumentError: fewer than two folders, two with one name, or ``at_once`` out of range.
        MissingInputError: a folder is not there.
        InputError: no picture is in all folders.
    """
    named = {folder.name: _pictures(folder) for folder in (path.resolve() for path in folders)}
    if len(folders) < 2:
        raise ArgumentError("needs at least two folders", subject="vote")
    if len(named) < len(folders):
        raise ArgumentError("two folders have the same name", subject="vote", fix="rename one of them")
    at_once = len(folders) if at_once is None else at_once
    if not 2 <= at_once <= len(folders):
        raise ArgumentError(f"must be from 2 to {len(folders)}, not {at_once}", subject="--at-once")
    common = sorted(set.intersection(*(set(pictures) for pictures in named.values())))
    if not common:
        raise InputError("no picture is in all folders", subject=", ".join(str(folder) for folder in folders))
    before = {} if reference is None else _pictures(reference)
    rng = random.Random(seed)  # noqa: S311  # an order to show things in, not a secret
    ballots = []
    for picture in common:
        names = list(named)
        rng.shuffle(names)
        for start in range(len(names) if at_once < len(names) else 1):
            shown = [names[(start + offset) % len(names)] for offset in range(at_once)]
            rng.shuffle(shown)
            files = tuple(named[name][picture] for name in shown)
            ballots.append(Ballot(picture, tuple(shown), files, before.get(picture)))
    rng.shuffle(ballots)
    return ballots


class VoteFile:
    """A file of votes, one JSON object a line, appended to as votes come in.

    Args:
        path: The file; made with the first vote.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Vote]:
        """Return all votes.

        Raises:
            InputError: a line is not a vote.
        """
        if not self.path.exists():
            return []
        votes = []
        for number, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                entry = json.loads(line)
                votes.append(Vote(entry["picture"], tuple(entry["shown"]), entry["chosen"], entry["voter"]))
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                raise InputError(f"line {number} is not a vote", subject=self.path) from error
        return votes

    def append(self, vote: Vote) -> None:
        """Add a vote."""
        entry = {"picture": vote.picture, "shown": vote.shown, "chosen": vote.chosen, "voter": vote.voter}
        entry["time"] = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry) + "\n")

    def open_ballots(self, ballots: Sequence[Ballot], voter: str) -> list[Ballot]:
        """Return the ballots that a voter has not voted on yet."""
        done = {(vote.picture, frozenset(vote.shown)) for vote in self.read() if vote.voter == voter}
        return [ballot for ballot in ballots if (ballot.picture, frozenset(ballot.shown)) not in done]


def _pictures(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise MissingInputError("there is no such folder", subject=folder)
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in PICTURES}
