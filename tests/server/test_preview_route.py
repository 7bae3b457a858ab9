import io
import json

from PIL import Image

from tests.server.conftest import photo


def test_a_preview_is_upright_small_and_tells_the_full_size(client):
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.open(io.BytesIO(photo(90, 120))).save(file, "JPEG", exif=exif)
    answer = client.post("/api/v1/preview", files={"image": ("a.jpg", file.getvalue())}, data={"side": "60"})
    assert json.loads(answer.headers["x-cleanplate-report"]) == {"width": 90, "height": 120, "format": "JPEG"}
    shown = Image.open(io.BytesIO(answer.content))
    assert shown.size == (45, 60)
    assert shown.format == "JPEG"


def test_a_preview_of_sixteen_bits(client):
    import cv2
    import numpy as np

    ramp = np.linspace(0, 65535, 64 * 64 * 3).reshape(64, 64, 3).astype(np.uint16)
    data = cv2.imencode(".png", ramp)[1].tobytes()
    answer = client.post("/api/v1/preview", files={"image": ("a.png", data)})
    assert Image.open(io.BytesIO(answer.content)).size == (64, 64)


def test_sides_out_of_range_are_refused(client):
    assert client.post("/api/v1/preview", files={"image": photo()}, data={"side": "9000"}).status_code == 422
