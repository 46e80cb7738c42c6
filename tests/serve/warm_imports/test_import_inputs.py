"""Inputs of one module: variables that C reads by itself, and reasons that can't be helped.

How they are noted: `test_import_recorder`; what is compared with them: `test_hidden_modules`.
"""

from __future__ import annotations

from dataclasses import fields

import pytest

from tornkit.serve.warm_imports.code_names import names_in
from tornkit.serve.warm_imports.import_inputs import READ_IN_C, Inputs

REASONS = {
    "arguments": "reads sys.argv",
    "warned": "warns when it is imported",
    "options": "uses tornado.options",
    "logged": "logs when it is imported",
    "wrote": "prints when it is imported",
}


@pytest.mark.parametrize("name", REASONS)
def test_what_only_a_worker_can_do(name: str) -> None:
    inputs = Inputs()
    setattr(inputs, name, True)
    assert inputs.never_the_same() == REASONS[name]


def test_the_first_reason_is_told() -> None:
    inputs = Inputs(**dict.fromkeys(REASONS, True))  # type: ignore[arg-type]
    for name, reason in REASONS.items():
        assert inputs.never_the_same() == reason
        setattr(inputs, name, False)
    assert inputs.never_the_same() is None


@pytest.mark.parametrize(
    "name",
    [each.name for each in fields(Inputs) if each.type == "bool" and each.name not in REASONS],
)
def test_what_can_be_compared_is_no_reason(name: str) -> None:
    inputs = Inputs()
    setattr(inputs, name, True)
    assert inputs.never_the_same() is None


def test_no_two_modules_share_what_is_noted() -> None:
    first, second = Inputs(), Inputs()
    for name, value in vars(first).items():
        if value is not None and not isinstance(value, bool):
            assert value is not getattr(second, name), name


def test_they_are_themselves() -> None:
    """Two modules may have read the same."""
    assert Inputs() != Inputs()
    assert len({Inputs(), Inputs()}) == 2


def test_names_of_the_code_are_kept() -> None:
    names = names_in(compile("import json\njson.loads", "x", "exec"))
    inputs = Inputs()
    inputs.note_names(names)
    assert inputs.names is names


@pytest.mark.parametrize(
    "name",
    [
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MALLOC_ARENA_MAX"),
        *("SSL_CERT_FILE", "OPENSSL_CONF", "RUST_LOG", "CUDA_VISIBLE_DEVICES", "LC_ALL"),
        *("LANG", "LANGUAGE", "TZ"),
    ],
)
def test_variables_that_c_reads(name: str) -> None:
    assert READ_IN_C.match(name)


@pytest.mark.parametrize(
    "name",
    [
        *("OMP", "OMPX_A", "MY_OMP_NUM_THREADS", "LANGUAGES", "LANGX", "MY_LANG", "TZX", "A_TZ"),
        *("LCX", "HOME", "PATH", "omp_num_threads", ""),
    ],
)
def test_variables_that_it_does_not(name: str) -> None:
    assert READ_IN_C.match(name) is None
