"""``swell migrate-store``: content and rows to other stores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell.cli._folder import data_option
from groundswell.cli._upkeep import ProgressBar
from groundswell.core.errors import BadRequest, NotFound, Unavailable

if TYPE_CHECKING:
    from groundswell.settings import Settings


@click.command("migrate-store")
@click.option(
    "--to",
    "target_file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A swell.toml that names the new stores.",
)
@click.option(
    "--objects-only", is_flag=True, help="Copy content alone; the hub may go on working meanwhile."
)
@data_option
def command(*, target_file: Path, objects_only: bool, data: Path) -> None:
    """Copy a hub's content and rows to the stores that another swell.toml names, and compare them.

    The hub has to be stopped, but for --objects-only; a run that was broken off goes on where it
    was. Nothing is removed, and the hub goes on using the old stores until the file is put in
    place.
    """
    from groundswell import settings as configuration
    from groundswell import wiring
    from groundswell.hub.upkeep.moving import move_objects, move_rows
    from groundswell.store.database import Database

    for path, what in ((data, "data folder"), (target_file, "file")):
        if not path.exists():
            msg = f"There is no {what} at {path}."
            raise NotFound(msg)
    try:
        old = configuration.load({"data": data})
        new = configuration.load({"data": data}, file=target_file)
    except configuration.SettingsFault as fault:
        raise BadRequest(str(fault)) from fault
    stores = [(each.storage_url, each.storage_endpoint) for each in (old, new)]
    if stores[0] == stores[1] and old.database == new.database:
        msg = f"{target_file} names the same stores. Are they set in the environment?"
        raise BadRequest(msg)
    with ProgressBar() as progress:
        hub = wiring.build(old, serves=False)
        try:
            with hub.git.workers.beginning() as is_alone:
                if not (is_alone or objects_only):
                    msg = "The hub is at work: stop it, or copy its content first (--objects-only)."
                    raise Unavailable(msg)
                if stores[0] != stores[1]:
                    target = wiring.open_store(new, hub.identity, serves=True)
                    copied, total = move_objects(hub.store, target, progress)
                    target.close()
                    click.echo(f"{copied} objects copied and read back; all {total} are there.")
                if old.database != new.database and not objects_only:
                    with Database.open(new.database) as database:
                        with_cold = stores[0] == stores[1]
                        rows = move_rows(hub.database, database, progress, with_cold=with_cold)
                    click.echo(f"{rows} rows copied and compared.")
                if not objects_only:
                    _match(new, progress)
        finally:
            hub.close()
    if not objects_only:
        click.echo(f"Put {target_file} in the place of {data / configuration.FILE_NAME} and start.")


def _match(new: Settings, progress: ProgressBar) -> None:
    """A xorb may lie in another form where it was moved to: its rows are to say so."""
    from groundswell import wiring
    from groundswell.hub.upkeep import Premises, match_xorbs
    from groundswell.store.layout import DataFolder

    hub = wiring.build(new)
    try:
        folder = DataFolder(new.data)
        premises = Premises(hub.database, hub.store, hub.git, folder, hub.clock)
        match_xorbs(premises, progress=progress)
    finally:
        hub.close()
