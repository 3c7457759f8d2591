"""``swell backup``: copy a hub, which may be running."""

from __future__ import annotations

from pathlib import Path

import click

from groundswell.cli._folder import data_option
from groundswell.cli._output import json_option
from groundswell.cli._upkeep import ProgressBar, opened_premises, print_report


@click.command("backup")
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--without-database",
    is_flag=True,
    help="For a hub on PostgreSQL, after its database was copied with pg_dump.",
)
@json_option
@data_option
def command(*, target: Path, without_database: bool, as_json: bool, data: Path) -> int:
    """Add a snapshot of the hub to the backup in TARGET: only what is new is copied.

    When it is stopped, run it again: it goes on. Ends with 8 when something was too damaged to be
    copied; everything else is in the snapshot then.
    """
    from groundswell.hub.upkeep import back_up

    with opened_premises(data) as premises, ProgressBar() as progress:
        name, report = back_up(
            premises, target, with_database=not without_database, progress=progress
        )
    if not as_json:
        click.echo(f"Snapshot {name} is in {target}.")
    return print_report(report, as_json=as_json, snapshot=name)
