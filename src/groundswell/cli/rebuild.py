"""``swell rebuild``: what is made from the record of events, made anew."""

from __future__ import annotations

from pathlib import Path

import click

from groundswell.cli._folder import data_option
from groundswell.cli._output import json_option, print_rows
from groundswell.cli._upkeep import ProgressBar, opened_hub


@click.group("rebuild")
def command() -> None:
    """Make anew what is made from the record of events. See also `swell fsck --rebuild`."""


@command.command("inboxes")
@json_option
@data_option
def inboxes(data: Path, *, as_json: bool) -> None:
    """Make every inbox anew from events and from what people chose. The hub may be running.

    What somebody read or put away stays so, unless something newer concerns them. Nobody is sent
    anything. May be stopped, and begun again.
    """
    from groundswell.hub.notifications import count_threads, rebuild

    with opened_hub(data) as hub, ProgressBar() as progress:
        threads = count_threads(hub.database)
        progress.begin("threads", threads)
        rows = rebuild(hub.database, progress.advance)
    print_rows([{"threads": threads, "notifications": rows}], as_json=as_json)
