"""Digests of the methods of Tornado's that the speedups were written against; see `guard`.

More than one where a method's text has changed and what it does has not.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

WRITTEN_FOR = ("6.6.1",)
"""Versions of Tornado that are known to have all of them."""

KNOWN: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "Application.get_handler_delegate": frozenset({"75716938f47a"}),
        "Application.log_request": frozenset({"399acf42f975"}),
        "RequestHandler.__init__": frozenset({"462f13d7ebaa"}),
        "RequestHandler._break_cycles": frozenset({"ce3b85db4b45"}),
        "RequestHandler._convert_header_value": frozenset({"f45beb241c6d"}),
        "RequestHandler._execute": frozenset({"636d242cd1ef"}),
        "RequestHandler._get_arguments": frozenset({"06d76a80f009"}),
        "RequestHandler._log": frozenset({"2307f4a602c1"}),
        "RequestHandler._request_summary": frozenset({"110a678a7481"}),
        "RequestHandler._should_not_send_content": frozenset({"d51004033264"}),
        "RequestHandler.check_etag_header": frozenset({"61c5ada0a15d"}),
        "RequestHandler.clear": frozenset({"70e93529d96b"}),
        "RequestHandler.compute_etag": frozenset({"fc27440da080"}),
        "RequestHandler.decode_argument": frozenset({"57398e557e26"}),
        "RequestHandler.finish": frozenset({"18badace8bdd"}),
        "RequestHandler.flush": frozenset({"ebb16f922589"}),
        "RequestHandler.get_cookie": frozenset({"c9068614f1e2"}),
        "RequestHandler.get_status": frozenset({"6729e9c82e90"}),
        "RequestHandler.set_etag_header": frozenset({"5675bc8bd74b"}),
        "RequestHandler.set_header": frozenset({"450eeea6f927"}),
        "RequestHandler.write": frozenset({"ea5b420ce96e"}),
        "_HandlerDelegate.__init__": frozenset({"b3e2492004fe"}),
        "_HandlerDelegate.execute": frozenset({"3a1d28353356"}),
        "_HandlerDelegate.finish": frozenset({"8280e50a0f84"}),
        "_HandlerDelegate.headers_received": frozenset({"f556a393a310"}),
        "_HandlerDelegate.on_connection_close": frozenset({"62f235538767"}),
        "_UIModuleNamespace.__init__": frozenset({"c82683cfca21"}),
        "_has_stream_request_body": frozenset({"c5a9f897344a"}),
        "escape.json_encode": frozenset({"2dd3bb9af3ae"}),
        "escape.to_unicode": frozenset({"e8e24b678edd"}),
        "escape.utf8": frozenset({"28fcfad6c3a1"}),
        "escape.xhtml_escape": frozenset({"006bd7fb13fb"}),
        "httputil.HTTPHeaders.__contains__": frozenset({"22e138067381"}),
        "httputil.HTTPHeaders.__delitem__": frozenset({"6dad6cdb1275"}),
        "httputil.HTTPHeaders.__getitem__": frozenset({"82f9918daba5"}),
        "httputil.HTTPHeaders.__init__": frozenset({"2cff2989855c"}),
        "httputil.HTTPHeaders.__setitem__": frozenset({"d6198b0e41b6"}),
        "httputil.HTTPHeaders.get_all": frozenset({"4b4b4b14f615"}),
        "httputil.HTTPServerRequest._parse_body": frozenset({"6ed0d398e951"}),
        "httputil.HTTPServerRequest.cookies": frozenset({"12f7537a2539"}),
        "httputil.format_timestamp": frozenset({"d3d84748ea3f"}),
        "httputil.parse_body_arguments": frozenset({"0d596a137a93"}),
        "httputil.parse_cookie": frozenset({"9ef19fea9762"}),
        "routing.RuleRouter.__init__": frozenset({"c526158ec628"}),
    }
)
