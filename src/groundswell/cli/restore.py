"""``swell restore``: make a data folder of a backup."""

from __future__ import annotations

from pathlib import Path

import click

from groundswell.cli._output import json_option
from groundswell.cli._upkeep import ProgressBar, opened_restored, print_report


@click.command("restore")
@click.argument("backup", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--data",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to make: missing or empty.",
)
@click.option("--snapshot", metavar="NAME", help="A folder under snapshots/. [the newest]")
@click.option("--deep", is_flag=True, help="Read and hash every byte at the end.")
@click.option("--database-url", help="The PostgreSQL database that pg_restore has filled already.")
@json_option
def command(
    *,
    backup: Path,
    data: Path,
    snapshot: str | None,
    deep: bool,
    database_url: str | None,
    as_json: bool,
) -> int:
    """Restore a snapshot of BACKUP into a new data folder, and check it.

    When it is stopped, run it again: it goes on. Ends with 8 when something is damaged.
    """
    from groundswell.hub.upkeep import restore
    from groundswell.store.layout import DataFolder

    with ProgressBar() as progress:
        report = restore(
            backup,
            DataFolder(data),
            lambda folder: opened_restored(folder, database_url),
            snapshot=snapshot,
            deep=deep,
            progress=progress,
        )
    return print_report(report, as_json=as_json)
