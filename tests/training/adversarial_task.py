"""A task of two networks for tests: a generator fills a hole, a Wasserstein critic with gradient penalty judges it."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from cleanplate_training.losses import adversarial
from cleanplate_training.task import Goal, Losses, Phase, Task, TaskData
from cleanplate_training.tasks.drawn_shapes import DrawnShapes


@dataclass(frozen=True)
class AdversarialOptions:
    critic_steps: int = 1
    examples: int = 24


class Adversarial(Task):
    Options = AdversarialOptions
    goal = Goal("l1", "lower")
    averaged = ("generator",)

    def build_networks(self):
        generator = nn.Sequential(
            nn.Conv2d(4, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ELU(), nn.Dropout(0.1), nn.Conv2d(8, 3, 3, padding=1)
        )
        critic = nn.Sequential(
            spectral_norm(nn.Conv2d(3, 8, 5, 2, 2)), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(8 * 64, 1)
        )
        return {"generator": generator, "critic": critic}

    def build_data(self):
        return TaskData(DrawnShapes(self.options.examples, size=16), DrawnShapes(8, size=16))

    def optimised(self):
        return {"critic": ("critic",), "generator": ("generator",)}

    def phases(self, step):
        critic = [Phase("critic") for _ in range(self.options.critic_steps)]
        return [*critic, Phase("generator", fresh=False)]

    def training_step(self, networks, batch, phase):
        image, hole = batch["image"], batch["mask"]
        if phase.optimiser == "critic":
            with torch.no_grad():
                fake = fill(networks["generator"], image, hole)
            score = networks["critic"]
            penalty = adversarial.gradient_penalty(score, image, fake, area=hole)
            wasserstein = adversarial.wasserstein_critic(score(image), score(fake))
            return Losses({"critic": wasserstein, "penalty": 10 * penalty})
        fake = fill(networks["generator"], image, hole)
        adversarial_term = 0.01 * adversarial.generator(networks["critic"](fake))
        return Losses({"l1": (fake - image).abs().mean(), "adversarial": adversarial_term}, {"mean": fake.mean()})

    def validate(self, networks, batches):
        errors = [(fill(networks["generator"], b["image"], b["mask"]) - b["image"]).abs().mean() for b in batches]
        return {"l1": float(np.mean([float(error) for error in errors]))}


def fill(generator, image, hole):
    guess = generator(torch.cat([image * (1 - hole), hole], dim=1))
    return torch.where(hole > 0, guess, image)
