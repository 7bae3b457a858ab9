"""Reconstruction losses of inpainting (Yi et al. 2020, arXiv 2005.09704, section 3.5)."""

from __future__ import annotations

from torch import Tensor


def hole_l1(answer: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Return the absolute error within the hole, summed there and divided by the whole picture's numbers.

    Large holes weigh more than small ones, as in the paper.

    Args:
        answer: ``N x C x H x W``.
        truth: Same shape.
        mask: ``N x 1 x H x W``, 1 = hole.
    """
    return ((answer - truth).abs() * mask).mean()


def context_l1(answer: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Return the mean absolute error of the known pixels (arguments as for :func:`hole_l1`); 0 where all is hole."""
    known = 1 - mask
    return ((answer - truth).abs() * known).mean() / known.mean().clamp(min=1e-6)
