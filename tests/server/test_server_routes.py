import json

from tests.server.conftest import photo


def test_health_and_models(client):
    health = client.get("/api/v1/health").json()
    assert health["status"] == "ok"
    assert health["networks"].keys() == {"people", "matting", "defects", "fill", "colour"}
    assert health["networks"]["people"]
    models = client.get("/api/v1/models").json()
    assert models
    assert all(model["licence"] and isinstance(model["installed"], bool) for model in models)
    assert str(client.get("/api/v1/models").content).count("/home") == 0


def test_a_network_that_was_given_counts(serving, tmp_path):
    client = serving(defects_weights=tmp_path / "any.onnx")
    assert client.get("/api/v1/health").json()["networks"]["defects"]


def test_metrics_count_jobs_and_answers(client):
    client.post("/api/v1/erase", files={"image": photo()}, data={"box": "36,36,64,64"})
    client.post("/api/v1/erase", files={"image": b"no"}, data={"box": "36,36,64,64"})
    text = client.get("/api/v1/metrics").text
    assert 'cleanplate_jobs_total{state="done",task="erase"} 1.0' in text
    assert 'cleanplate_requests_total{route="/erase",status="415"} 1.0' in text
    assert "cleanplate_load 0.0" in text


def test_the_description_is_complete(client):
    document = client.get("/api/v1/openapi.json").json()
    assert {"/api/v1/erase", "/api/v1/models", "/api/v1/jobs/{job_id}/events"} <= set(document["paths"])
    assert "image" in json.dumps(document["paths"]["/api/v1/erase"])


def test_a_full_server_says_when_to_come_again(serving, monkeypatch):
    import threading

    from cleanplate.server.routes import erase as route

    gate = threading.Event()
    real = route.erase_file

    def slow(*arguments, **options):
        gate.wait(20)
        return real(*arguments, **options)

    monkeypatch.setattr(route, "erase_file", slow)
    client = serving(waiting=0)
    request = {"files": {"image": photo()}, "data": {"box": "36,36,64,64"}}
    first = client.post("/api/v1/erase?wait=false", **request)
    second = client.post("/api/v1/erase", **request)
    gate.set()
    assert first.status_code == 202
    assert second.status_code == 429
    assert second.headers["retry-after"]
