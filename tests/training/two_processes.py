"""Started by torchrun in a test: trains with two processes; each writes the weights that it ends with."""

import json
import sys
from pathlib import Path

import torch
from adversarial_task import Adversarial  # beside this file

from cleanplate_training import recipe, tasks
from cleanplate_training.engine import plain
from cleanplate_training.loop import train

torch.set_num_threads(1)
folder, device = Path(sys.argv[1]), "cpu"
held = {}


class Watched(Adversarial):
    def training_step(self, networks, batch, phase):
        held.update(networks)
        held.setdefault("seen", []).append(float(batch["image"].sum()))
        return super().training_step(networks, batch, phase)


tasks.TASKS["adversarial"] = "__main__:Watched"
parsed = recipe.parse(json.loads((folder / "recipe.json").read_text()))
stopped = train(parsed, folder / "run", device=device, tensorboard=False, quiet=True, minutes=0)
assert stopped.reason == "time limit", stopped
outcome = train(parsed, folder / "run", device=device, tensorboard=False, quiet=True, resume=True)
rank = torch.distributed.get_rank()
weights = {name: plain(held[name]).state_dict() for name in ("generator", "critic")}
torch.save({"weights": weights, "seen": held["seen"], "samples": outcome.samples}, folder / f"rank{rank}.pt")
torch.distributed.destroy_process_group()
