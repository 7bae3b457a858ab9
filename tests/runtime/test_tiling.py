"""The same result whatever the tiling, where the context covers the receptive field."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.errors import ArgumentError, EngineError
from cleanplate.runtime.session import Session, start
from cleanplate.runtime.tiling import Tiling, spans, tiled
from tests.runtime.graphs import convolutions

RADIUS = 7
"""At most: 1 (convolution) + 1 (pooling) + 2 (convolution at half size) + 2 (enlargement) + 1 (convolution)."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return start(convolutions(tmp_path_factory.mktemp("graphs") / "convolutions.onnx"), device="cpu", threads=1)


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * 1000 + width).normal(size=(height, width, 3)).astype(np.float32)


def whole(session: Session, pixels: np.ndarray) -> np.ndarray:
    answer = session.run({"picture": pixels.transpose(2, 0, 1)[None]})["answer"]
    return answer[0].transpose(1, 2, 0)


def by_tiles(session: Session, pixels: np.ndarray, tiling: Tiling) -> np.ndarray:
    return tiled(lambda parts: whole(session, parts[0]), [pixels], tiling)


TILINGS = st.builds(
    lambda context, blend, room: Tiling(2 * (2 * context + blend + room), 2 * context, 2 * blend, multiple_of=2),
    context=st.integers(4, 8),
    blend=st.integers(0, 6),
    room=st.integers(1, 10),
)


@settings(max_examples=60)
@given(height=st.integers(1, 45), width=st.integers(1, 45), tiling=TILINGS)
def test_same_result_whatever_the_tiling(session: Session, height: int, width: int, tiling: Tiling) -> None:
    assert tiling.context >= RADIUS
    pixels = picture(2 * height, 2 * width)
    np.testing.assert_allclose(by_tiles(session, pixels, tiling), whole(session, pixels), atol=2e-5)


def test_too_little_context_shows(session: Session) -> None:
    pixels = picture(80, 80)
    wrong = by_tiles(session, pixels, Tiling(32, 1, 0, multiple_of=1))
    assert np.abs(wrong - whole(session, pixels)).max() > 0.01


def test_tiles_that_begin_between_the_strides_show(session: Session) -> None:
    pixels = picture(82, 82)
    starts = [span.start for span in spans(82, Tiling(32, 8, 1))]
    assert any(start % 2 for start in starts)
    wrong = by_tiles(session, pixels, Tiling(32, 8, 1))
    assert np.abs(wrong - whole(session, pixels)).max() > 0.01


def test_several_inputs_are_cut_alike() -> None:
    one, other = picture(60, 50), picture(60, 50)[..., :1] + 1
    result = tiled(lambda parts: parts[0] * parts[1], [one, other], Tiling(20, 2, 4))
    np.testing.assert_allclose(result, one * other, rtol=1e-5)


@given(length=st.integers(1, 400), tile=st.integers(1, 60), context=st.integers(0, 12), blend=st.integers(0, 12))
def test_weights_add_up_to_one_and_skip_the_context(length: int, tile: int, context: int, blend: int) -> None:
    if tile <= 2 * context + blend:
        with pytest.raises(ArgumentError, match="too small"):
            Tiling(tile, context, blend)
        return
    tiling = Tiling(tile, context, blend)
    total = np.zeros(length)
    cut = spans(length, tiling)
    for place, span in enumerate(cut):
        total[span.start : span.stop] += span.weights
        if place > 0:
            assert (span.weights[:context] == 0).all()
            assert span.start - cut[place - 1].start <= tiling.step
        if place + 1 < len(cut):
            assert (span.weights[tile - context :] == 0).all()
    np.testing.assert_allclose(total, 1, atol=1e-5)
    assert cut[0].start == 0
    assert cut[-1].stop == length


@given(units=st.integers(1, 60), multiple=st.sampled_from([2, 8, 16]), tiles=st.integers(4, 8))
def test_tiles_begin_at_multiples(units: int, multiple: int, tiles: int) -> None:
    tiling = Tiling(multiple * tiles, multiple, 0, multiple_of=multiple)
    for span in spans(units * multiple, tiling):
        assert span.start % multiple == 0
        assert (span.stop - span.start) % multiple == 0


def test_no_more_tiles_than_needed() -> None:
    assert len(spans(100, Tiling(100, 10))) == 1
    assert len(spans(101, Tiling(100, 10))) == 2
    assert len(spans(180, Tiling(100, 10))) == 2
    assert len(spans(181, Tiling(100, 10))) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((16, 8), "use at least 17"), ((20, 1, 0, 8), "no multiple"), ((0, 0), "positive"), ((8, -1), "positive")],
)
def test_tilings_that_cannot_be(arguments: tuple[int, ...], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        Tiling(*arguments)


def test_sides_must_be_multiples() -> None:
    with pytest.raises(ArgumentError, match="side 30 is no multiple of 8"):
        tiled(lambda parts: parts[0], [picture(32, 30)], Tiling(32, 8, 0, 8))


def test_networks_that_change_the_size_cannot_be_tiled() -> None:
    with pytest.raises(EngineError, match="cannot be tiled"):
        tiled(lambda parts: parts[0][::2, ::2], [picture(64, 64)], Tiling(32, 4))


def test_memory_of_equal_pictures_is_untouched() -> None:
    pixels = picture(64, 64)
    before = pixels.copy()
    tiled(lambda parts: parts[0] + 1, [pixels], Tiling(32, 4, 4))
    assert (pixels == before).all()


def test_half_precision_networks_too(tmp_path: Path) -> None:
    from tests.runtime.graphs import HALF

    session = start(convolutions(tmp_path / "half.onnx", kind=HALF), device="cpu", threads=1)
    pixels = picture(64, 48)
    result = by_tiles(session, pixels, Tiling(32, 8, 2, multiple_of=2))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, whole(session, pixels), atol=0.02)
