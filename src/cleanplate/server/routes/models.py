"""Which weights there are, and under which terms."""

from __future__ import annotations

import dataclasses
from typing import Any

from fastapi import APIRouter

from cleanplate.server.routes.documented import errors
from cleanplate.weights.catalog import shipped
from cleanplate.weights.store import whereabouts

router = APIRouter(tags=["models"])


@router.get("/models", responses=errors())
def models() -> list[dict[str, Any]]:
    """List all weights of the catalog with their licences; ``installed`` tells whether the server has the file."""
    return [
        {**dataclasses.asdict(record), "installed": whereabouts(record) is not None} for record in shipped().records
    ]
