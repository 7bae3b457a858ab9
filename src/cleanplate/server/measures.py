"""What the server counts, in the form that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cleanplate.server.jobs.job import Job

_SECONDS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 1200)


class Measures:
    """Counters of one server; each has its own registry, so that several can live in one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._jobs = Counter(
            "cleanplate_jobs", "Jobs that ended, by task and state", ["task", "state"], registry=self._registry
        )
        self._seconds = Histogram(
            "cleanplate_job_seconds", "Seconds of work by task", ["task"], buckets=_SECONDS, registry=self._registry
        )
        self._waited = Histogram(
            "cleanplate_queue_seconds", "Seconds in the queue", buckets=_SECONDS, registry=self._registry
        )
        self._requests = Counter(
            "cleanplate_requests", "Answers, by route and status", ["route", "status"], registry=self._registry
        )
        ProcessCollector(registry=self._registry)

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Show a number that is read when it is asked for."""
        Gauge(f"cleanplate_{name}", meaning, registry=self._registry).set_function(read)

    def ended(self, job: Job) -> None:
        """Count a job that has ended."""
        self._jobs.labels(job.kind, job.state).inc()
        if job.started is not None and job.ended is not None:
            self._seconds.labels(job.kind).observe(job.ended - job.started)
            self._waited.observe(job.started - job.created)

    def answered(self, route: str, status: int) -> None:
        """Count an answer; ``route`` is the template, not the address, so that there are few."""
        self._requests.labels(route, str(status)).inc()

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self._registry)


class CountedAnswers:
    """Counts the answers of an application by route and status."""

    def __init__(self, app: ASGIApp, *, measures: Measures) -> None:
        self._app, self._measures = app, measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._measures.answered(getattr(scope.get("route"), "path", "none"), int(message["status"]))
            await send(message)

        await self._app(scope, receive, counting)
