from __future__ import annotations

import os
from types import SimpleNamespace

from tornkit.serve.warm_imports.interception import noting, noting_methods, replaced


def test_an_attribute_is_replaced_while_entered() -> None:
    owner = SimpleNamespace(name=1)
    with replaced(owner, "name", 2):
        assert owner.name == 2
    assert owner.name == 1


def test_one_that_was_set_since_is_left_alone() -> None:
    owner = SimpleNamespace(name=1)
    with replaced(owner, "name", 2):
        owner.name = 3
    assert owner.name == 3


def test_a_function_is_noted_before_it_is_called() -> None:
    order: list[object] = []

    def function(*args: object, **kwargs: object) -> str:
        order.append("called")
        return "result"

    owner = SimpleNamespace(function=function)
    with noting(owner, "function", lambda *args, **kwargs: order.append((args, kwargs))):
        assert owner.function(1, key=2) == "result"
    owner.function()
    assert order == [((1,), {"key": 2}), "called", "called"]


def test_it_is_equal_to_the_original_and_has_its_attributes() -> None:
    original = os.stat
    with noting(os, "stat", lambda *args, **kwargs: None):
        kept = os.stat
        assert kept == original
        assert kept in os.supports_dir_fd
        assert kept.__name__ == original.__name__
    assert os.stat is original
    assert kept(".").st_mode == original(".").st_mode, "a module may have kept it"


def test_what_is_not_there_is_not_noted() -> None:
    owner = SimpleNamespace()
    with noting(owner, "function", print):
        assert not hasattr(owner, "function")


def test_methods_are_noted_and_then_as_they_were() -> None:
    class Parent:
        def inherited(self) -> str:
            return "inherited"

    class Owner(Parent):
        def method(self, name: str) -> str:
            return f"{name} of {type(self).__name__}"

        def other(self) -> str:
            return "other"

    before, noted = dict(vars(Owner)), []
    names = ("method", "inherited", "not_there")
    with noting_methods(Owner, names, lambda: noted.append("note")):
        owner = Owner()
        assert (owner.method("it"), owner.other()) == ("it of Owner", "other")
        assert (owner.inherited(), noted) == ("inherited", ["note"])
        kept = owner.method
    assert vars(Owner) == before
    assert kept("kept") == "kept of Owner", "a module may have kept it"
