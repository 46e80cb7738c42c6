"""A method of the class, and nothing that was put on the instance."""

from __future__ import annotations

from tornkit.engine.fidelity.methods import is_method


class Plain:
    def method(self) -> None:
        """Of the class."""


class Overriding(Plain):
    def method(self) -> None:
        """Another."""


def test_a_method_of_the_class() -> None:
    plain = Plain()
    assert is_method(plain.method, Plain.method, plain)
    assert not is_method(Overriding().method, Plain.method, plain)


def test_what_was_put_on_the_instance_is_none() -> None:
    plain = Plain()
    for found in (Plain().method, lambda: None, Plain.method, None, Overriding().method):
        plain.method = found  # type: ignore[method-assign,assignment]
        assert not is_method(plain.method, Plain.method, plain)
    del plain.method
    assert is_method(plain.method, Plain.method, plain)
