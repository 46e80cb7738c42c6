"""The table of all functions of Tornado's and asyncio's that engine and speedups don't call.

An application, or an agent that watches it, may put a function of its own in the place of any. What
happens then is one of two things, and says the `Part` that skips it:

- *the engine steps aside*: from the next request on, Tornado's own code serves, with one line in
  the log (`tornkit.engine.fidelity.replaced`); a function that is put back is seen in the same way;
- *it is called*: the speedup looks, each time, whether the method is Tornado's, and calls it as
  Tornado would if it is not.

Which functions these are is known by trace, not from memory: `tests/engine/test_skipped.py` runs
the same requests by Tornado's server and by the engine, and wants each function that is called less
often to stand here. So is what happens: it wraps each, before and after.

Not in the table, though they are called less often: what a loop does once a turn (``time``,
``_run_once``), because a turn has no fixed length; and asyncio's private functions, but for
``Handle._run``, in whose place monitors of slow callbacks put theirs.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Part(Enum):
    """A part of the engine; the value says what happens where a function that it skips is replaced.

    Of the last two nothing is said: no part of the engine steps aside for them.
    """

    ENGINE = "Tornado's own code serves"
    TASKS = "Tornado's own code starts the handlers"
    WEBSOCKETS = "Tornado's own code serves WebSockets that open from now on"
    DELEGATES = "a delegate is made, and called"
    HANDLERS = "it is called"


class Skipped(NamedTuple):
    """Names of functions that a part skips in one owner: a module, or "module:Class"."""

    owner: str
    names: tuple[str, ...]
    part: Part = Part.ENGINE


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


LOOP = {
    Part.ENGINE: _names(
        "add_reader add_writer call_at call_later call_soon create_future remove_reader "
        "remove_writer"
    ),
    Part.TASKS: _names("create_task"),
}
"""Of the event loop that runs: of its class, or put on the loop itself."""

TABLE = (
    # ---- from the socket to the request ----
    Skipped(
        "tornado.http1connection:HTTP1Connection",
        _names(
            "__init__ _can_keep_alive _clear_callbacks _deliver_body _finish_request _format_chunk "
            "_on_connection_close _on_write_complete _parse_headers _read_body _read_fixed_body "
            "_read_message _read_message_inner close detach finish read_response "
            "set_body_timeout set_close_callback set_max_body_size write write_headers"
        ),
    ),
    Skipped(
        "tornado.http1connection:HTTP1ServerConnection",
        _names("__init__ _server_request_loop close start_serving"),
    ),
    Skipped(
        "tornado.http1connection:_ExceptionLoggingContext", _names("__enter__ __exit__ __init__")
    ),
    Skipped(
        "tornado.http1connection",
        _names(
            "HTTP1Connection _ExceptionLoggingContext future_add_done_callback "
            "future_set_result_unless_cancelled is_transfer_encoding_chunked native_str parse_int "
            "utf8"
        ),
    ),
    Skipped("tornado.httpserver:HTTPServer", _names("handle_stream on_close start_request")),
    Skipped("tornado.httpserver", _names("HTTP1ServerConnection _HTTPRequestContext")),
    Skipped("tornado.tcpserver:TCPServer", _names("_handle_connection")),
    Skipped("tornado.tcpserver", _names("IOStream")),
    Skipped(
        "tornado.httputil:HTTPHeaders",
        _names(
            "__contains__ __delitem__ __getitem__ __init__ __iter__ __len__ __setitem__ add "
            "get_all get_list parse parse_line update"
        ),
    ),
    Skipped(
        "tornado.httputil:HTTPServerRequest",
        _names("__init__ _parse_body cookies request_time"),
    ),
    Skipped(
        "tornado.httputil",
        _names(
            "HTTPHeaders HTTPServerRequest RequestStartLine ResponseStartLine _normalize_header "
            "format_timestamp parse_body_arguments parse_cookie parse_qs_bytes "
            "parse_request_start_line split_host_and_port to_unicode utf8 native_str"
        ),
    ),
    Skipped(
        "tornado.iostream:BaseIOStream",
        _names(
            "__init__ _add_io_state _check_closed _check_max_bytes _consume _find_read_pos "
            "_finish_read _handle_events _handle_read _handle_write _maybe_add_error_listener "
            "_read_from_buffer _read_to_buffer _read_to_buffer_loop _signal_closed _start_read "
            "_try_inline_read close closed read_bytes read_until_regex reading set_close_callback "
            "write writing"
        ),
    ),
    Skipped(
        "tornado.iostream:IOStream",
        _names("__init__ close_fd fileno read_from_fd set_nodelay write_to_fd"),
    ),
    Skipped("tornado.iostream:_StreamBuffer", _names("__init__ __len__ advance append clear peek")),
    Skipped("tornado.iostream", _names("_StreamBuffer future_set_result_unless_cancelled")),
    # ---- from the request to the handler ----
    Skipped("tornado.routing:Router", _names("find_handler start_request")),
    Skipped("tornado.routing:RuleRouter", _names("find_handler get_target_delegate")),
    Skipped("tornado.routing:AnyMatches", _names("match")),
    Skipped("tornado.routing:PathMatches", _names("match")),
    Skipped(
        "tornado.routing:_RoutingDelegate",
        _names("__init__ data_received finish headers_received on_connection_close"),
    ),
    Skipped(
        "tornado.routing",
        _names("_CallableAdapter _DefaultMessageDelegate _RoutingDelegate _unquote_or_none"),
    ),
    Skipped("tornado.web:Application", _names("find_handler")),
    Skipped("tornado.web:_ApplicationRouter", _names("find_handler get_target_delegate")),
    Skipped(
        "tornado.web:_HandlerDelegate",
        _names("__init__ execute finish headers_received on_connection_close"),
        Part.DELEGATES,
    ),
    Skipped("tornado.web:_UIModuleNamespace", _names("__init__")),
    Skipped(
        "tornado.web",
        _names("_UIModuleNamespace _unicode isclass utf8"),
    ),
    Skipped("tornado.web", _names("_HandlerDelegate"), Part.DELEGATES),
    Skipped("tornado.web", _names("_has_stream_request_body"), Part.TASKS),
    # ---- handlers ----
    Skipped(
        "tornado.web:RequestHandler",
        _names(
            "__init__ _break_cycles _convert_header_value _execute _get_arguments "
            "_handle_request_exception _log _request_summary _should_not_send_content "
            "check_etag_header clear compute_etag decode_argument finish flush get_cookie "
            "get_status log_exception on_finish prepare set_etag_header set_header write"
        ),
        Part.HANDLERS,
    ),
    Skipped("tornado.web:Application", _names("get_handler_delegate log_request"), Part.HANDLERS),
    Skipped("tornado.escape", _names("json_encode xhtml_escape"), Part.HANDLERS),
    Skipped("tornado.escape", _names("to_unicode utf8")),
    # ---- WebSockets ----
    Skipped(
        "tornado.websocket:WebSocketProtocol13",
        _names(
            "_handle_message _read_bytes _receive_frame _receive_frame_loop _write_frame "
            "write_message"
        ),
        Part.WEBSOCKETS,
    ),
    Skipped("tornado.websocket", _names("_websocket_mask"), Part.WEBSOCKETS),
    # ---- loops and futures ----
    Skipped(
        "tornado.ioloop:IOLoop",
        _names("_register_task _unregister_task add_timeout current split_fd time"),
    ),
    Skipped(
        "tornado.platform.asyncio:BaseAsyncIOLoop",
        _names("_handle_events add_handler call_at remove_handler remove_timeout update_handler"),
    ),
    Skipped("tornado.ioloop", _names("future_add_done_callback is_future")),
    Skipped("tornado.concurrent", _names("future_add_done_callback is_future")),
    Skipped(
        "tornado.gen",
        _names(
            "_create_future _wrap_awaitable chain_future future_add_done_callback "
            "future_set_result_unless_cancelled is_future with_timeout"
        ),
    ),
    Skipped("tornado.gen", _names("convert_yielded"), Part.TASKS),
    Skipped("asyncio.events:Handle", _names("__init__ _run cancel cancelled")),
    Skipped("asyncio.events:TimerHandle", _names("__init__ cancel")),
    Skipped("asyncio.events", _names("Handle")),
    Skipped("asyncio", _names("sleep")),
    Skipped("asyncio.coroutines", _names("iscoroutine")),
    Skipped(
        "asyncio",
        _names("Task current_task ensure_future isfuture"),
        Part.TASKS,
    ),
    Skipped(
        "asyncio.tasks",
        _names("Task _ensure_future current_task ensure_future"),
        Part.TASKS,
    ),
    Skipped("contextvars", _names("copy_context")),
)
