"""Runs one method file to file: ``python -m benchmarks.peer METHOD PHOTO MASK RESULT``."""

from __future__ import annotations

import sys

from benchmarks.pictures import read_photo, read_selection, write_photo
from evaluation.erase.methods import METHODS


def main(method: str, photo: str, mask: str, result: str) -> None:
    """Decode, fill the whole photograph, encode."""
    write_photo(result, METHODS[method](read_photo(photo), read_selection(mask)))


if __name__ == "__main__":
    main(*sys.argv[1:5])
