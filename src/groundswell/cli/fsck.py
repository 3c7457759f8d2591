"""``swell fsck``: is everything there, and is it what its hash says?"""

from __future__ import annotations

from pathlib import Path

import click

from groundswell.cli._folder import data_option
from groundswell.cli._output import json_option
from groundswell.cli._upkeep import ProgressBar, opened_premises, print_report
from groundswell.core.errors import Corrupt


@click.command("fsck")
@click.option("--deep", is_flag=True, help="Read and hash every byte.")
@click.option(
    "--rebuild", "rebuilds", is_flag=True, help="Make the index again from git, xorbs and shards."
)
@click.option("--quarantine", is_flag=True, help="Move what is corrupt to DATA/quarantine/.")
@json_option
@data_option
def command(*, deep: bool, rebuilds: bool, quarantine: bool, as_json: bool, data: Path) -> int:
    """Check the data of a hub, which may be running. Ends with 8 when something is damaged.

    Nothing is changed unless --quarantine or --rebuild is given; --rebuild needs the hub stopped.
    """
    from groundswell.hub.upkeep import check, rebuild

    try:
        with opened_premises(data, alone=rebuilds) as premises, ProgressBar() as progress:
            if not rebuilds:
                report = check(premises, deep=deep, quarantine=quarantine, progress=progress)
            else:
                if quarantine:
                    check(premises, deep=deep, quarantine=True, progress=progress)
                report = rebuild(premises, deep=deep, progress=progress)
                report.join(check(premises, deep=deep, progress=progress))
    except Corrupt as error:
        if not rebuilds:
            raise
        msg = (
            f"{error.message} If it is the database, move groundswell.db, groundswell.db-wal and "
            f"groundswell.db-shm out of {data} and run this again, or restore a backup."
        )
        raise Corrupt(msg) from error
    return print_report(report, as_json=as_json)
