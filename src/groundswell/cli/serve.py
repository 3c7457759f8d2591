"""`swell serve`: run a hub on a data folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.hub.accounts import NewAccount
    from groundswell.hub.upkeep import Premises
    from groundswell.settings import Settings
    from groundswell.wiring import Hub


@click.command("serve")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the hub. [data]")
@click.option("--host", help="Address to listen on. [127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on; 0 picks a free one. [8000]")
@click.option("--public-url", help="Address that people use, behind a proxy.")
@click.option("--server", type=click.Choice(["granian", "uvicorn"]), help="HTTP server.")
@click.option("--log-format", type=click.Choice(["json", "text"]), help="Form of log records.")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="The least severe records that are written.",
)
@click.option("--quiet", is_flag=True, help="Do not log each request.")
def command(*, quiet: bool, **flags: object) -> None:
    """Run a hub: every setting is in docs/reference/settings.md."""
    from groundswell import settings as configuration
    from groundswell.core.errors import BadRequest
    from groundswell.http.logs import configure_logs

    try:
        settings = configuration.load({**flags, "log_requests": False if quiet else None})
    except configuration.SettingsFault as fault:
        raise BadRequest(str(fault)) from fault
    configure_logs(settings.log_format, settings.log_level)
    _serve(settings)


def _serve(settings: Settings) -> None:
    from groundswell import wiring
    from groundswell.http import pages, server
    from groundswell.http.allocation import share_heaps
    from groundswell.http.app import build_app
    from groundswell.http.threads import start_threads, stop_threads
    from groundswell.hub.upkeep import Premises
    from groundswell.hub.webhooks import NAME, project
    from groundswell.jobs import (
        Schedule,
        Sender,
        building_chores,
        chores_of,
        cooling_chores,
        mail_chores,
        notice_chores,
        projection_chores,
        queue_chores,
        scrub_chores,
    )
    from groundswell.store.layout import DataFolder

    share_heaps()
    listener = server.listen(settings.host, settings.port)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = settings.public_url or f"http://{host}:{listener.getsockname()[1]}"
    hub = wiring.build(settings, serves=True)
    premises = Premises(hub.database, hub.store, hub.git, DataFolder(settings.data), hub.clock)
    chores = chores_of(
        premises,
        hub.repos,
        hub.blobs,
        hub.commits,
        _collecting(premises, hub, settings),
    )
    chores += queue_chores(hub.merge_queue)
    chores += cooling_chores(premises, hub.blobs, settings.cold_after_days)
    scrubs = scrub_chores(premises, settings.scrub_bytes_per_second)
    following = projection_chores(hub.projections, {NAME: project(hub.clock)})
    notices = notice_chores(hub.projecting)
    builds = building_chores(None if hub.packs is None else hub.packs.builds)
    leads = hub.git.workers.leads
    running: list[Schedule | Sender] = [
        Schedule(each, leads=leads)
        for each in (chores, scrubs, following, notices, builds, mail_chores(hub.sending))
    ]
    running.append(Sender(hub.deliveries, address, leads))
    try:
        first = hub.accounts.ensure_first_admin()
        start_threads(settings.threads, settings.reader_threads)
        app = build_app(hub, [each for each in running if isinstance(each, Schedule)])
        for each in running:
            each.start()
        server.run(app, listener, settings, lambda: _announce(address, first))
    finally:
        for each in running:
            each.stop()
        stop_threads()
        pages.close()
        hub.close()


def _collecting(premises: Premises, hub: Hub, settings: Settings) -> Callable[[], int]:
    from groundswell.http.metrics import note_collection
    from groundswell.hub.upkeep.collecting import Collector, Unlinking

    unlinking = Unlinking(premises)
    collector = Collector(premises, settings.grace_seconds, hub.blobs.forget)

    def collect() -> int:
        unlinking.run()
        tally = collector.run()
        note_collection(tally.waiting, tally.removed)
        return sum(count for count, _ in tally.removed.values())

    return collect


def _announce(address: str, first: NewAccount | None) -> None:
    click.echo(f"Groundswell answers at {address}")
    if first is not None:
        click.echo("")
        click.echo(f"First start: user {first.account.name}, password {first.password}")
        click.echo(f"             token {first.token}")
        click.echo("These are shown once. To publish a model:")
        click.echo("")
        click.echo(f"  export HF_ENDPOINT={address}")
        click.echo(f"  hf auth login --token {first.token}")
        click.echo(f"  hf upload {first.account.name}/my-model ./folder")
    import sys

    sys.stdout.flush()
