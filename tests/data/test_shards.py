"""Samples survive shards bit for bit; shards are reproducible, whole or absent, and split without loss."""

import hashlib
import io
import json
import pickle
import tarfile

import numpy as np
import pytest

from cleanplate.errors import BrokenInputError, MissingInputError, OutputError
from cleanplate_training.data.pixels import encode_jpeg
from cleanplate_training.data.sample import Instance, Sample
from cleanplate_training.data.shard_writer import ShardWriter
from cleanplate_training.data.shards import ShardSet


def sample(key="a", seed=0, **fields):
    rng = np.random.default_rng(seed)
    mask = rng.random((20, 30)) > 0.5
    facts = {
        "alpha": rng.integers(0, 256, (20, 30), np.uint8),
        "mask": mask,
        "instances": (
            Instance("person", (1.5, 2, 20, 18), mask),
            Instance("dog", (0, 0, 3, 3)),
            Instance("person", (0, 0, 30, 20), None, crowd=True),
        ),
        "group": "photo",
    }
    return Sample(key, rng.integers(0, 256, (20, 30, 3), np.uint8), "set", "CC0", **(facts | fields))


def write(folder, samples, **options):
    with ShardWriter(folder, split="train", **options) as writer:
        for one in samples:
            writer.write(one)
    return writer


def test_everything_about_a_sample_survives(tmp_path):
    original = sample()
    writer = write(tmp_path, [original], quality=None)
    (back,) = ShardSet(writer.paths)
    for name in ("picture", "alpha", "mask"):
        np.testing.assert_array_equal(getattr(back, name), getattr(original, name))
    assert (back.key, back.source, back.licence, back.group) == ("a", "set", "CC0", "photo")
    assert [i.label for i in back.instances] == ["person", "dog", "person"]
    assert back.instances[0].box == (1.5, 2, 20, 18)
    np.testing.assert_array_equal(back.instances[0].mask, original.instances[0].mask)
    assert back.instances[1].mask is None
    assert back.instances[2].crowd
    bare = write(tmp_path / "bare", [sample(alpha=None, mask=None, instances=None)])
    (back,) = ShardSet(bare.paths)
    assert back.alpha is back.mask is back.instances is None


def test_an_untouched_jpeg_is_passed_through(tmp_path):
    data = encode_jpeg(sample().picture, quality=40)
    (back,) = ShardSet(write(tmp_path, [sample(encoded=data)]).paths)
    assert back.encoded == data


def test_shards_are_numbered_listed_and_reproducible(tmp_path):
    samples = [sample(f"k{n}", n) for n in range(5)]
    writer = write(tmp_path / "a", samples, per_shard=2)
    assert [p.name for p in writer.paths] == ["train-000000.tar", "train-000001.tar", "train-000002.tar"]
    assert ShardSet(writer.paths).keys() == [f"k{n}" for n in range(5)]
    again = write(tmp_path / "b", samples, per_shard=2)
    assert [p.read_bytes() for p in writer.paths] == [p.read_bytes() for p in again.paths]
    rows = [json.loads(line) for line in (tmp_path / "a/manifest.jsonl").read_text().splitlines()]
    assert [row["key"] for row in rows] == [f"k{n}" for n in range(5)]
    back = ShardSet(writer.paths)[3]
    assert rows[3] == {
        "key": "k3", "shard": "train-000001.tar", "split": "train", "source": "set", "licence": "CC0",
        "group": "photo", "sha256": hashlib.sha256(back.encoded).hexdigest(), "width": 30, "height": 20,
    }  # fmt: skip


def test_an_error_leaves_no_half_shard(tmp_path):
    with pytest.raises(OutputError, match="before"):
        write(tmp_path, [sample(), sample()])
    assert list(tmp_path.iterdir()) == []
    write(tmp_path, [sample()])
    with pytest.raises(OutputError, match="already holds"):
        ShardWriter(tmp_path, split="train")


def test_a_shard_set_crosses_process_borders_and_slices(tmp_path):
    shards = ShardSet(write(tmp_path, [sample(f"k{n}", n) for n in range(3)]).paths)
    assert shards[-1].key == "k2"
    copied = pickle.loads(pickle.dumps(shards))
    assert [s.key for s in copied[1:]] == ["k1", "k2"]
    assert [e.group for e in shards.entries()] == ["photo"] * 3
    assert shards.entries()[1].read().key == "k1"


def test_foreign_shards_are_read(tmp_path):
    path = tmp_path / "foreign.tar"
    with tarfile.open(path, "w") as tar:
        for name, data in (("x/1.JPG", encode_jpeg(sample().picture)), ("x/1.txt", b"a caption"), ("readme", b"")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    shards = ShardSet([path], source="theirs", licence="MIT")
    assert shards.keys() == ["x/1"]
    assert (shards[0].source, shards[0].licence, shards[0].instances) == ("theirs", "MIT", None)


def test_bad_shards_are_named(tmp_path):
    with pytest.raises(MissingInputError, match="No such file"):
        ShardSet([tmp_path / "none.tar"])
    (tmp_path / "text.tar").write_bytes(b"no tar" * 1000)
    with pytest.raises(BrokenInputError, match="not a tar"):
        ShardSet([tmp_path / "text.tar"])
    with tarfile.open(tmp_path / "empty.tar", "w"):
        pass
    with pytest.raises(BrokenInputError, match="no picture"):
        ShardSet([tmp_path / "empty.tar"])
