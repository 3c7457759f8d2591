"""``swell user``: who may sign in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell.cli._folder import data_option, opened_accounts
from groundswell.cli._output import json_option, moment, print_rows, read_password

if TYPE_CHECKING:
    from groundswell.hub.accounts import Account


@click.group("user")
def command() -> None:
    """Users: add, list, change password, disable, enable."""


@command.command()
@click.argument("name")
@click.option("--fullname", default="", help="The name to show.")
@click.option("--email", help="Where to reach them.")
@click.option("--admin", is_flag=True, help="Let them administer the hub.")
@click.option("--no-password", is_flag=True, help="Tokens only: nobody can sign in as this user.")
@data_option
def add(
    name: str, fullname: str, email: str | None, data: Path, *, admin: bool, no_password: bool
) -> None:
    """Add a user. The password is asked for, or read from standard input."""
    with opened_accounts(data, creates=True) as accounts:
        password = None if no_password else read_password()
        made = accounts.create_user(
            name, password, fullname=fullname, email=email, is_admin=admin, by=None
        )
    click.echo(f"Added the user {made.name}.", err=True)


@command.command(name="list")
@json_option
@data_option
def list_(data: Path, *, as_json: bool) -> None:
    """List users by name."""
    from groundswell.cli._folder import every_account
    from groundswell.hub.accounts import AccountKind

    with opened_accounts(data) as accounts:
        rows = [_row(each) for each in every_account(accounts, AccountKind.USER)]
    print_rows(rows, as_json=as_json)


def _row(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "fullname": account.fullname,
        "email": account.email,
        "admin": account.is_admin,
        "disabled": account.is_disabled,
        "created": moment(account.created_at),
        "id": account.public_id,
    }


@command.command()
@click.argument("name")
@data_option
def passwd(name: str, data: Path) -> None:
    """Set a user's password and end their sessions. Tokens stay."""
    with opened_accounts(data) as accounts:
        accounts.find_account(name)
        accounts.set_password(name, read_password(), by=None)
    click.echo(f"Changed the password of {name}.", err=True)


@command.command()
@click.argument("name")
@data_option
def disable(name: str, data: Path) -> None:
    """Close an account: its sessions end, its tokens and password stop working, at once."""
    with opened_accounts(data) as accounts:
        account = accounts.set_disabled(name, disabled=True, by=None)
    click.echo(f"Disabled {account.name}.", err=True)


@command.command()
@click.argument("name")
@data_option
def enable(name: str, data: Path) -> None:
    """Open a closed account again; its tokens work as before."""
    with opened_accounts(data) as accounts:
        account = accounts.set_disabled(name, disabled=False, by=None)
    click.echo(f"Enabled {account.name}.", err=True)
