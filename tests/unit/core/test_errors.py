"""The error registry: complete, and with nothing two errors would be told apart by."""

from __future__ import annotations

import inspect

import pytest

from groundswell.core import errors

CLASSES = [
    c
    for _, c in inspect.getmembers(errors, inspect.isclass)
    if issubclass(c, errors.GroundswellError)
]

# Two classes share a code only where a client must not tell them apart.
SHARED_CODES = {"RepoNotFound": {errors.RepoNotFound, errors.Gone}}


@pytest.mark.parametrize("error", CLASSES, ids=lambda c: c.__name__)
def test_every_error_is_fully_described(error: type[errors.GroundswellError]) -> None:
    assert error.__doc__
    assert 300 <= error.status < 600
    assert 1 <= error.exit_code < 10
    assert error.code.isidentifier()


def test_codes_are_unique() -> None:
    for code in {c.code for c in CLASSES}:
        owners = {
            c
            for c in CLASSES
            if c.code == code and ("code" in vars(c) or c is errors.GroundswellError)
        }
        assert owners == SHARED_CODES.get(code, owners if len(owners) == 1 else set()), code


def test_wrong_credentials_keep_the_text_that_clients_compare() -> None:
    assert str(errors.InvalidCredentials()) == "Invalid credentials in Authorization header"
    assert errors.DisabledRepo().message == "Access to this resource is disabled."
