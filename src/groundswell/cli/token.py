"""``swell token``: what programs sign in with."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell.cli._folder import data_option, named_repository, opened_accounts
from groundswell.cli._output import json_option, moment, print_rows
from groundswell.core.errors import NotFound
from groundswell.core.values import TokenRole

if TYPE_CHECKING:
    from groundswell.hub.accounts import Token

DAYS_MAX = 3_650


@click.group("token")
def command() -> None:
    """API tokens: create, list, revoke."""


@command.command()
@click.argument("user")
@click.option("--role", type=click.Choice(["read", "write"]), required=True)
@click.option("--name", default="swell token create", show_default=True, help="What it is for.")
@click.option(
    "--expires-in", metavar="DAYS", type=click.IntRange(1, DAYS_MAX), help="Days until it expires."
)
@click.option(
    "--repository",
    "repositories",
    multiple=True,
    metavar="[datasets/|spaces/]NAMESPACE/NAME",
    help="Let it reach only this repository. May be given several times.",
)
@data_option
def create(
    user: str,
    role: str,
    name: str,
    expires_in: int | None,
    repositories: tuple[str, ...],
    data: Path,
) -> None:
    """Create a token for USER and print it, alone, on standard output. It is shown only once."""
    expires_at = None
    if expires_in is not None:
        expires_at = time.time_ns() // 1_000 + expires_in * 86_400 * 1_000_000
    with opened_accounts(data) as accounts:
        account = accounts.find_account(user)
        grants = accounts.grants_for(
            [named_repository(text) for text in repositories], write=role == "write"
        )
        made = accounts.create_token(
            account.id,
            name,
            TokenRole.FINE_GRAINED if grants else TokenRole(role),
            grants,
            expires_at,
            by=None,
        )
    click.echo(made.value)


@command.command(name="list")
@click.argument("user")
@json_option
@data_option
def list_(user: str, data: Path, *, as_json: bool) -> None:
    """List the tokens of USER, newest first. Their values are known to nobody."""
    with opened_accounts(data) as accounts:
        found = accounts.list_tokens(accounts.find_account(user).id)
        names = accounts.names_of_repositories(
            [grant.repository_id for each in found for grant in each.grants]
        )
    now = time.time_ns() // 1_000
    print_rows([_row(each, now, names) for each in found], as_json=as_json)


def _row(found: Token, now: int, names: dict[int, str]) -> dict[str, object]:
    return {
        "id": found.id,
        "name": found.name,
        "role": found.role.value,
        "ends in": f"…{found.last4}",
        "state": _state(found, now),
        "created": moment(found.created_at),
        "expires": moment(found.expires_at),
        "used": moment(found.used_at),
        "repositories": [
            f"{names[grant.repository_id]}:{'write' if grant.write else 'read'}"
            for grant in found.grants
            if grant.repository_id in names
        ],
    }


def _state(found: Token, now: int) -> str:
    if found.revoked_at is not None:
        return "revoked"
    return "expired" if found.expires_at is not None and found.expires_at <= now else "live"


@command.command()
@click.argument("user")
@click.argument("which", metavar="ID|NAME")
@data_option
def revoke(user: str, which: str, data: Path) -> None:
    """Revoke a token of USER, by its id or by a name that only one live token has."""
    with opened_accounts(data) as accounts:
        account = accounts.find_account(user)
        found = _find(accounts.list_tokens(account.id), which)
        accounts.revoke_token(account.id, found.id, by=None)
    click.echo(f"Revoked the token {found.name!r} ({found.id}).", err=True)


def _find(tokens: tuple[Token, ...], which: str) -> Token:
    named = [each for each in tokens if str(each.id) == which]
    named = named or [each for each in tokens if each.name == which and each.revoked_at is None]
    if len(named) != 1:
        why = "no such token" if not named else "several tokens have that name: use the id"
        msg = f"{which!r}: {why}."
        raise NotFound(msg)
    return named[0]
