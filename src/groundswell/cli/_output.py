"""How verbs print and ask: tables for people, JSON for programs, passwords from nobody's argv."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from groundswell.core.errors import BadRequest

F = TypeVar("F", bound=Callable[..., Any])


def json_option(verb: F) -> F:
    """``--json`` on a list."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(verb)


def moment(micros: int | None) -> str | None:
    """A time as the Hub API writes it, or None."""
    if micros is None:
        return None
    found = dt.datetime.fromtimestamp(micros / 1_000_000, tz=dt.UTC)
    return found.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def print_rows(rows: Sequence[dict[str, object]], *, as_json: bool) -> None:
    """Rows that share their keys, as a table or a JSON list."""
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not rows:
        return
    texts = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in texts) for column in range(len(texts[0]))]
    for line in texts:
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(map(str, value)) or "-"
    return str(value)


def read_password() -> str:
    """A password from the terminal, asked twice, or the first line of standard input.

    Raises:
        BadRequest: there is none.
    """
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return password
    password = sys.stdin.readline(4096).rstrip("\r\n")
    if not password:
        msg = "A password is expected on standard input."
        raise BadRequest(msg)
    return password
