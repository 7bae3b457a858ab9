import json
import os
import subprocess
import sys
from pathlib import Path

import torch

from cleanplate_training import checkpoint

SCRIPT = Path(__file__).with_name("two_processes.py")


def test_two_processes_hold_equal_weights(adversarial_tables, tmp_path):
    """Adversarial phases, gradient penalty, batch norm, accumulation, a stop and a resume, over gloo."""
    adversarial_tables["train"]["steps"] = 4
    (tmp_path / "recipe.json").write_text(json.dumps(adversarial_tables))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(SCRIPT)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, str(tmp_path)], capture_output=True, text=True, timeout=240, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    first, second = (torch.load(tmp_path / f"rank{rank}.pt", weights_only=True) for rank in (0, 1))
    torch.testing.assert_close(second["weights"], first["weights"], atol=0, rtol=0)
    assert not set(first["seen"]) & set(second["seen"])  # they learnt from different samples
    saved = checkpoint.load(tmp_path / "run" / "last.pt")
    torch.testing.assert_close(saved["networks"], first["weights"], atol=0, rtol=0)
    assert saved["samples"] == first["samples"] == second["samples"] == 4 * 2 * 2 * 2 * 2  # steps, phases, batches
    assert len(saved["random"]) == 2
