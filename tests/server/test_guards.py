"""What may not come in stays out."""

import pytest

from cleanplate.decode.limits import Limits
from cleanplate.errors import ArgumentError
from cleanplate.server.settings import ServerSettings
from tests.server.conftest import photo

BOX = {"box": "36,36,64,64"}
TOKEN = "a-very-long-secret-token"


def test_other_machines_need_a_token():
    with pytest.raises(ArgumentError, match="needs a token"):
        ServerSettings(host="0.0.0.0")
    ServerSettings(host="0.0.0.0", token=TOKEN)
    with pytest.raises(ArgumentError, match="at least 16 characters"):
        ServerSettings(token="short")


@pytest.mark.parametrize("sent", [None, "Bearer wrong", f"Basic {TOKEN}", "Bearer ", "Bearer \u00e9"])
def test_without_the_token_the_api_answers_nothing(serving, sent):
    client = serving(token=TOKEN)
    headers = {} if sent is None else {"authorization": sent.encode("latin-1")}
    for path in ("/api/v1/models", "/api/v1/metrics", "/api/v1/openapi.json", "/api/v1/jobs/" + "0" * 32):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert client.post("/api/v1/erase", files={"image": photo()}, data=BOX, headers=headers).status_code == 401
    assert client.get("/api/v1/health").status_code == 200


def test_with_the_token_it_does(serving):
    client = serving(token=TOKEN)
    assert client.get("/api/v1/models", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[", "localhost@evil.example:8117"])
def test_unknown_host_names_are_refused(client, host):
    """A site that points its own name at 127.0.0.1 (DNS rebinding)."""
    assert client.get("/api/v1/models", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:9", "127.0.0.1", "[::1]:8117"])
def test_loopback_names_are_known(client, host):
    assert client.get("/api/v1/health", headers={"host": host}).status_code == 200


def test_names_can_be_allowed(serving):
    client = serving(hosts=("retouch.example",))
    assert client.get("/api/v1/health", headers={"host": "retouch.example"}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9999"])
def test_pages_of_other_sites_are_refused(client, origin):
    answer = client.post("/api/v1/erase", files={"image": photo()}, data=BOX, headers={"origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_the_own_page_may(client):
    answer = client.post(
        "/api/v1/erase", files={"image": photo()}, data=BOX, headers={"origin": "http://127.0.0.1:8117"}
    )
    assert answer.status_code == 200


def test_answers_carry_the_policy(client):
    for path in ("/api/v1/health", "/api/v1/none", "/"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert client.get("/api/v1/health").headers["cache-control"] == "no-store"


def test_a_body_over_the_limit_is_refused_by_its_declared_length(serving):
    client = serving(limits=Limits(max_bytes=1000))
    answer = client.post("/api/v1/erase", files={"image": bytes(1_100_000)}, data=BOX)
    assert answer.status_code == 413
    assert "bytes" in answer.json()["problem"]


def test_a_body_over_the_limit_is_refused_while_it_comes(serving):
    client = serving(limits=Limits(max_bytes=1000))
    head = b'--X\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'

    def pieces():
        yield head
        for _ in range(40):
            yield bytes(100_000)

    answer = client.post("/api/v1/erase", content=pieces(), headers={"content-type": "multipart/form-data; boundary=X"})
    assert answer.status_code == 413


def test_a_file_over_the_limit_is_refused(serving):
    client = serving(limits=Limits(max_bytes=1000))
    answer = client.post("/api/v1/erase", files={"image": photo()}, data=BOX)
    assert answer.status_code == 413


def test_too_many_pixels_are_refused_before_they_are_decoded(serving):
    client = serving(limits=Limits(max_pixels=1000))
    answer = client.post("/api/v1/erase", files={"image": photo()}, data=BOX)
    assert answer.status_code == 413
    assert "pixels" in answer.json()["problem"]


@pytest.mark.parametrize("job", ["..%2f..%2fetc%2fpasswd", "x", "0" * 31, "0" * 33, "A" * 32])
def test_job_names_are_checked(client, job):
    assert client.get(f"/api/v1/jobs/{job}").status_code in (404, 422)
