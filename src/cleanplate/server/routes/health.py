"""Is the server well, and what has it done."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

import cleanplate
from cleanplate.server.abilities import abilities
from cleanplate.server.routes.documented import errors
from cleanplate.server.services import Services, services

router = APIRouter(tags=["server"])
Shared = Annotated[Services, Depends(services)]


@router.get("/health", responses=errors())
def health(shared: Shared) -> dict[str, Any]:
    """Answer that the server is up, and which networks it has; asked by load balancers, without a token."""
    return {
        "status": "ok",
        "version": cleanplate.__version__,
        "load": shared.workshop.load,
        "networks": abilities(shared.settings),
    }


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}, **errors()})
def metrics(shared: Shared) -> Response:
    """Return counters and times in Prometheus' text format."""
    return Response(shared.measures.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
