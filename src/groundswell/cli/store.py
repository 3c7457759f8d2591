"""``swell store``: how content lies on disk, what of it nothing needs, and what clients know."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from groundswell.cli._cooling import cool
from groundswell.cli._folder import data_option, named_repository
from groundswell.cli._output import json_option, moment, print_rows
from groundswell.cli._upkeep import opened_premises
from groundswell.core.errors import BadRequest, NotFound

_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_KINDS: Final = ("repository", "file", "shard", "xorb")


@click.group("store")
def command() -> None:
    """How content lies on disk; what of it nothing needs: collect, list, bring back."""


command.add_command(cool)


@command.command()
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@json_option
@data_option
def collect(*, dry_run: bool, as_json: bool, data: Path) -> None:
    """Mark what nothing needs, and remove what was marked for the whole grace.

    A running hub does this by itself every six hours; this may run beside it.
    """
    from groundswell.hub.upkeep.collecting import Collector

    with opened_premises(data) as premises:
        collector = Collector(premises, _grace_seconds(data))
        tally = collector.dry_run() if dry_run else collector.run()
    if as_json:
        click.echo(json.dumps({**tally.as_json(), "dry_run": dry_run}, indent=2))
        return
    click.echo(f"{'would mark' if dry_run else 'marked'}: {_figures(tally.marked)}")
    if dry_run:
        click.echo(f"would look at to remove: {_figures(tally.due)}")
    else:
        click.echo(f"removed: {_figures(tally.removed)}")
    click.echo(f"in the trash: {_figures(tally.waiting)}")
    if tally.held_back:
        click.echo(f"Nothing is removed now: {tally.held_back}.", err=True)


@command.command()
@click.option("--kind", "kinds", type=click.Choice(_KINDS), multiple=True, help="Only these.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000_000),
    default=1_000,
    show_default=True,
    help="At most so many lines.",
)
@json_option
@data_option
def trash(*, kinds: tuple[str, ...], limit: int, as_json: bool, data: Path) -> None:
    """List what is marked: since when, until when it stays, and where it was."""
    from itertools import islice

    from groundswell.hub.upkeep.collecting import listed

    with opened_premises(data) as premises:
        found = list(islice(listed(premises, _grace_seconds(data), kinds), limit + 1))
    rows: list[dict[str, object]] = [
        {
            "kind": each.kind,
            "key": each.key,
            "bytes": each.size_bytes,
            "since": moment(each.since),
            "until": moment(each.until),
            "places": list(each.places),
        }
        for each in found[:limit]
    ]
    print_rows(rows, as_json=as_json)
    if len(found) > limit:
        click.echo("There is more: --limit shows more of it, --kind less.", err=True)


@command.command()
@click.argument("what", nargs=-1, required=True, metavar="SHA256|[datasets/|spaces/]NAME...")
@data_option
def restore(*, what: tuple[str, ...], data: Path) -> None:
    """Bring back deleted repositories, by name, and large files, by sha256.

    A file is given back to the repositories that let it go; where history was rewritten, a commit
    may name it again without an upload. Ends with an error when one of them is gone for good.
    """
    from groundswell.hub.upkeep.collecting import bring_back, bring_back_file

    with opened_premises(data) as premises:
        for each in what:
            if _SHA256.fullmatch(each):
                count = bring_back_file(premises, each)
                click.echo(f"{each} is back in {count} repositories.")
            else:
                repo_id = named_repository(each)
                bring_back(premises, repo_id)
                click.echo(f"{repo_id.kind.value} {repo_id.full_name} is back.")


@command.command("new-epoch")
@data_option
def new_epoch(*, data: Path) -> None:
    """Let Xet clients forget what they know of this hub.

    For after xorbs were lost, or a copy of the data folder was put back by hand. `swell restore`
    and `swell fsck --rebuild` do this by themselves. Uploads under way begin again.
    """
    from groundswell.hub.upkeep.epochs import announce_epoch

    with opened_premises(data) as premises:
        click.echo(f"Epoch {announce_epoch(premises.database, premises.clock())} has begun.")


@command.command("new-identity")
@data_option
def new_identity(*, data: Path) -> None:
    """Let a data folder and the stores in its settings be one hub, whosever they were before.

    A hub's data folder, database and bucket say the same identity, and other combinations are
    refused. This gives all three a new one: for a copy that shall be a hub of its own, or parts
    that were put together on purpose. What else belonged to one of them is refused from its next
    start: stop it first.
    """
    from groundswell import settings as configuration
    from groundswell import wiring

    if not data.is_dir():
        msg = f"There is no data folder at {data}. Name it with --data."
        raise NotFound(msg)
    try:
        settings = configuration.load({"data": data})
    except configuration.SettingsFault as fault:
        raise BadRequest(str(fault)) from fault
    click.echo(f"This data folder and its stores are hub {wiring.renew_identity(settings)} now.")


def _grace_seconds(data: Path) -> int:
    from groundswell import settings as configuration

    try:
        return configuration.load({"data": data}).grace_seconds
    except configuration.SettingsFault as fault:
        raise BadRequest(str(fault)) from fault


def _figures(figures: Mapping[str, tuple[int, int]]) -> str:
    parts = [
        f"{count} {kind}{'' if count == 1 else 's'} ({size_bytes} bytes)"
        for kind, (count, size_bytes) in sorted(figures.items())
    ]
    return ", ".join(parts).replace("repositorys", "repositories") or "nothing"
