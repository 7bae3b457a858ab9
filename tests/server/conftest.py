import io

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from cleanplate.server.app import create_app
from cleanplate.server.settings import ServerSettings

BASE = "http://127.0.0.1:8117"


def photo(height=96, width=128, *, kind="JPEG"):
    """A smooth picture with a bright square at 40..60, as a file."""
    y, x = np.mgrid[:height, :width]
    pixels = np.stack([x * 255 / width, y * 255 / height, 128 + 60 * np.sin(x / 9)], -1).astype(np.uint8)
    pixels[40:60, 40:60] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **({"quality": 92} if kind == "JPEG" else {}))
    return file.getvalue()


@pytest.fixture
def serving():
    """Build clients of servers with given settings; all are closed at the end."""
    clients = []

    def start(**settings):
        settings.setdefault("engine", "telea")
        client = TestClient(create_app(ServerSettings(**settings)), base_url=BASE, raise_server_exceptions=False)
        client.__enter__()
        clients.append(client)
        return client

    yield start
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(serving):
    return serving()
