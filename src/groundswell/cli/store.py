"""``swell store``: how content lies on disk."""

from __future__ import annotations

import click

from groundswell.cli._cooling import cool


@click.group("store")
def command() -> None:
    """How content lies on disk."""


command.add_command(cool)
