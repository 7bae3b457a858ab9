"""The server: guards outside, routes inside."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

import cleanplate
from cleanplate.errors import ArgumentError, CleanplateError
from cleanplate.runtime.session_cache import SESSIONS
from cleanplate.server.guards.body_size import BodySizeGuard
from cleanplate.server.guards.crowd import CLIP_PATHS, CrowdGuard
from cleanplate.server.guards.headers import SafeHeaders
from cleanplate.server.guards.origin import LOOPBACK_NAMES, OriginGuard
from cleanplate.server.guards.refusal import error_body, error_headers
from cleanplate.server.guards.slow_body import SlowBodyGuard
from cleanplate.server.guards.token import TokenGuard
from cleanplate.server.housekeeping import lifespan
from cleanplate.server.jobs.store import JobStore, LocalStore
from cleanplate.server.jobs.workshop import CLIPS, PICTURES, Lane, Workshop
from cleanplate.server.measures import CountedAnswers, Measures
from cleanplate.server.routes import cutout, erase, health, jobs, models, preview, restore, segment, video
from cleanplate.server.services import Services
from cleanplate.server.settings import ServerSettings
from cleanplate.server.workfolder import WorkFolder

_ROUTERS: tuple[APIRouter, ...] = (
    erase.router,
    segment.router,
    cutout.router,
    restore.router,
    video.router,
    preview.router,
    models.router,
    jobs.router,
    health.router,
)
_ROOM_FOR_FIELDS = 1_000_000


def create_app(settings: ServerSettings | None = None, *, store: JobStore | None = None) -> FastAPI:
    """Build a server.

    Args:
        settings: its bounds; the defaults serve this machine only.
        store: where jobs are remembered; this process by default. Several servers behind one address share one.
    """
    settings = settings or ServerSettings()
    measures = Measures()
    lanes = {
        PICTURES: Lane(settings.workers, settings.waiting, settings.max_seconds),
        CLIPS: Lane(1, settings.clips_waiting, settings.clip_seconds),
    }
    workshop = Workshop(store or LocalStore(), lanes, finished=measures.ended)
    measures.watch("load", "Jobs that run or wait", lambda: workshop.load)
    measures.watch("networks", "Open networks", lambda: len(SESSIONS))
    app = FastAPI(
        title="cleanplate",
        version=cleanplate.__version__,
        summary="Erase, cut out and restore photographs on your own machine.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # the usual pages load scripts from other sites
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.services = Services(settings, workshop, measures, WorkFolder())
    for router in _ROUTERS:
        app.include_router(router, prefix="/api/v1")
    if settings.page is not None:
        app.mount("/", StaticFiles(directory=settings.page, html=True), name="page")
    _add_errors(app)
    _add_guards(app, settings, measures, workshop)
    return app


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(CleanplateError)
    async def _said(request: Request, error: CleanplateError) -> JSONResponse:
        return _told(error, error.http_status)

    @app.exception_handler(RequestValidationError)
    async def _wrong(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "request"
        return _told(ArgumentError(str(first["msg"]), subject=place), ArgumentError.http_status)

    @app.exception_handler(HTTPException)
    async def _refused(request: Request, error: HTTPException) -> JSONResponse:
        """Answer what the framework refuses (no such route, a form that is none) like everything else."""
        answer = _told(ArgumentError(str(error.detail).lower(), subject=request.url.path[:100]), error.status_code)
        answer.headers.update(error.headers or {})
        return answer


def _told(error: CleanplateError, status: int) -> JSONResponse:
    return JSONResponse(error_body(error), status, error_headers(status))


def _add_guards(app: FastAPI, settings: ServerSettings, measures: Measures, workshop: Workshop) -> None:
    # Added last = asked first.
    room = settings.limits.max_bytes + _ROOM_FOR_FIELDS
    clips = settings.clip_limits.max_bytes + room
    app.add_middleware(CountedAnswers, measures=measures)
    app.add_middleware(SlowBodyGuard, seconds=settings.upload_seconds)
    app.add_middleware(BodySizeGuard, most=room, paths=dict.fromkeys(CLIP_PATHS, clips))
    app.add_middleware(CrowdGuard, workshop=workshop)
    app.add_middleware(TokenGuard, token=settings.token)
    app.add_middleware(OriginGuard, hosts=(*LOOPBACK_NAMES, settings.host, *settings.hosts))
    app.add_middleware(SafeHeaders)
