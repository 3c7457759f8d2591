"""``swell pack``: knowledge packs, made from what people have."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groundswell.cli._asking import need_ask
from groundswell.cli._folder import data_option
from groundswell.cli._output import json_option
from groundswell.cli._packing import (
    Target,
    copied,
    copied_model,
    is_folder,
    is_model,
    is_repository,
    make,
    model_folder,
    options_of,
    pack_options,
    print_made,
)
from groundswell.cli._upkeep import opened_hub

if TYPE_CHECKING:
    from groundswell.hub.repos import Repository


@click.group("pack")
def command() -> None:
    """Make knowledge packs: what `swell ask` answers from."""


@command.command("build")
@click.argument("sources", metavar="SOURCE…", nargs=-1, required=True)
@pack_options
@json_option
@data_option
def build(*, sources: tuple[str, ...], output: str, data: Path, as_json: bool, **said: Any) -> None:  # noqa: ANN401
    """Build a pack from folders, ZIM archives, documents, and datasets of the hub
    (datasets/NAMESPACE/NAME, perhaps with @REVISION).

    Read are Markdown, HTML, text, PDF, EPUB, office files, JSON lines, CSV and Parquet. The same
    sources give the same files on any machine with the same release. Building it again costs only
    what changed; what was interrupted goes on where it was. A hub may be running.
    """
    need_ask()
    from groundswell.ask.packs.sources import open_source

    opened = [open_source(text) for text in sources if not is_repository(text)]
    of_hub = [text for text in sources if is_repository(text)]
    with ExitStack() as stack:
        target = None
        repositories: list[Repository] = []
        model = model_folder(said["vectors"])
        if of_hub or not is_folder(output) or is_model(said["vectors"]):
            hub = stack.enter_context(opened_hub(data))
            if not is_folder(output):
                target = Target(hub, output, said)
            account = said["account"] or (target.principal.name if target else "")
            more, repositories = stack.enter_context(copied(hub, of_hub, account))
            opened += more
            model = stack.enter_context(copied_model(hub, said["vectors"], account))
        if target is None:
            made = make(opened, Path(output), options_of(said, model))
            print_made(made, {"folder": output}, as_json=as_json)
            return
        target.check(repositories)
        made = make(opened, target.folder, options_of(said, model))
        commit = target.publish()
    where = {"repository": f"datasets/{target.repo_id.full_name}", "commit": commit}
    print_made(made, where, as_json=as_json)


@command.command("watch")
@click.argument("folders", metavar="FOLDER…", nargs=-1, required=True)
@pack_options
@click.option(
    "--quiet-seconds", default=2.0, show_default=True, type=click.FloatRange(0.1, 3_600),
    help="How long nothing may change before it is read.",
)  # fmt: skip
@data_option
def watch(
    *,
    folders: tuple[str, ...],
    output: str,
    data: Path,
    quiet_seconds: float,
    **said: Any,  # noqa: ANN401
) -> None:
    """Build a pack from folders and keep it up to date until Ctrl-C.

    A change is read when nothing has changed for a while, and published as one commit: new files
    come in, removed ones go out. When the hub's data is away it is tried again.
    """
    need_ask()
    from groundswell.cli._watching import watch as follow

    follow(folders, output, data, quiet_seconds, said)
