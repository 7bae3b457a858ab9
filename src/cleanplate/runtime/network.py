"""A network with its contract: a picture in, an array of the picture's size out.

Size needs, padding, tiling and normalisation are met here and nowhere else.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import EngineError
from cleanplate.runtime.contract import InputContract
from cleanplate.runtime.session import Session, Tensor
from cleanplate.runtime.sizing import fitting
from cleanplate.runtime.tensors import levels_255, mask_tensor, picture_tensor, pixels_of
from cleanplate.runtime.tiling import FloatArray, Tiling, tiled
from cleanplate.types import Mask


class Network:
    """Runs a session on pictures; safe to use from several threads.

    Attributes:
        session: the loaded network.
        contract: what it takes.
    """

    def __init__(
        self, session: Session, contract: InputContract, *, output: str | None = None, tiling: Tiling | None = None
    ) -> None:
        """Join a session and a contract.

        Args:
            session: the loaded network.
            contract: what it takes.
            output: name of the output that is wanted; the first by default.
            tiling: how larger pictures are cut; None gives the network each picture as a whole.

        Raises:
            EngineError: the inputs and outputs of the network are not those that the contract speaks of.
        """
        self.session = session
        self.contract = contract
        self._tiling = tiling
        self._picture, self._mask = _roles(session, contract)
        self._output = output or session.outputs[0].name
        if self._output not in {each.name for each in session.outputs}:
            names = ", ".join(each.name for each in session.outputs)
            raise EngineError(f"has no output '{self._output}' (outputs: {names})", subject=session.path)

    def __call__(self, pixels: NDArray[Any], mask: Mask | None = None) -> FloatArray:
        """Run the network on a picture.

        Args:
            pixels: H x W x 3 RGB, uint8, uint16 or float32 in 0..255; not changed.
            mask: H x W bool, True = hole; for networks that take one.

        Returns:
            The output, H x W x C float32, in the network's own range.

        Raises:
            EngineError: the network failed, or returned another size.
            ArrayError: the picture or mask has the wrong shape.
        """
        if (mask is None) != (self.contract.mask == "none"):
            raise EngineError(f"the network takes {'a' if mask is None else 'no'} mask", subject=self.session.path)
        fit = fitting(pixels.shape[0], pixels.shape[1], self.contract)
        # Levels of 16 bits become 0..255 before anything is scaled or cut, as floats count in those units.
        parts = [fit.picture(levels_255(pixels), hole=mask)]
        if mask is not None:
            parts.append(fit.mask(mask)[..., None])
        if self._tiling is None:
            return fit.undo(self._run(parts))
        return fit.undo(tiled(self._run, [part.astype(np.float32) for part in parts], self._tiling))

    def _run(self, parts: list[NDArray[Any]]) -> FloatArray:
        """Picture and mask (H x W x C), of a size that the network takes."""
        tensor = picture_tensor(parts[0], self.contract)
        feeds = {self._picture.name: tensor}
        if len(parts) == 2:
            mask = mask_tensor(parts[1][..., 0] > 0, self.contract)
            if self._mask is None:
                axis = 1 if self.contract.layout == "NCHW" else 3
                feeds[self._picture.name] = np.concatenate([tensor, mask], axis=axis)
            else:
                feeds[self._mask.name] = mask
        answer = pixels_of(self.session.run(feeds)[self._output], self.contract)
        if answer.shape[:2] != parts[0].shape[:2]:
            got, wanted = (f"{shape[0]} x {shape[1]}" for shape in (answer.shape, parts[0].shape))
            raise EngineError(f"the network returns {got} pixels for {wanted}", subject=self.session.path)
        return answer


def _roles(session: Session, contract: InputContract) -> tuple[Tensor, Tensor | None]:
    """Which input takes the picture and which the mask."""
    separate = contract.mask != "none" and contract.channels != "RGB+mask"
    if len(session.inputs) != 1 + separate:
        listed = ", ".join(map(str, session.inputs))
        raise EngineError(f"takes {listed}, which is not what its contract says", subject=session.path)
    if not separate:
        return session.inputs[0], None
    masks = [each for each in session.inputs if channels_of(each, contract.layout) == 1]
    if len(masks) != 1:
        masks = [each for each in session.inputs if "mask" in each.name.lower()]
    if len(masks) != 1:
        listed = ", ".join(map(str, session.inputs))
        raise EngineError(f"cannot tell which of {listed} is the mask", subject=session.path)
    return next(each for each in session.inputs if each is not masks[0]), masks[0]


def channels_of(tensor: Tensor, layout: str) -> int | None:
    """Channels of an input of four dimensions; None if it has others or any number goes."""
    if len(tensor.shape) != 4:
        return None
    return tensor.shape[1 if layout == "NCHW" else 3]
