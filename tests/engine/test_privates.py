"""The engine serves only where all that it needs of Tornado's private parts is as it was."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from tornado import httpserver, httputil, routing, web
from tornado.httpserver import HTTPServer
from tornado.tcpserver import TCPServer

from tests.engine.tornados import LIMITED_QUERIES
from tornkit.engine import fidelity, privates
from tornkit.engine.fidelity import variants


def looked_up_again() -> Any:
    """The module as it comes out with the Tornado of this moment, beside the one that is used."""
    with mock.patch.object(fidelity, "variants", loaded_again(variants)):
        return loaded_again(privates)


def loaded_again(module: ModuleType) -> ModuleType:
    spec = importlib.util.spec_from_file_location("loaded_again", str(module.__file__))
    assert spec is not None
    assert spec.loader is not None
    again: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    return again


def test_the_installed_tornado_is_supported() -> None:
    assert looked_up_again().SUPPORTED is True
    assert privates.SUPPORTED is True


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (httputil, "_normalize_header"),
        (httputil, "_ABNF"),
        (httputil._ABNF, "host"),
        pytest.param(httputil, "_DEFAULT_PARSE_BODY_CONFIG", marks=LIMITED_QUERIES),
        (httpserver, "_HTTPRequestContext"),
        (httpserver, "_ProxyAdapter"),
        (routing, "_DefaultMessageDelegate"),
        (TCPServer, "_handle_connection"),
    ],
)
def test_what_is_missing_is_not_served_with(
    owner: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(owner, name)
    assert looked_up_again().SUPPORTED is False


def with_more_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    class Headers(httputil.HTTPHeaders):
        def __init__(self) -> None:
            super().__init__()
            self._something_new = ()

    monkeypatch.setattr(httputil, "HTTPHeaders", Headers)


def with_fewer_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    class Headers(httputil.HTTPHeaders):
        def __init__(self) -> None:
            super().__init__()
            delattr(self, variants.HEADER_VALUES)

    monkeypatch.setattr(httputil, "HTTPHeaders", Headers)


def with_one_more_to_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    own = httputil.HTTPServerRequest

    class Request(own):  # type: ignore[misc, valid-type]
        def __init__(  # type: ignore[no-untyped-def]
            self, method=None, uri=None, version="HTTP/1.0", headers=None, body=None, host=None,
            files=None, connection=None, start_line=None, server_connection=None, new=None,
        ) -> None: ...  # fmt: skip

    monkeypatch.setattr(httputil, "HTTPServerRequest", Request)


def without_a_limit_of_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    other = SimpleNamespace(urlencoded=SimpleNamespace(multipart=None))
    monkeypatch.setattr(httputil, "_DEFAULT_PARSE_BODY_CONFIG", other)


@pytest.mark.parametrize(
    "change",
    [
        with_more_parts,
        with_fewer_parts,
        with_one_more_to_be_given,
        pytest.param(without_a_limit_of_fields, marks=LIMITED_QUERIES),
    ],
)
def test_what_is_built_otherwise_is_not_served_with(
    change: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    change(monkeypatch)
    assert looked_up_again().SUPPORTED is False


@pytest.mark.parametrize(
    ("owner", "private", "name"),
    [
        (web, "_ApplicationRouter", "ApplicationRouter"),
        (web, "_HandlerDelegate", "HandlerDelegate"),
        (routing, "_unquote_or_none", "unquote_or_none"),
    ],
)
def test_what_only_saves_time_is_done_without(
    owner: ModuleType, private: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert getattr(looked_up_again(), name) is getattr(owner, private)
    monkeypatch.delattr(owner, private)
    found = looked_up_again()
    assert getattr(found, name) is None
    assert found.SUPPORTED is True


@LIMITED_QUERIES
def test_the_limit_of_fields_is_the_one_that_was_set_last() -> None:
    before = httputil._DEFAULT_PARSE_BODY_CONFIG
    assert privates.most_query_fields() == before.urlencoded.max_arguments
    try:
        httputil.set_parse_body_config(
            httputil.ParseBodyConfig(urlencoded=httputil.ParseUrlEncodedConfig(max_arguments=7))
        )
        assert privates.most_query_fields() == 7
    finally:
        httputil.set_parse_body_config(before)


def test_a_remembered_connection_is_closed_with_tornados_own_and_forgotten() -> None:
    closed: list[object] = []

    class Connection:
        async def close(self) -> None:
            closed.append(self)
            server.on_close(self)

    server = HTTPServer(lambda request: None)
    connection = Connection()
    privates.remember(server, connection)
    privates.remember(server, connection)
    asyncio.run(server.close_all_connections())
    assert closed == [connection]
