"""``swell fsck``: is everything there, and is it what its hash says?"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from groundswell.cli._folder import data_option
from groundswell.cli._output import json_option
from groundswell.cli._upkeep import ProgressBar, opened_premises, print_report
from groundswell.core.errors import BadRequest, Corrupt


@click.command("fsck")
@click.option("--full", is_flag=True, help="Leave nothing out that was found sound before.")
@click.option("--deep", is_flag=True, help="As --full, and read and hash every byte.")
@click.option("--resume", "resumes", is_flag=True, help="Go on with a --deep that was interrupted.")
@click.option(
    "--rebuild", "rebuilds", is_flag=True, help="Make the index again from git, xorbs and shards."
)
@click.option("--quarantine", is_flag=True, help="Move what is corrupt to DATA/quarantine/.")
@json_option
@data_option
def command(
    *,
    full: bool,
    deep: bool,
    resumes: bool,
    rebuilds: bool,
    quarantine: bool,
    as_json: bool,
    data: Path,
) -> int:
    """Check the data of a hub, which may be running. Ends with 8 when something is damaged.

    What was found sound before and cannot have changed since is not read again, so that a run
    which was stopped goes on where it was. Only notes of that are written unless --quarantine or
    --rebuild is given; --rebuild needs the hub stopped.
    """
    from groundswell.hub.upkeep import check, rebuild

    if resumes and (full or deep or rebuilds):
        raise BadRequest("--resume goes on with a check that began as --deep: it stands alone.")
    try:
        with (
            opened_premises(data, alone=rebuilds, rows="lost" if rebuilds else "kept") as premises,
            ProgressBar() as progress,
        ):
            look = partial(check, premises, deep=deep, progress=progress)
            if not rebuilds:
                changed = not (full or deep or resumes)
                report = look(only_changed=changed, resumes=resumes, quarantine=quarantine)
            else:
                if quarantine:
                    look(quarantine=True)
                report = rebuild(premises, deep=deep, progress=progress)
                report.join(look())
    except KeyboardInterrupt:
        again = " --resume" if deep or resumes else ""
        click.echo(f"What was checked is noted: `swell fsck{again}` goes on from here.", err=True)
        raise
    except Corrupt as error:
        if not rebuilds:
            raise
        msg = (
            f"{error.message} If it is the database, move groundswell.db, groundswell.db-wal and "
            f"groundswell.db-shm out of {data} and run this again, or restore a backup."
        )
        raise Corrupt(msg) from error
    return print_report(report, as_json=as_json)
