"""What all routes of one server share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from fastapi import Request

from cleanplate.detect.memory import Memory
from cleanplate.server.jobs.workshop import Workshop
from cleanplate.server.measures import Measures
from cleanplate.server.settings import ServerSettings
from cleanplate.server.workfolder import WorkFolder


@dataclass(frozen=True)
class Services:
    """Settings, workshop, measures, folder for clips and memory of pictures looked at, of one server."""

    settings: ServerSettings
    workshop: Workshop
    measures: Measures
    folder: WorkFolder
    people: Memory = field(default_factory=Memory)


def services(request: Request) -> Services:
    """Return the services of the server that received a request (a FastAPI dependency)."""
    return cast(Services, request.app.state.services)
