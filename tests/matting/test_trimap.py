"""Trimaps whose bands follow doubt, and what is solved for within them."""

import sys
import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cleanplate.errors import ArgumentError, ArrayError, MissingExtraError
from cleanplate.matting.solved import solved
from cleanplate.matting.trimap import trimap, unknown


def slope(soft, *, size=64):
    """0 to the left, 1 to the right, over ``soft`` pixels around the middle."""
    across = np.clip((np.arange(size) - size / 2 + 0.5) / max(soft, 1e-6) + 0.5, 0, 1)
    return np.tile(across.astype(np.float32), (size, 1))


def width(band):
    return int(band[len(band) // 2].sum())


def test_a_hard_edge_has_a_narrow_band_and_doubt_a_wide_one():
    hard, soft, softer = (width(unknown(trimap(slope(pixels)))) for pixels in (0, 8, 24))
    assert 4 <= hard <= 8
    assert hard < soft < softer
    assert softer >= 24 * 0.8


def test_the_band_is_never_wider_than_doubt_allows():
    assert width(unknown(trimap(slope(24), widest=0))) < width(unknown(trimap(slope(24), widest=16)))


def test_what_is_sure_stays_and_the_input_too():
    alpha = slope(8)
    before = alpha.copy()
    known = trimap(alpha)
    assert np.array_equal(alpha, before)
    assert (known[:, :8] == 0).all()
    assert (known[:, -8:] == 1).all()
    assert set(np.unique(known)) == {0.0, 0.5, 1.0}


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_without_an_edge_nothing_is_unknown(value):
    assert not unknown(trimap(np.full((9, 7), value, np.float32))).any()


@given(arrays(np.float32, (12, 9), elements=st.floats(0, 1, width=32)))
def test_any_segmentation_gives_a_trimap_that_agrees_with_it(alpha):
    known = trimap(alpha)
    assert known.shape == alpha.shape
    assert (alpha[known == 1] >= 0.5).all()
    assert (alpha[known == 0] < 0.5).all()
    assert unknown(known)[(alpha > 0.1001) & (alpha < 0.8999)].all()


@pytest.mark.parametrize("wrong", [{"doubt": 0.0}, {"doubt": 0.5}, {"least": -1}, {"widest": -1}])
def test_settings_out_of_range_are_errors(wrong):
    with pytest.raises(ArgumentError):
        trimap(slope(4), **wrong)


@pytest.fixture
def told(monkeypatch):
    """Stands for pymatting (its first import compiles for a minute): alpha is the red of the picture."""
    calls = []

    def estimate(image, known, *, preconditioner):
        calls.append((image, known))
        return image[..., 0] * 1.2

    for module, function in (("estimate_alpha_cf", "estimate_alpha_cf"), ("estimate_alpha_knn", "estimate_alpha_knn")):
        stand_in = types.ModuleType(f"pymatting.alpha.{module}")
        setattr(stand_in, function, estimate)
        monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
    preconditioner = types.ModuleType("pymatting.preconditioner.jacobi")
    preconditioner.jacobi = None
    monkeypatch.setitem(sys.modules, preconditioner.__name__, preconditioner)
    for name in ("pymatting", "pymatting.alpha", "pymatting.preconditioner"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    return calls


def coloured(alpha, dtype=np.uint8):
    top = np.iinfo(dtype).max
    return np.dstack([alpha * top, 0.3 * top * np.ones_like(alpha), (1 - alpha) * top]).astype(dtype)


@pytest.mark.parametrize("solver", ["closed-form", "knn"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_only_the_band_is_solved_for(told, solver, dtype):
    known = trimap(slope(8))
    alpha = solved(coloured(slope(8), dtype), known, solver=solver)
    band = unknown(known)
    assert np.array_equal(alpha[~band], known[~band])
    assert np.allclose(alpha[band], np.clip(1.2 * slope(8)[band], 0, 1), atol=0.02)
    picture, given_trimap = told[0]
    assert picture.dtype == given_trimap.dtype == np.float64
    assert 0 <= picture.min() <= picture.max() <= 1
    assert picture.shape[1] < 64, "what is far from the band is left out"


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_nothing_is_solved_where_one_side_is_unknown_everywhere(told, value):
    alpha = np.full((32, 32), value, np.float32)
    known = trimap(alpha)
    assert np.array_equal(solved(coloured(alpha), known), known)
    assert not told


def test_wrong_arguments_are_errors():
    with pytest.raises(ArrayError, match="trimap"):
        solved(coloured(slope(8)), trimap(slope(8))[:5])
    with pytest.raises(ArgumentError, match="closed-form, knn"):
        solved(coloured(slope(8)), trimap(slope(8)), solver="magic")


def test_without_pymatting_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymatting", None)
    monkeypatch.setitem(sys.modules, "pymatting.alpha.estimate_alpha_cf", None)
    with pytest.raises(MissingExtraError, match=r"cleanplate\[trimap\]"):
        solved(coloured(slope(8)), trimap(slope(8)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("solver", ["closed-form", "knn"])
def test_pymatting_itself_finds_a_soft_edge_and_prints_nothing(solver, capsys):
    pytest.importorskip("pymatting")
    truth = slope(6)
    hard = (truth > 0.5).astype(np.float32)
    known = trimap(hard, least=6)
    found = solved(coloured(truth), known, solver=solver)
    assert np.abs(found - truth).mean() < 0.8 * np.abs(hard - truth).mean()
    assert capsys.readouterr().out == ""
