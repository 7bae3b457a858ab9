"""What a network brings to the training loop: its networks, its data, its losses, its figures and its sheets.

A subclass of :class:`Task` is all that a new network needs; the loop, checkpoints, schedules, many processes,
logging and export are shared and know nothing about any one network.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from cleanplate.runtime.contract import InputContract
from cleanplate.weights.record import OutputContract
from cleanplate_training.stream import Batch, Collate, Examples

Networks = Mapping[str, nn.Module]


@dataclass(frozen=True)
class TaskData:
    """The data of a run.

    Attributes:
        train: Examples to learn from, in shuffled passes.
        validation: Examples for the figures, in order, each with the same generator in every validation.
        collate: Joins a list of examples into a batch; None stacks arrays of equal shape.
    """

    train: Examples
    validation: Examples
    collate: Collate | None = None


@dataclass(frozen=True)
class Phase:
    """A part of a step that ends in one optimiser's update.

    Attributes:
        optimiser: Name of the optimiser; only its networks get gradients in this phase.
        fresh: Take new batches; otherwise use those of the phase before.
    """

    optimiser: str
    fresh: bool = True


@dataclass(frozen=True)
class Losses:
    """What one phase computed on one batch.

    Attributes:
        terms: Weighted scalar losses by name; their sum is minimised.
        figures: Further scalars to log (no gradient).
    """

    terms: Mapping[str, Tensor]
    figures: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Goal:
    """The validation figure by which checkpoints are compared.

    Attributes:
        figure: Its name among the figures that :meth:`Task.validate` returns.
        better: Which direction is better.
    """

    figure: str
    better: Literal["higher", "lower"]

    def improves(self, value: float, over: float) -> bool:
        """Tell whether ``value`` is better than ``over``."""
        return value > over if self.better == "higher" else value < over


@dataclass(frozen=True)
class Port:
    """An input or output of an exported network.

    Attributes:
        name: Its name in the graph.
        meaning: What it holds, in words.
        example: For inputs: a realistic tensor of the shape and dtype that the network takes.
        dynamic: Dimensions that may vary and their names, such as ``{0: "batch", 2: "height", 3: "width"}``.
        fixed: For outputs: the sizes, of which those of dynamic dimensions are not read.
        dtype: Of its elements.
    """

    name: str
    meaning: str
    example: Tensor | None = None
    dynamic: Mapping[int, str] = field(default_factory=dict)
    fixed: tuple[int, ...] = (1, 1, 1, 1)
    dtype: Literal["float32", "int64"] = "float32"


@dataclass(frozen=True)
class Exported:
    """What is to be exported, and how the runtime is to feed it.

    Attributes:
        module: Takes the inputs in order and returns the outputs in order (one tensor, or a tuple).
        inputs: Inputs with examples.
        outputs: Outputs.
        input: How the runtime prepares a picture for the network.
        output: How the runtime reads what it returns.
        atol: Largest difference between PyTorch's and ONNX Runtime's outputs that is only rounding.
        fidelity: Decibels that outputs must keep when weights are stored with fewer bits.
        comparable: Turns the outputs by name, for a picture of ``(height, width)``, into the one array, 0..1, by which
            two versions are compared; None compares every output as it is. For networks with a list as their answer.
        metadata: Entries for the file itself, such as the names of classes.
        sliced_blocks: Widened blocks that the graph computes in slices of channels (see
            :mod:`cleanplate_training.onnx_slices`), counted from the highest resolution.
    """

    module: nn.Module
    inputs: Sequence[Port]
    outputs: Sequence[Port]
    input: InputContract
    output: OutputContract
    atol: float = 1e-3
    fidelity: float = 50.0
    comparable: Callable[[Mapping[str, NDArray[Any]], tuple[int, int]], NDArray[np.float32]] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    sliced_blocks: int = 0

    @property
    def multiple(self) -> int:
        """Heights and widths of the inputs must be multiples of this."""
        return self.input.multiple_of

    def input_of_size(self, size: tuple[int, int]) -> InputContract:
        """Return the input contract of a graph of one fixed size: pictures are scaled until they just fit."""
        return replace(self.input, fixed=size, resize="fit")


class Task(ABC):
    """One network (or several that train together) and everything that is special about it.

    Class attributes:
        Options: Dataclass of the recipe's own tables.
        goal: The figure that decides which checkpoint is best.
        averaged: Networks whose moving average is kept, validated and exported.
    """

    Options: ClassVar[type[Any]]
    goal: Goal
    averaged: ClassVar[tuple[str, ...]] = ()

    def __init__(self, options: Any, *, seed: int) -> None:
        self.options = options
        self.seed = seed

    @abstractmethod
    def build_networks(self) -> dict[str, nn.Module]:
        """Return the networks by name, with their first weights."""

    @abstractmethod
    def build_data(self) -> TaskData:
        """Open the data (cheap: nothing is decoded yet)."""

    @abstractmethod
    def training_step(self, networks: Networks, batch: Batch, phase: Phase) -> Losses:
        """Compute the losses of one phase on one batch.

        Networks are called as ``networks["generator"](x)``; their outputs are float32 whatever the precision of
        the run. Networks that the phase does not train have no gradients of their own here.
        """

    @abstractmethod
    def validate(self, networks: Networks, batches: Iterable[Batch]) -> dict[str, float]:
        """Return figures over all validation batches; called without gradients, in evaluation mode."""

    def sheet(self, networks: Networks, batch: Batch) -> Tensor | None:
        """Return pictures to look at: ``rows x columns x 3 x H x W`` in 0..1, or None for no sheet."""
        return None

    def exported(self, networks: Networks) -> Exported:
        """Say what is exported.

        Raises:
            NotImplementedError: this task has no network for the runtime.
        """
        raise NotImplementedError(f"{type(self).__name__} exports nothing")

    def optimised(self) -> Mapping[str, Sequence[str]]:
        """Return which networks each optimiser trains, in the order of their phases."""
        return {"network": ("network",)}

    def parameter_groups(self, networks: Networks, optimiser: str) -> list[dict[str, Any]]:
        """Return the parameters of an optimiser in groups; ``lr_scale`` in a group multiplies the learning rate."""
        names = self.optimised()[optimiser]
        return [{"params": [weight for name in names for weight in networks[name].parameters()]}]

    def phases(self, step: int) -> Sequence[Phase]:
        """Return the phases of a step; by default one per optimiser, all on the same batch."""
        return [Phase(name, fresh=place == 0) for place, name in enumerate(self.optimised())]

    def set_training(self, networks: Networks) -> None:
        """Put the networks into training mode; override to keep parts (such as batch norm) frozen."""
        for network in networks.values():
            network.train()

    def sample_weights(self) -> NDArray[np.float64] | None:
        """Return how often each training sample is drawn relative to the others (float64, N); None: each once a pass.

        Asked at the start and after each validation, so that the samples that a network fails on can come more often.
        """
        return None

    def state(self) -> dict[str, Any]:
        """Return what the task itself must remember over a stop (tensors and plain values)."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:  # noqa: B027  # most tasks remember nothing
        """Take back what :meth:`state` returned."""
