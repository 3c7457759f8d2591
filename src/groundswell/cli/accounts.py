"""``swell accounts``: many accounts at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO

import click

from groundswell.cli._folder import data_option, opened_accounts


@click.group("accounts")
def command() -> None:
    """Import accounts from a file."""


@command.command(name="import")
@click.argument("file", type=click.File("rb"))
@data_option
def import_(file: BinaryIO, data: Path) -> None:
    """Import the JSON document FILE ("-" for standard input): all of it, or nothing.

    Names and token values are taken as given. Importing it again changes nothing.
    """
    from groundswell.hub.accounts.import_document import DOCUMENT_LENGTH_MAX_BYTES

    text = file.read(DOCUMENT_LENGTH_MAX_BYTES + 1)
    with (
        opened_accounts(data, creates=True) as opened,
        click.progressbar(
            length=0, label="Passwords", file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar,
    ):

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        count = opened.import_accounts(text, show)
    click.echo(
        f"Added {count.users} users, {count.organisations} organisations, "
        f"{count.tokens} tokens and {count.members} members.",
        err=True,
    )
