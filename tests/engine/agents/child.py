"""One agent, one server, a few requests; prints what the agent has reported, as JSON.

python -m tests.engine.agents.child AGENT tornado|tornkit before|after

``before``: the agent is set up before the speedups are installed, ``after``: on a live connection.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable
from typing import Any

import tornado.httpserver
from tornado.web import Application, HTTPError, RequestHandler

from tests.engine.serving import serving
from tornkit.engine import speedups
from tornkit.engine.server import HTTPServer

Report = Callable[[], list[Any]]


class Plain(RequestHandler):
    def get(self) -> None:
        self.write("plain")

    def post(self) -> None:
        self.write(self.get_argument("a"))


class Waiting(RequestHandler):
    async def get(self, number: str) -> None:
        await asyncio.sleep(0.001)
        self.write({"number": number})


class Failing(RequestHandler):
    def get(self) -> None:
        raise ValueError("it fails")


class Refusing(RequestHandler):
    async def get(self) -> None:
        raise HTTPError(403)


def sentry() -> Report:
    import sentry_sdk
    from sentry_sdk.integrations.tornado import TornadoIntegration
    from sentry_sdk.transport import Transport

    seen: list[Any] = []

    class Kept(Transport):  # type: ignore[misc, unused-ignore]  # maybe not installed
        def capture_envelope(self, envelope: Any) -> None:
            for item in envelope.items:
                event = item.payload.json or {}
                # The stack of where it was seen is the machinery's own, and not compared.
                errors = [
                    (each["type"], each["value"])
                    for each in (event.get("exception") or {}).get("values", [])
                ]
                request = event.get("request", {})
                seen.append(
                    [
                        *(event.get("type"), event.get("transaction"), errors),
                        *(request.get("method"), request.get("data"), request.get("query_string")),
                        sorted(request.get("headers", {})),
                        event.get("contexts", {}).get("trace", {}).get("status"),
                        sorted(each.get("op") for each in event.get("spans", [])),
                    ]
                )

    sentry_sdk.init(
        "http://key@localhost/1",
        integrations=[TornadoIntegration()],
        default_integrations=False,
        traces_sample_rate=1.0,
        transport=Kept,
    )

    def report() -> list[Any]:
        sentry_sdk.flush()
        return seen

    return report


def opentelemetry() -> Report:
    from opentelemetry.instrumentation.tornado import TornadoInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor: Any = TornadoInstrumentor
    instrumentor().instrument(tracer_provider=provider)

    def report() -> list[Any]:
        return [
            [
                *(span.name, str(span.kind), str(span.status.status_code)),
                sorted(
                    (key, str(value))
                    for key, value in (span.attributes or {}).items()
                    if "port" not in key and "host" not in key
                ),
                [event.name for event in span.events],
            ]
            for span in exporter.get_finished_spans()
        ]

    return report


def elastic() -> Report:
    from elasticapm import Client
    from elasticapm.contrib.tornado import ElasticAPM

    seen: list[Any] = []

    class Kept(Client):  # type: ignore[misc, unused-ignore]  # maybe not installed
        def queue(self, event_type: str, data: Any, flush: bool = False) -> None:
            context = data.get("context", {})
            seen.append(
                [
                    *(event_type, data.get("name"), data.get("result"), data.get("outcome")),
                    *(data.get("culprit"), context.get("request", {}).get("method")),
                    context.get("response", {}).get("status_code"),
                    (data.get("exception") or {}).get("message"),
                ]
            )

    def install(application: Application) -> None:
        application.settings["ELASTIC_APM"] = {"SERVICE_NAME": "x"}
        client = Kept(
            service_name="x",
            disable_send=False,
            metrics_interval="0ms",
            central_config=False,
            cloud_provider="none",
            server_url="http://127.0.0.1:9",
        )
        ElasticAPM(application, client=client)

    def report() -> list[Any]:
        return seen

    report.install = install  # type: ignore[attr-defined]
    return report


AGENTS = {"sentry": sentry, "opentelemetry": opentelemetry, "elastic": elastic}
REQUESTS = ("/", "/waiting/7", "/failing", "/refusing", "/nowhere", "/?q=1")


async def run(agent: str, server: str, when: str) -> list[Any]:
    application = Application(
        [("/", Plain), ("/waiting/(.*)", Waiting), ("/failing", Failing), ("/refusing", Refusing)]
    )
    make = AGENTS[agent]

    def set_up() -> Report:
        report = make()
        install = getattr(report, "install", None)
        if install is not None:
            install(application)
        return report

    report: Report | None = set_up() if when == "before" else None
    if server == "tornkit":
        speedups.install()
    kind = HTTPServer if server == "tornkit" else tornado.httpserver.HTTPServer
    async with serving(kind, application) as made:
        client = await made.connect()
        if report is None:
            await client.request("/")
            report = set_up()
        for _ in range(2):
            for target in REQUESTS:
                await client.request(target, "X-Sent: 1")
            await client.send(
                b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\n\r\na=b"
            )
            await client.read_response()
    return report()


def main() -> None:
    logging.disable(logging.CRITICAL)
    agent, server, when = sys.argv[1:]
    print(json.dumps(asyncio.run(run(agent, server, when))))


if __name__ == "__main__":
    main()
