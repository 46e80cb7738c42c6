"""Security headers, as the OWASP Secure Headers Project lists them."""

from __future__ import annotations

import secrets

HEADERS = {
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
}

# Only sent over TLS, where alone browsers heed it.
STRICT_TRANSPORT_SECURITY = "max-age=31536000; includeSubDomains"


def new_nonce() -> str:
    """Number used once, by which a page's own inline scripts are told from what slipped in."""
    return secrets.token_urlsafe(16)


def content_security_policy(nonce: str) -> str:
    """What a page may load: its own files, and inline scripts that carry the nonce."""
    return (
        "default-src 'self'; "
        f"script-src 'self' 'nonce-{nonce}'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
