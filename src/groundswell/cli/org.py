"""``swell org``: namespaces that several people share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell.cli._folder import data_option, opened_accounts
from groundswell.cli._output import json_option, moment, print_rows
from groundswell.core.errors import NotFound
from groundswell.core.values import Role

if TYPE_CHECKING:
    from groundswell.hub.accounts import Member

_ROLES = click.Choice([role.value for role in reversed(Role)])


@click.group("org")
def command() -> None:
    """Organisations and their members."""


@command.command()
@click.argument("name")
@click.option("--fullname", default="", help="The name to show.")
@click.option("--private-by-default", is_flag=True, help="New repositories are private.")
@click.option("--admin", "admins", multiple=True, metavar="USER", help="Its first admin.")
@data_option
def create(
    name: str, fullname: str, admins: tuple[str, ...], data: Path, *, private_by_default: bool
) -> None:
    """Create an organisation."""
    with opened_accounts(data, creates=True) as accounts:
        for admin in admins:
            accounts.find_account(admin)
        made = accounts.create_organisation(
            name, fullname, private_by_default=private_by_default, by=None
        )
        for admin in admins:
            accounts.set_member(made.name, admin, Role.ADMIN, by=None)
    click.echo(f"Created the organisation {made.name}.", err=True)


@command.command(name="list")
@click.argument("name", required=False)
@json_option
@data_option
def list_(name: str | None, data: Path, *, as_json: bool) -> None:
    """List organisations, or with NAME the members of one."""
    from groundswell.cli._folder import every_account
    from groundswell.hub.accounts import AccountKind

    with opened_accounts(data) as accounts:
        rows: list[dict[str, object]]
        if name is None:
            rows = [
                {
                    "name": each.name,
                    "fullname": each.fullname,
                    "private by default": each.private_by_default,
                    "members": [
                        f"{member.user.name}:{member.role.value}"
                        for member in accounts.list_members(each.name)
                    ],
                    "disabled": each.is_disabled,
                    "created": moment(each.created_at),
                    "id": each.public_id,
                }
                for each in every_account(accounts, AccountKind.ORGANISATION)
            ]
        else:
            rows = [
                {"user": member.user.name, "role": member.role.value}
                for member in accounts.list_members(name)
            ]
    print_rows(rows, as_json=as_json)


@command.command(name="add-member")
@click.argument("name")
@click.argument("user")
@click.option("--role", type=_ROLES, default=Role.READ.value, show_default=True)
@data_option
def add_member(name: str, user: str, role: str, data: Path) -> None:
    """Make USER a member of the organisation NAME."""
    with opened_accounts(data) as accounts:
        accounts.set_member(name, user, Role(role), by=None)
    click.echo(f"{user} is now {role} in {name}.", err=True)


@command.command(name="set-role")
@click.argument("name")
@click.argument("user")
@click.argument("role", type=_ROLES)
@data_option
def set_role(name: str, user: str, role: str, data: Path) -> None:
    """Change the role of a member, at once."""
    with opened_accounts(data) as accounts:
        _check_member(accounts.list_members(name), user, name)
        accounts.set_member(name, user, Role(role), by=None)
    click.echo(f"{user} is now {role} in {name}.", err=True)


@command.command(name="remove-member")
@click.argument("name")
@click.argument("user")
@data_option
def remove_member(name: str, user: str, data: Path) -> None:
    """Take USER out of the organisation NAME, at once."""
    with opened_accounts(data) as accounts:
        _check_member(accounts.list_members(name), user, name)
        accounts.set_member(name, user, None, by=None)
    click.echo(f"{user} is no longer a member of {name}.", err=True)


def _check_member(members: tuple[Member, ...], user: str, name: str) -> None:
    if not any(member.user.name.lower() == user.lower() for member in members):
        msg = f"{user!r} is not a member of {name!r}."
        raise NotFound(msg)
