"""S3 as source and target: moto's server on this machine, spoken to over HTTP by s3fs."""

from __future__ import annotations

from contextlib import closing

import cv2
import numpy as np
import pytest

from cleanplate.decode.limits import Limits
from cleanplate.errors import OutputError, TooLargeError
from cleanplate.scale import store
from cleanplate.scale.fence import Bounds
from cleanplate.scale.local import LocalWorkers
from cleanplate.scale.manifest import read_manifest
from cleanplate.scale.plan import Wish
from cleanplate.scale.run import run


def test_store_on_s3(s3):
    bucket, client = s3
    place = f"{bucket}/some/where.bin"
    assert store.info(place) is None
    store.write(place, b"one")
    with pytest.raises(OutputError, match="exists already"):
        store.write(place, b"two")
    assert store.read(place, limits=Limits()) == b"one"
    first = store.info(place)
    store.write(place, b"two", overwrite=True)
    known = store.info(place)
    assert known.size == 3
    assert known.modified > 1.7e9
    assert known.stamp != first.stamp
    with pytest.raises(TooLargeError):
        store.read(place, limits=Limits(max_bytes=2))
    client.put_object(Bucket="archive", Key="empty", Body=b"")
    assert store.read(f"{bucket}/empty", limits=Limits()) == b""
    client.put_object(Bucket="archive", Key="some/.hidden", Body=b"")
    assert [name for name, _ in store.below(bucket)] == ["empty", "some/where.bin"]
    assert store.names(f"{bucket}/some") == [".hidden", "where.bin"]
    assert store.is_folder(f"{bucket}/some")
    store.remove(place)
    assert store.info(place) is None


def test_erase_from_bucket_to_bucket_and_again(s3, tmp_path):
    bucket, client = s3
    photo = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    photo = cv2.resize(photo, (80, 60), interpolation=cv2.INTER_CUBIC)
    _, png = cv2.imencode(".png", photo)
    mask = np.zeros((60, 80), np.uint8)
    mask[20:40, 30:50] = 255
    _, mask_png = cv2.imencode(".png", mask)
    client.put_object(Bucket="archive", Key="in/1900/a.png", Body=png.tobytes())
    client.put_object(Bucket="archive", Key="in/b.png", Body=png.tobytes()[:200])
    client.put_object(Bucket="archive", Key="masks/1900/a.png", Body=mask_png.tobytes())
    client.put_object(Bucket="archive", Key="masks/b.png", Body=mask_png.tobytes())
    wish = Wish("erase", f"{bucket}/in", f"{bucket}/out", {"mask": [f"{bucket}/masks/"], "engine": "telea"})
    with closing(LocalWorkers(1, Bounds())) as workers:
        first = run(wish, workers)
        again = run(wish, workers)
    assert (first.states["done"], first.failures) == (1, 1)
    assert (again.states["done"], again.failures, again.resumed) == (0, 1, 1)
    result = client.get_object(Bucket="archive", Key="out/1900/a.png")["Body"].read()
    made = cv2.imdecode(np.frombuffer(result, np.uint8), cv2.IMREAD_COLOR)
    changed = (made != photo).any(axis=2)
    assert changed[25:35, 35:45].mean() > 0.9
    assert not changed[:10].any()
    rows = {row["key"]: row for row in read_manifest(wish.target)}
    assert rows["1900/a.png"]["state"] == "done"
    assert rows["1900/a.png"]["source_stamp"]
    assert rows["b.png"]["state"] == "failed"
    assert "damaged" in rows["b.png"]["reason"] or "truncated" in rows["b.png"]["reason"]
