"""Engine ``patchmatch``: multi-scale patch search by PyPatchMatch.

C. Barnes, E. Shechtman, A. Finkelstein, D. Goldman: PatchMatch, a Randomized Correspondence Algorithm for Structural
Image Editing, SIGGRAPH 2009; Y. Wexler, E. Shechtman, M. Irani: Space-Time Completion of Video, PAMI 2007.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import EngineError
from cleanplate.inpaint.engine import Completion, EngineOptions, SmallImage, check_no_network
from cleanplate.types import Mask


class _SeedGate:
    """Lets runs with one seed go side by side and makes those with another seed wait.

    The library keeps its seed for the whole process, and every run starts from it. A run must therefore not see the
    seed change, but two runs with the same seed do not disturb each other.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._running = 0
        self._seed: int | None = None

    @contextmanager
    def holding(self, seed: int) -> Iterator[None]:
        import patchmatch

        with self._condition:
            self._condition.wait_for(lambda: self._running == 0 or self._seed == seed)
            if self._seed != seed:
                patchmatch.set_random_seed(seed)
                self._seed = seed
            self._running += 1
        try:
            yield
        finally:
            with self._condition:
                self._running -= 1
                self._condition.notify_all()


_GATE = _SeedGate()


@dataclass(frozen=True)
class Guide:
    """A second picture that patches should agree in.

    Attributes:
        map: h x w x 2 float32 in 0..0.5 (the library takes a difference over 0.5 for one around a circle).
        weight: of a difference, relative to that of the patches; a difference of 0.707 in ``map`` weighs as much as
            patches that have nothing in common.
    """

    map: NDArray[np.float32]
    weight: float


@dataclass(frozen=True)
class PatchMatch:
    """Patch-search engine.

    Attributes:
        patch_radius: radius of the compared patches at the working size, in pixels.
    """

    name: str = "patchmatch"
    device: str = "cpu"
    working_size: int = 192
    patch_radius: int = 3
    notes: tuple[str, ...] = ()

    def complete(
        self, image: SmallImage, hole: Mask, *, avoid: Mask, seed: int, guide: Guide | None = None
    ) -> Completion:
        """Fill the hole, as ``guide`` shows it if given; see :class:`cleanplate.inpaint.engine.Engine`."""
        import patchmatch

        picture, excluded = np.ascontiguousarray(image), (avoid & ~hole).view(np.uint8)
        with _GATE.holding(seed & 0xFFFFFFFF):
            if guide is None:
                filled = patchmatch.inpaint(
                    picture, hole.view(np.uint8), global_mask=excluded, patch_size=self.patch_radius
                )
            else:
                filled = patchmatch.inpaint_regularity(
                    picture,
                    hole.view(np.uint8),
                    np.dstack([guide.map, np.zeros_like(guide.map[..., 0])]),
                    global_mask=excluded,
                    patch_size=self.patch_radius,
                    guide_weight=guide.weight,
                )
        return Completion(np.where(hole[..., None], filled, image))


def create(options: EngineOptions) -> PatchMatch:
    """Build the engine.

    Raises:
        EngineError: the native library of PyPatchMatch did not load.
        DeviceError: another device than the CPU was asked for.
        ArgumentError: weights were given.
    """
    check_no_network(options, "patchmatch")
    import patchmatch

    if not patchmatch.patchmatch_available:
        raise EngineError(
            "the native library of PyPatchMatch did not load",
            subject="engine patchmatch",
            fix="reinstall it (pip install --force-reinstall --no-deps PyPatchMatch) or use --engine telea",
        )
    return PatchMatch()
