"""Erase something from bundled photographs: run by ``make demo``, results in ``demo-out/``."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = Path("demo-out")
PHOTOS = {
    "beach": "the passers-by on a beach",
    "bridge-cables": "a cable across the sky (11 megapixels)",
}


def main() -> None:
    """Erase, and say where the results are and how long it took."""
    program = Path(sys.executable).with_name("cleanplate")
    OUT.mkdir(exist_ok=True)
    for name, what in PHOTOS.items():
        result, sheet = OUT / f"{name}.jpg", OUT / f"{name}-before-and-after.jpg"
        arguments: list[str | Path] = [HERE / f"{name}.jpg", "--mask", HERE / f"{name}.mask.png", "--overwrite"]
        arguments += ["--side-by-side", sheet, "-o", result]
        print(f"Erasing {what} ...", flush=True)
        started = time.perf_counter()
        subprocess.run([program, "erase", *arguments], check=True, stdout=subprocess.DEVNULL)
        print(f"  {time.perf_counter() - started:.1f} s, start of the program and both files included")
        print(f"  result:           {result}")
        print(f"  before and after: {sheet}", flush=True)
    print("Now yours:  cleanplate erase photo.jpg --box 40%,30%,60%,80% -o clean.jpg   (in a shell with .venv active)")


if __name__ == "__main__":
    main()
