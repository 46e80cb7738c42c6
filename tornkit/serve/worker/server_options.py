"""Arguments of the `HTTPServer` of an application, from the command line's options."""

from __future__ import annotations

import ssl

from tornkit.errors import CertificateError
from tornkit.serve.config import HttpOptions


def server_arguments(options: HttpOptions) -> dict[str, object]:
    """Keyword arguments for `tornado.httpserver.HTTPServer`.

    :raises CertificateError: the certificate or its key is missing, or of no use.
    """
    arguments: dict[str, object] = {"xheaders": options.xheaders}
    if options.trusted_downstream:
        arguments["trusted_downstream"] = list(options.trusted_downstream)
    if options.max_body_size is not None:
        arguments["max_body_size"] = options.max_body_size
    if options.certfile is not None:
        arguments["ssl_options"] = _tls_context(options.certfile, options.keyfile)
    return arguments


def _tls_context(certfile: str, keyfile: str | None) -> object:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certfile, keyfile)
    except OSError as error:  # missing, or of no use: ssl.SSLError is one too
        raise CertificateError(f"{certfile} and its key can't be used: {error}") from None
    return context
