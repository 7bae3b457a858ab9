"""Shards in an object store: copied once, the same samples, also for several processes and machines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from cleanplate.errors import MissingInputError
from cleanplate_training.data.at_hand import VARIABLE, at_hand
from cleanplate_training.data.sample import Sample
from cleanplate_training.data.shard_writer import ShardWriter
from cleanplate_training.data.shards import ShardSet
from tests.scale.conftest import s3  # noqa: F401 - a fixture


@pytest.fixture
def shards(s3, tmp_path, monkeypatch):  # noqa: F811
    """The address of two shards of twelve marked pictures, and the same shards as files."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "copies"))
    rng = np.random.default_rng(0)
    with ShardWriter(tmp_path / "shards", split="train", per_shard=6, quality=None) as writer:
        for number in range(12):
            mask = np.zeros((24, 24), np.bool_)
            mask[4:16, number : number + 8] = True
            picture = np.where(mask[..., None], 200, rng.integers(0, 90, (24, 24, 3))).astype(np.uint8)
            writer.write(Sample(key=f"s{number:02d}", picture=picture, mask=mask, source="drawn", licence="CC0-1.0"))
    bucket, client = s3
    for path in writer.paths:
        client.put_object(Bucket="archive", Key=f"shards/{path.name}", Body=path.read_bytes())
    return f"{bucket}/shards", writer.paths


def test_shards_of_a_store_are_those_of_files(shards, tmp_path):
    address, files = shards
    there, here = ShardSet([f"{address}/train-*.tar"]), ShardSet(files)
    assert there.keys() == here.keys()
    assert all(np.array_equal(one.picture, other.picture) for one, other in zip(there, here, strict=True))
    assert sorted(path.read_bytes() for path in (tmp_path / "copies").iterdir()) == [p.read_bytes() for p in files]
    # A recipe hands over paths, which fold the slashes.
    assert at_hand([Path(f"{address}/{files[0].name}")]) == there.paths[:1]


def test_copies_are_made_once(shards, tmp_path, monkeypatch):
    from cleanplate.scale import store

    address, files = shards
    fetched = []
    download = store.download
    monkeypatch.setattr(store, "download", lambda place, target: (fetched.append(place), download(place, target)))
    threads = [threading.Thread(target=at_hand, args=([f"{address}/{files[0].name}"],)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fetched == [f"{address}/{files[0].name}"]
    assert len(list((tmp_path / "copies").iterdir())) == 1


def test_what_is_not_there(shards):
    address, _ = shards
    for name in ("test-00000.tar", "test-*.tar"):
        with pytest.raises(MissingInputError):
            at_hand([f"{address}/{name}"])


@pytest.mark.slow
def test_two_machines_train_from_a_bucket(shards, tmp_path):
    """Two torchrun agents meet over TCP, as on two machines; the command is that of docs/training.md."""
    address, _ = shards
    recipe = tmp_path / "recipe.toml"
    names = [path.name for path in shards[1]]
    places = json.dumps([f"{address}/{name}" for name in names])
    recipe.write_text(
        'name = "marks"\ntask = "segmentation"\n[network]\nwidths = [4, 8]\n'
        f"[data]\ntrain = {places}\nvalidation = {json.dumps([f'{address}/{names[1]}'])}\nsize = 16\n"
        "[train]\nsteps = 6\nbatch = 2\nlog_every = 2\nvalidate_every = 6\n[optim.network]\nlr = 0.01\n"
    )
    command = [sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1"]
    command += ["--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:29571", "--rdzv-id=test"]
    command += ["-m", "cleanplate_training", "train", str(recipe), "-o", str(tmp_path / "run"), "--device", "cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    machines = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
        for _ in range(2)
    ]
    said = [machine.communicate(timeout=280)[0] for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], said
    saved = torch.load(tmp_path / "run" / "last.pt", weights_only=False)
    assert saved["samples"] == 6 * 2 * 2  # steps, batch, processes
    assert len(list((tmp_path / "copies").glob("*.tar"))) == 2
