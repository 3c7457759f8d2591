"""Tests of a room on SQLite and on PostgreSQL: those that ask SQL for more than rows by their keys.

A fixture calls ``url_of``; ``on_both`` at a test lets that fixture come once on each.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Final

import pytest

from groundswell.store.database import Database
from tests.contract import postgresql

_numbers: Final = itertools.count()
_TEMPLATE: Final = "whole"


def on_both(fixture: str) -> pytest.MarkDecorator:
    """Run the test with that fixture on SQLite, and again on PostgreSQL."""
    return pytest.mark.parametrize(fixture, ["sqlite", "postgresql"], indirect=True)


def url_of(request: pytest.FixtureRequest) -> str | None:
    """The database of the fixture that asks: None is SQLite in its folder, as without ``on_both``."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return None
    folder: Path = request.getfixturevalue("server")
    number = next(_numbers)
    if number == 0:  # the schema is made once, and copied for each test
        Database.open(postgresql.fresh_url(folder, _TEMPLATE)).close()
    return postgresql.fresh_url(folder, f"hub{number}", _TEMPLATE)
