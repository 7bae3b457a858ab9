"""Child process of the fuzz tests: ``fuzz_worker.py FIRST COUNT``; says each case before it starts.

Memory is limited to 1 GB more than the libraries take, and a case of more than 20 s ends the process.
"""

from __future__ import annotations

import contextlib
import random
import resource
import signal
import sys
import zlib
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from cleanplate.decode.image import Limits, read_picture
from cleanplate.decode.mask import read_mask
from cleanplate.encode.image import EncodeOptions, encode
from cleanplate.errors import CleanplateError
from tests.decode.builders import samples

LIMITS = Limits(max_pixels=2_000_000, max_bytes=50_000_000)
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP")


def mutated(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Bit flips, cuts, splices, doubled and removed pieces, and numbers overwritten by extreme ones."""
    buffer = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        if not buffer:
            break
        # headers and tables are where parsers decide, so half of the changes go there
        reach = len(buffer) if rng.random() < 0.5 else min(len(buffer), 700)
        at = rng.randrange(reach)
        match rng.randrange(7):
            case 0:
                buffer[at] ^= 1 << rng.randrange(8)
            case 1:
                buffer[at] = rng.randrange(256)
            case 2:
                del buffer[at:]
            case 3:
                size = rng.choice((2, 4))
                value = rng.choice(INTERESTING) & ((1 << 8 * size) - 1)
                buffer[at : at + size] = value.to_bytes(size, rng.choice(("big", "little")))
            case 4:
                other = rng.choice(others)
                start = rng.randrange(len(other))
                buffer[at : at + rng.randrange(1, 200)] = other[start : start + rng.randrange(1, 200)]
            case 5:
                del buffer[at : at + rng.randrange(1, 64)]
            case 6:
                buffer[at:at] = buffer[at : at + rng.randrange(1, 64)]
    return with_checksums(bytes(buffer)) if rng.random() < 0.7 else bytes(buffer)


def with_checksums(data: bytes) -> bytes:
    """A PNG with right checksums, so that changes get past the first gate; other files as they are."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    buffer, at = bytearray(data), 8
    while at + 12 <= len(buffer):
        end = at + 8 + int.from_bytes(buffer[at : at + 4], "big")
        if end + 4 > len(buffer):
            break
        buffer[end : end + 4] = zlib.crc32(buffer[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(buffer)


def one_line(error: CleanplateError, outcome: str) -> str:
    """The outcome, if the message is one line."""
    if "\n" in str(error):
        raise AssertionError(f"message of several lines: {error!r}")
    return outcome


def run(case: int, names: list[str], files: dict[str, bytes]) -> str:
    """One case; what became of it."""
    rng = random.Random(case)
    name = names[case % len(names)]
    data = mutated(files[name], list(files.values()), rng)
    outcome = "read"
    try:
        picture = read_picture(data, name=name, limits=LIMITS)
    except CleanplateError as error:
        outcome = one_line(error, "refused")
    else:
        pixels = picture.pixels.copy()
        changed = np.zeros(pixels.shape[:2], np.bool_)
        changed[: max(1, len(changed) // 3), : max(1, changed.shape[1] // 2)] = True
        pixels[changed] = rng.randrange(256)
        target = rng.choice(FORMATS) if rng.random() < 0.3 or picture.format == "RAW" else None
        if picture.format in ("AVIF", "HEIF") and rng.random() < 0.8:
            target = "PNG"  # their encoders are slow
        options = EncodeOptions(target, strip_gps=rng.random() < 0.5, mark_ai=rng.random() < 0.5)
        try:
            written = encode(picture, pixels, changed=changed, options=options)
            read_picture(written.data, limits=LIMITS)
        except CleanplateError as error:
            outcome = one_line(error, "not written")
    with contextlib.suppress(CleanplateError):
        read_mask(data, limits=LIMITS)
    return outcome


def main() -> None:
    """Run the cases and say how many ended how."""
    first, count = int(sys.argv[1]), int(sys.argv[2])
    files = samples()
    names = sorted(files)
    for name in names:  # all libraries are loaded before memory is limited
        picture = read_picture(files[name], name=name)
        encode(picture, picture.pixels, changed=None)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30), used + (1 << 30)))
    totals: dict[str, int] = {}
    for case in range(first, first + count):
        print(f"case {case}", flush=True)
        signal.setitimer(signal.ITIMER_REAL, 20)
        outcome = run(case, names, files)
        totals[outcome] = totals.get(outcome, 0) + 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"done {totals} peak {peak} MB", flush=True)


if __name__ == "__main__":
    main()
