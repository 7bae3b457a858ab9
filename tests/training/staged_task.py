"""A linear task for tests whose step can be told to do something at a given moment (a signal, a wrong number)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from cleanplate_training.task import Goal, Losses, Task, TaskData


@dataclass(frozen=True)
class StagedOptions:
    examples: int = 10
    growing_weights: bool = False


class Numbers:
    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def draw(self, index, rng):
        x = rng.normal(size=3).astype(np.float32)
        return {"x": x, "y": np.float32(x.sum() + index), "index": index}


class Staged(Task):
    Options = StagedOptions
    goal = Goal("error", "lower")
    moments: ClassVar = {}  # what to do with the loss of a step, set by tests
    seen: ClassVar = []  # the samples of each step
    validations = 0

    def build_networks(self):
        return {"network": nn.Linear(3, 1)}

    def build_data(self):
        return TaskData(Numbers(self.options.examples), Numbers(4))

    def training_step(self, networks, batch, phase):
        calls = len(self.seen)
        self.seen.append(batch["index"].tolist())
        loss = (networks["network"](batch["x"])[:, 0] - batch["y"]).square().mean()
        moment = self.moments.get(calls)
        return Losses({"error": loss if moment is None else moment(loss)})

    def validate(self, networks, batches):
        self.validations += 1
        errors = [(networks["network"](b["x"])[:, 0] - b["y"]).square().mean() for b in batches]
        return {"error": float(torch.stack(errors).mean())}

    def sample_weights(self):
        if not self.options.growing_weights or not self.validations:
            return None
        return np.arange(self.options.examples, dtype=np.float64) ** self.validations

    def state(self):
        return {"validations": self.validations}

    def restore(self, state):
        self.validations = state["validations"]
