"""Golden pictures: the whole path through windows, shrinking, sources, membrane, residual and seam stays what it is.

Fast marching completes the small picture, as patch search may differ between machines and releases of its library.
Tolerance: one level in the mean and 12 levels at most, for rounding of other processors. A change on purpose is
looked at first, then taken over with ``pytest tests/tasks/test_golden.py --update-golden``.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from cleanplate.inpaint.telea import Telea
from cleanplate.tasks.eraser import erase
from tests.inpaint.pictures import disc, gravel, slope

GOLDEN = Path(__file__).parent / "golden"


def _scene(dtype: type) -> np.ndarray:
    """Gravel under a sky, 240 x 320."""
    unit = 1 if dtype == np.uint8 else 257
    image = slope(240, 320, dtype=dtype)
    image[130:] = gravel(110, 320, seed=5, dtype=dtype) // 2 + 40 * unit
    return image


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16], ids=["8 bits", "16 bits"])
def test_erase_gives_the_golden_picture(dtype: type, update_golden: bool) -> None:
    image = _scene(dtype)
    mask = disc(240, 320, (100, 130), 35) | disc(240, 320, (250, 200), 20)
    result = erase(image, mask, engine=Telea(working_size=48))
    assert max(report.factor for report in result.windows) >= 3
    assert all(report.detail for report in result.windows)
    name = GOLDEN / f"erase-{np.dtype(dtype).itemsize * 8}.png"
    shown = cv2.cvtColor(result.image[80:, 50:290], cv2.COLOR_RGB2BGR)
    if update_golden:
        GOLDEN.mkdir(exist_ok=True)
        cv2.imwrite(str(name), shown)
    golden = cv2.imread(str(name), cv2.IMREAD_UNCHANGED)
    assert golden is not None, f"{name} is missing; make it with --update-golden"
    unit = 1.0 if dtype == np.uint8 else 257.0
    difference = np.abs(shown.astype(np.float64) - golden) / unit
    assert difference.mean() <= 1.0
    assert difference.max() <= 12.0
