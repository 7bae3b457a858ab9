"""Prints the seconds of a warm ``cleanplate.erase`` on arrays: ``python -m benchmarks.in_memory PHOTO MASK``."""

from __future__ import annotations

import sys
import time

import cleanplate
from benchmarks.pictures import read_photo, read_selection


def main(photo: str, mask: str) -> None:
    """Decode, erase twice, report the second."""
    picture, selection = read_photo(photo), read_selection(mask)
    cleanplate.erase(picture, selection)
    started = time.perf_counter()
    cleanplate.erase(picture, selection)
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main(*sys.argv[1:3])
