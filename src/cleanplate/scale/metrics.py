"""Figures of a run while it goes on, in the form that Prometheus reads."""

from __future__ import annotations

from typing import Any

from cleanplate.errors import ArgumentError, MissingExtraError
from cleanplate.scale.plan import Plan
from cleanplate.scale.work import DONE, Outcome

_SECONDS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300)


class Metrics:
    """Counters of one run, served on a port of this machine while the run goes on."""

    def __init__(self, operation: str, *, port: int | None, host: str = "127.0.0.1") -> None:
        """Begin to serve ``http://HOST:PORT/metrics``; no port, no server.

        Raises:
            MissingExtraError: prometheus-client is not installed.
            ArgumentError: the port is taken.
        """
        try:
            from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
        except ImportError:
            fix = "pip install 'cleanplate[batch]'"
            raise MissingExtraError("needs prometheus-client", subject="--metrics-port", fix=fix) from None
        self.registry = CollectorRegistry()
        labels: dict[str, Any] = {"registry": self.registry}
        start = "cleanplate_batch"
        self._pictures = Counter(f"{start}_pictures", "Pictures that ended, by state", ["operation", "state"], **labels)
        self._seconds = Histogram(
            f"{start}_picture_seconds", "Seconds of each picture done", ["operation"], buckets=_SECONDS, **labels
        )
        self._cpu = Counter(f"{start}_cpu_seconds", "Processor time of pictures", ["operation"], **labels)
        self._bytes = Counter(f"{start}_bytes", "Bytes of pictures and results", ["operation", "direction"], **labels)
        self._pending = Gauge(f"{start}_pending", "Pictures that are still to do", ["operation"], **labels)
        self._resumed = Gauge(f"{start}_resumed", "Pictures that were done before", ["operation"], **labels)
        self._left = Gauge(f"{start}_eta_seconds", "Seconds until the end at the present rate", ["operation"], **labels)
        self._operation = operation
        self._server: Any = None
        self.port = port
        if port is not None:
            try:
                self._server, _ = start_http_server(port, addr=host, registry=self.registry)
                self.port = int(self._server.server_port)
            except OSError as error:
                fix = "choose another"
                raise ArgumentError(f"cannot be used ({error.strerror})", subject="--metrics-port", fix=fix) from None

    def planned(self, plan: Plan) -> None:
        """Take over how much is to do."""
        self._pending.labels(self._operation).set(plan.pending)
        self._resumed.labels(self._operation).set(plan.resumed)

    def ended(self, outcome: Outcome, *, left: int, eta: float | None) -> None:
        """Count a picture."""
        name = self._operation
        self._pictures.labels(name, outcome.state).inc()
        self._cpu.labels(name).inc(outcome.cpu_seconds)
        if outcome.state == DONE:
            self._seconds.labels(name).observe(outcome.seconds)
            self._bytes.labels(name, "read").inc(outcome.source_bytes or 0)
            self._bytes.labels(name, "written").inc(outcome.output_bytes or 0)
        self._pending.labels(name).set(left)
        if eta is not None:
            self._left.labels(name).set(eta)

    def close(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
