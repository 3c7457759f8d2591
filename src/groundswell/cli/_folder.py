"""The data folder as verbs name it, and the accounts in it.

Knows ``--data`` and the settings that say which database belongs to a folder. A verb works beside
a running hub: both take turns writing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from groundswell.core.errors import BadRequest, NotFound
from groundswell.core.values import RepoId, RepoKind

if TYPE_CHECKING:
    from groundswell.hub.accounts import Account, AccountKind, Accounts

F = TypeVar("F", bound=Callable[..., Any])


def data_option(verb: F) -> F:
    """``--data DIR``, or SWELL_DATA, or ``./data``."""
    option = click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="SWELL_DATA",
        default=Path("data"),
        show_default=True,
        show_envvar=True,
        help="The hub's data folder.",
    )
    return option(verb)


@contextlib.contextmanager
def opened_accounts(data: Path, *, creates: bool = False) -> Iterator[Accounts]:
    """The accounts of a data folder. ``creates`` makes the folder when it is missing.

    Raises:
        NotFound: there is no data folder of that name.
        BadRequest: settings that cannot be used.
        ForeignData: the database belongs to another hub.
    """
    from groundswell.hub.accounts import Accounts
    from groundswell.hub.identity import open_database
    from groundswell.settings import SettingsFault, load
    from groundswell.store.layout import DataFolder

    folder = DataFolder(data)
    try:
        url = load({"data": folder.root}).database
    except SettingsFault as error:
        raise BadRequest(str(error)) from error
    if creates:
        folder.create()
    elif not folder.root.is_dir():
        msg = f"There is no data folder at {data}. Name it with --data."
        raise NotFound(msg)
    database, _ = open_database(url, folder)
    with database:
        yield Accounts(database, lambda: time.time_ns() // 1_000)


def every_account(accounts: Accounts, kind: AccountKind) -> Iterator[Account]:
    """Every account of a kind, by name."""
    after = ""
    while page := accounts.list_accounts(kind, after=after):
        yield from page
        after = page[-1].name


def named_repository(text: str) -> RepoId:
    """A repository as people name it: ``[datasets/|spaces/]NAMESPACE/NAME``.

    Raises:
        InvalidName: it is not of that form.
    """
    for kind in RepoKind:
        if text.startswith(f"{kind.plural}/") and text.count("/") == 2:
            return RepoId.parse(kind, text.removeprefix(f"{kind.plural}/"))
    return RepoId.parse(RepoKind.MODEL, text)
