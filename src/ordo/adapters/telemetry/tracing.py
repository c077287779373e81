"""OpenTelemetry, where it is installed (`pip install ordo-gateway[otel]`) and an endpoint is set: one trace from the
request to the broker's call. Without it, nothing.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter


class Span(Protocol):
    """Something that takes time."""

    def end(self, name: str, result: str) -> None: ...


class Traces:
    """Traces nothing."""

    def begin(self, kind: str, facts: dict[str, str]) -> Span:  # noqa: ARG002
        return _NOTHING

    def close(self) -> None:
        """Send what is still to be sent."""


class _Nothing:
    def end(self, name: str, result: str) -> None:
        """Nobody asked."""


_NOTHING = _Nothing()


class OpenTelemetryTraces(Traces):
    """Sends spans to an OTLP endpoint, in the background. They hold names and codes, never what a request held.

    Raises `ImportError` where the extra is not installed.
    """

    def __init__(self, endpoint: str, *, exporter: SpanExporter | None = None) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            exporter = OTLPSpanExporter(endpoint=endpoint)
        self._provider = TracerProvider(resource=Resource.create({"service.name": "ordo"}), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("ordo")

    def begin(self, kind: str, facts: dict[str, str]) -> Span:
        return _Open(self._tracer, kind, facts)

    def close(self) -> None:
        self._provider.shutdown()


class _Open:
    def __init__(self, tracer: Any, kind: str, facts: dict[str, str]) -> None:  # noqa: ANN401  (an optional library's)
        from opentelemetry import context, trace

        self._kind = kind
        self._span = tracer.start_span(kind, attributes=facts)
        self._token = context.attach(trace.set_span_in_context(self._span))

    def end(self, name: str, result: str) -> None:
        from opentelemetry import context

        self._span.update_name(f"{self._kind} {name}")
        self._span.set_attribute("ordo.result", result)
        self._span.end()
        with suppress(ValueError):  # It was begun in another context, which ends by itself.
            context.detach(self._token)
