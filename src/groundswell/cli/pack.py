"""``swell pack``: knowledge packs, made from what people have."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from groundswell.cli._asking import need_ask
from groundswell.cli._folder import data_option
from groundswell.cli._output import json_option
from groundswell.cli._upkeep import ProgressBar, opened_hub
from groundswell.core.errors import BadRequest
from groundswell.core.values import Principal, RepoId, RepoKind, Visibility

if TYPE_CHECKING:
    from groundswell.ask.making import Made
    from groundswell.ask.packs.building import Options
    from groundswell.ask.packs.sources import Source
    from groundswell.wiring import Hub

TOLD_MAX: Final = 10


@click.group("pack")
def command() -> None:
    """Make knowledge packs: what `swell ask` answers from."""


@command.command("build")
@click.argument("sources", metavar="SOURCE…", nargs=-1, required=True)
@click.option(
    "-o", "--output", required=True, metavar="REPO|FOLDER",
    help="A dataset of the hub (namespace/name), or a folder (./name).",
)  # fmt: skip
@click.option("--title", default="", help="What people call it.")
@click.option("--language", default="en", show_default=True, help="Of most of it, as BCP 47.")
@click.option("--license", "licence", default="", help="SPDX id of the sources' licence.")
@click.option("--attribution", default="", help="What the licence wants to be said.")
@click.option("--processes", default=0, help="How many work at once. 0: as many as cores.")
@click.option("--public", is_flag=True, help="Let everybody read the dataset if it is made now.")
@click.option("--as", "account", default="", metavar="USER", help="Whose commit it is.")
@json_option
@data_option
def build(*, sources: tuple[str, ...], output: str, data: Path, as_json: bool, **said: Any) -> None:  # noqa: ANN401
    """Build a pack from folders, ZIM archives and documents.

    Read are Markdown, HTML, text, PDF, EPUB, office files, JSON lines and CSV. The same sources
    give the same files on any machine with the same release. Building it again costs only what
    changed; what was interrupted goes on where it was. A hub may be running.
    """
    need_ask()
    from groundswell.ask.packs.building import Options
    from groundswell.ask.packs.sources import open_source
    from groundswell.store.layout import DataFolder

    opened = [open_source(text) for text in sources]
    options = Options(
        said["title"], said["language"], said["licence"], said["attribution"], said["processes"]
    )
    if _is_folder(output):
        made = _make(opened, Path(output), options)
        _print(made, {"folder": output}, as_json=as_json)
        return
    with opened_hub(data) as hub:
        assert hub.packs is not None, "what it needs is installed"
        repo_id = RepoId.parse(RepoKind.DATASET, output.removeprefix("datasets/"))
        visibility = Visibility.PUBLIC if said["public"] else Visibility.PRIVATE
        principal = _principal(hub, said["account"] or repo_id.namespace)
        folder = DataFolder(hub.settings.data).packs / f"{repo_id.namespace}--{repo_id.name}"
        made = _make(opened, folder, options)
        with _progress("files") as progress:
            commit = hub.packs.publishing.publish(principal, repo_id, folder, visibility, progress)
    _print(made, {"repository": f"datasets/{repo_id.full_name}", "commit": commit}, as_json=as_json)


def _is_folder(output: str) -> bool:
    return output.startswith((".", "/", "~")) or "/" not in output


def _principal(hub: Hub, name: str) -> Principal:
    """The account in whose name the operator of this machine writes."""
    from groundswell.hub.accounts import AccountKind

    account = hub.accounts.find_account(name)
    if account.kind is not AccountKind.USER:
        raise BadRequest(f"{name} is no user: say whose commit it is with --as USER.")
    return hub.accounts.refresh(account.id, None, None)


def _make(sources: list[Source], folder: Path, options: Options) -> Made:
    from groundswell.ask.making import make_pack

    with _progress("documents") as progress:
        return make_pack(sources, folder.expanduser(), options, progress)


@contextlib.contextmanager
def _progress(what: str) -> Iterator[Any]:
    with ProgressBar() as bar:
        done = 0

        def tell(now: int, total: int) -> None:
            nonlocal done
            if not done:
                bar.begin(what, total)
            bar.advance(now - done)
            done = now

        yield tell


def _print(made: Made, where: dict[str, str], *, as_json: bool) -> None:
    report = made.report
    counts = report.counts
    if as_json:
        told = {
            **where,
            "articles": counts.articles,
            "passages": counts.passages,
            "shards": report.shards,
            "built": report.built,
            "size_bytes": report.size_bytes,
            "unreadable": [[each.path, each.why] for each in report.unreadable],
            "measured": made.figures,
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    (place,) = list(where.values())[:1]
    held = f"{counts.articles:,} articles, {counts.passages:,} passages"
    size = f"{report.size_bytes / 1e6:,.1f} MB"
    click.echo(f"{place}: {held}, {size}; {report.built} of {report.shards} parts built")
    for each in report.unreadable[:TOLD_MAX]:
        click.secho(f"  left out: {each.path}: {each.why}", err=True)
    if report.unreadable_count > TOLD_MAX:
        click.secho(f"  and {report.unreadable_count - TOLD_MAX} more", err=True)
    if made.figures:
        click.echo(
            f"On {made.figures['questions']:.0f} questions made from it: the right article first "
            f"{made.figures['article_first']:.0%}, the right sentence "
            f"{made.figures['sentence_right']:.0%}"
        )
