"""What the tests of batches share: an operation that does terrible things, and an S3 server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
POISON = "poison:OPERATION"


@pytest.fixture(autouse=True)
def _poison_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here, in child processes, and on the nodes of a cluster that is started by a test."""
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep))
    for library in ("OMP", "OPENBLAS"):
        monkeypatch.setenv(f"{library}_NUM_THREADS", "1")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch):
    """A bucket address on a real server on this machine, and a client for looking into it."""
    import boto3
    from moto.server import ThreadedMotoServer

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    client = boto3.client("s3")
    client.create_bucket(Bucket="archive")
    yield "s3://archive", client
    client.close()
    server.stop()
    _forget_connections()


def _forget_connections() -> None:
    """The next server has another port; kept file systems would ask this one."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
