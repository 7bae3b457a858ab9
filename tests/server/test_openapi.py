"""The OpenAPI document against the server: schemathesis sends what it describes, and what it does not."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case, CheckContext, Response
from schemathesis.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from cleanplate.decode.limits import Limits
from cleanplate.server.app import create_app
from cleanplate.server.settings import ServerSettings
from tests.detect.graphs import colour_people
from tests.matting.pictures import red_is_person
from tests.server.conftest import BASE, photo
from tests.server.print_graphs import all_is_sepia, white_is_damage

FOLDER = tempfile.TemporaryDirectory()
MATTE = red_is_person(Path(FOLDER.name, "matte.onnx"))
APP = create_app(
    ServerSettings(
        engine="telea",
        limits=Limits(max_pixels=1_000_000, max_bytes=1_000_000),
        people_weights=colour_people(Path(FOLDER.name, "people.onnx")),
        matte_weights=MATTE,
        defects_weights=white_is_damage(Path(FOLDER.name, "defects.onnx")),
        colour_weights=all_is_sepia(Path(FOLDER.name, "colour.onnx")),
    )
)


@schemathesis.check
def no_server_error(ctx: CheckContext, response: Response, case: Case) -> None:
    """A request never breaks the server; 501 is what it answers where weights are not installed."""
    assert response.status_code < 500 or response.status_code == 501, response.text


# Not among them: that all wrong data is refused. Forms hold texts, of which `16.0` is read as a number and `1` as true.
CHECKS = [
    no_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]

PHOTO = photo(32, 48)


async def without_an_end(scope, receive, send):
    """The server as it is while it runs: each request of schemathesis would start and end it otherwise."""
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
    else:
        await APP(scope, receive, send)


@pytest.fixture(scope="module", autouse=True)
def _ended():
    yield
    APP.state.services.workshop.close()
    APP.state.services.workshop.store.close()
    APP.state.services.folder.close()
    FOLDER.cleanup()


document = schemathesis.openapi.from_asgi("/api/v1/openapi.json", without_an_end, headers={"host": "127.0.0.1:8117"})


PICTURES = ("image", "mask", "avoid", "picture")


def filled(case):
    """Real files in place of random bytes, or no request would come further than the first look at its file.

    A form has no null: what is null in the description is a field that is not sent.
    """
    if not isinstance(case.body, dict) or case.meta is None or not case.meta.generation.mode.is_positive:
        return case
    body = {name: value for name, value in case.body.items() if value is not None}
    for name in PICTURES:
        if name in body:
            body[name] = PHOTO
    if "strokes" in body:
        body["strokes"] = b'[{"points": [[10, 10], [20, 20]], "size": 5}]'
    if "hints" in body:
        body["hints"] = b'[{"x": 10, "y": 12, "colour": "#8a5a3c"}]'
    if "edges" in body:
        body["edges"] = "guided"  # the others compile for a minute when they are first used
    case.body = body
    return case


def send(case):
    filled(case)
    case.call_and_validate(base_url=BASE, headers={"host": "127.0.0.1:8117"}, checks=CHECKS)


PHASES = [Phase.explicit, Phase.generate]


@document.parametrize()
@settings(max_examples=4, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck), derandomize=True)
def test_what_the_document_says_is_so(case):
    send(case)


@pytest.mark.slow
@document.parametrize()
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_the_document_says_is_so_at_length(case):
    send(case)


def test_every_route_of_the_list_is_documented_with_its_errors():
    paths = APP.openapi()["paths"]
    for name in ("segment", "erase", "cutout", "background", "restore", "colorize", "video"):
        route = paths[f"/api/v1/{name}"]["post"]
        assert {"400", "413", "415", "422", "429", "504"} <= set(route["responses"]), name
        assert route["requestBody"]["content"].keys() == {"multipart/form-data"}
        assert route["description"]
    assert {f"/api/v1/{name}" for name in ("models", "health", "metrics")} <= set(paths)
