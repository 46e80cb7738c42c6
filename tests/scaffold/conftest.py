"""Fixtures of tests that serve a generated project: those of the tests with real processes."""

from tests.integration.conftest import certificate, make_certificate, serve

__all__ = ["certificate", "make_certificate", "serve"]
