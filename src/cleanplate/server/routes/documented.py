"""What routes answer, as the OpenAPI document says it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from cleanplate.server.jobs.job import State


class ErrorBody(BaseModel):
    """Every error: its kind, one line for people, and the parts of that line."""

    error: str = Field(examples=["SelectionError"])
    message: str = Field(examples=["box 1,2,3: has 3 numbers; write left,top,right,bottom"])
    subject: str | None
    problem: str
    fix: str | None


class JobBody(BaseModel):
    """Where a job stands."""

    id: str = Field(pattern="^[0-9a-f]{32}$")
    kind: str = Field(examples=["erase"])
    state: State
    created: float = Field(description="seconds since 1970")
    started: float | None
    ended: float | None
    done: int = Field(description="parts of the work that are done")
    total: int = Field(description="parts in all; 0 = not known yet")
    error: ErrorBody | None
    report: dict[str, Any] | None = Field(description="what was done, as the Python API and --json say it")
    result: str | None = Field(description="where the result is, once there is one")


class RunLengths(BaseModel):
    """A mask as COCO's compressed run lengths."""

    size: tuple[int, int] = Field(description="height and width")
    counts: str


class InstanceBody(BaseModel):
    """A person or thing."""

    id: int = Field(description="as `instance` of `erase` takes it")
    label: str
    score: float
    box: tuple[int, int, int, int] = Field(description="left, top, right, bottom; the end is not part of it")
    area: int
    distance_rank: int = Field(description="1 = nearest")
    segmentation: RunLengths


class SegmentBody(BaseModel):
    """Who and what is in a picture."""

    source: str
    size: tuple[int, int] = Field(description="width and height of the upright picture")
    weights: str
    device: str
    instances: list[InstanceBody]
    notes: list[str]


Responses = dict[int | str, dict[str, Any]]

_MEANINGS = {
    400: "The file is empty, damaged or cut off.",
    401: "The server's token is missing or wrong.",
    403: "A page of another site has sent the request.",
    404: "There is no such thing, or it is not kept any more.",
    408: "The request was not sent in time.",
    409: "The work was called off.",
    413: "The request or a picture is over a limit.",
    415: "The file is of a type that is not read.",
    421: "Not a name of this server.",
    422: "An argument is wrong, or the selection does not fit the picture.",
    429: "The queue is full; `Retry-After` says when to come again.",
    500: "An engine or network failed.",
    501: "A part that this needs is not installed.",
    504: "The work took longer than the server allows.",
    507: "The server's disk is full.",
}
_EVERYWHERE = (401, 403, 421)


def errors(*statuses: int) -> Responses:
    """Errors that every route answers, and those with these statuses."""
    return {
        status: {"model": ErrorBody, "description": _MEANINGS[status]} for status in sorted({*_EVERYWHERE, *statuses})
    }


def work(*types: str, says: str = "The result.") -> Responses:
    """Answers of a route that works on an upload.

    Args:
        types: media types of the result; none if the route always answers with a job.
        says: what the result is.
    """
    responses = errors(400, 404, 408, 409, 413, 415, 422, 429, 500, 501, 504, 507)
    if types:
        file = {"schema": {"type": "string", "format": "binary"}}
        responses[200] = {"description": says, "content": dict.fromkeys(types, file)}
    responses[202] = {"model": JobBody, "description": "With `wait=false`: the job." if types else "The job."}
    return responses


PICTURES = ("image/jpeg", "image/png", "image/webp", "image/tiff", "image/avif", "image/heif", "image/bmp")
"""Media types of pictures that are written."""
