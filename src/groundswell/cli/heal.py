"""``swell heal``: bring back from a backup what is broken."""

from __future__ import annotations

from pathlib import Path

import click

from groundswell.cli._folder import data_option
from groundswell.cli._output import json_option
from groundswell.cli._upkeep import ProgressBar, opened_premises, print_report


@click.command("heal")
@click.option(
    "--from",
    "backup",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A backup of this hub.",
)
@json_option
@data_option
def command(*, backup: Path, as_json: bool, data: Path) -> int:
    """Heal what `swell faults` lists, from a backup. The hub may be running.

    Only what has the right hash is taken. Ends with 8 when something stays broken.
    """
    from groundswell.hub.upkeep import heal_from

    with opened_premises(data) as premises, ProgressBar() as progress:
        report = heal_from(premises, backup, progress)
    return print_report(report, as_json=as_json)
