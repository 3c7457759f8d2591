"""``swell set``: questions with known answers, to compare models on."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from groundswell.cli._asking import need_ask
from groundswell.cli._folder import data_option
from groundswell.cli._packing import is_folder, principal_of
from groundswell.cli._upkeep import opened_hub
from groundswell.core.errors import BadRequest
from groundswell.core.values import Principal, RepoId, RepoKind, Visibility

if TYPE_CHECKING:
    from groundswell.ask.evaluation.keeping import Change
    from groundswell.ask.packs.opened import OpenPack
    from groundswell.wire.questions import Item, SetManifest

_RECEIPT_BYTES_MAX: Final = 1 << 20
_OUTPUT = click.option(
    "-o", "--output", required=True, metavar="REPO|FOLDER",
    help="A dataset of the hub (namespace/name), or a folder (./name).",
)  # fmt: skip
_PUBLIC = click.option(
    "--public", is_flag=True, help="Let everybody read the dataset if it is made now."
)
_AS = click.option("--as", "account", default="", metavar="USER", help="Whose commit it is.")
_TITLE = click.option("--title", default="", help="What people call it.")


@click.group("set")
def command() -> None:
    """Sets of questions with known answers: what `swell compare` asks."""


@command.command("make")
@click.option("--pack", required=True, metavar="REPO[@REV]|FOLDER", help="The knowledge pack.")
@_OUTPUT
@click.option("--questions", default=120, show_default=True, help="How many.")
@click.option("--seed", type=click.IntRange(0, (1 << 32) - 1), default=0, show_default=True,
              help="Another one gives other questions.")  # fmt: skip
@_TITLE
@_PUBLIC
@_AS
@data_option
def make(*, pack: str, output: str, data: Path, **said: Any) -> None:  # noqa: ANN401
    """Make questions from a knowledge pack.

    Values of tables, names by their descriptions, gaps in sentences, questions whose source is kept
    back so that nothing answers them, and facts with another number in them. Where there is a set
    already, those that were made before are replaced; what people asked stays. A hub may be
    running.
    """
    need_ask()
    from groundswell.ask.evaluation.keeping import made_anew
    from groundswell.ask.evaluation.sets import make_items
    from groundswell.wire.questions import SetManifest

    with _opened(pack, data) as opened:
        items = make_items(opened, said["questions"], said["seed"])
        known = opened.manifest
        language = known.languages[0] if known.languages else ""
        title = said["title"] or f"Questions about {known.title or opened.name}"
        manifest = SetManifest(title, language, (opened.address,), known.licence, said["seed"])
    if not items:
        raise BadRequest(f"No questions can be made from {pack}.")
    _put(output, data, manifest, made_anew(items), "Make questions from a pack", said)
    _told(output, items)


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_OUTPUT
@click.option("--language", default="", help="Of the questions, as BCP 47.")
@click.option("--pack", "packs", multiple=True, metavar="REPO@COMMIT",
              help="What they can be answered from. May be repeated.")  # fmt: skip
@_TITLE
@_PUBLIC
@_AS
@data_option
def import_(*, file: Path, output: str, data: Path, **said: Any) -> None:  # noqa: ANN401
    """Add the questions of a table: CSV, Excel, OpenDocument or lines of JSON.

    The first row names the columns: "question", and "answer" once or more; several answers in one
    cell stand apart by "|". A row without an answer is a question that nothing answers.
    """
    need_ask()
    from groundswell.ask.evaluation.importing import import_items
    from groundswell.ask.evaluation.keeping import added
    from groundswell.wire.questions import QUESTIONS_BYTES_MAX, SetManifest

    with file.open("rb") as source:
        items = import_items(file.name, source.read(QUESTIONS_BYTES_MAX + 1))
    manifest = SetManifest(said["title"] or file.stem, said["language"], said["packs"])
    _put(output, data, manifest, added(items), f"Add questions from {file.name}", said)
    _told(output, items)


@command.command("keep")
@click.argument("receipt", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_OUTPUT
@click.option("--answer", "answers", multiple=True,
              help="The right answer, instead of the one that was given.")  # fmt: skip
@_PUBLIC
@_AS
@data_option
def keep(
    *,
    receipt: Path,
    output: str,
    answers: tuple[str, ...],
    data: Path,
    **said: Any,  # noqa: ANN401
) -> None:
    """Make a test of a question that was asked: by the RECEIPT of its answer, from the page or from
    `swell ask --receipt`.

    What was quoted is the right answer, or that nothing answers, unless --answer says otherwise.
    """
    need_ask()
    from groundswell.ask.evaluation.keeping import kept_receipt

    with receipt.open("rb") as file:
        data_read = file.read(_RECEIPT_BYTES_MAX + 1)
    try:
        told = json.loads(data_read) if len(data_read) <= _RECEIPT_BYTES_MAX else None
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"{receipt} is no receipt: it is not JSON.") from error
    item, packs = kept_receipt(told, answers)
    put_kept(output, data, item, packs, said)


def put_kept(
    output: str, data: Path, item: Item, packs: tuple[str, ...], said: dict[str, Any]
) -> None:
    """Put one question that was asked into a set."""
    from groundswell.ask.evaluation.keeping import added
    from groundswell.wire.questions import SetManifest

    manifest = SetManifest("Questions that were asked", "", packs)
    _put(output, data, manifest, added([item]), "Keep a question that was asked", said)
    _told(output, [item])


def _put(
    output: str,
    data: Path,
    manifest: SetManifest,
    change: Change,
    summary: str,
    said: dict[str, Any],
) -> None:
    from groundswell.ask.evaluation.keeping import Sets, files_with
    from groundswell.ask.rewriting import Rewriting
    from groundswell.cli._contest import InFolder

    if is_folder(output):
        place = InFolder(Path(output).expanduser())
        place.write(files_with(place.find, manifest, change), summary)
        return
    with opened_hub(data) as hub:
        repo_id = RepoId.parse(RepoKind.DATASET, output.removeprefix("datasets/"))
        principal = principal_of(hub, said["account"] or repo_id.namespace)
        visibility = Visibility.PUBLIC if said["public"] else Visibility.PRIVATE
        sets = Sets(Rewriting(hub.repos, hub.content, hub.commits))
        sets.change(principal, repo_id, manifest, change, summary, visibility)


def _told(output: str, items: list[Item]) -> None:
    counts: dict[str, int] = {}
    for item in items:
        counts[item.kind.value] = counts.get(item.kind.value, 0) + 1
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    click.echo(f"{output}: {len(items)} question{'' if len(items) == 1 else 's'} ({kinds})")


@contextlib.contextmanager
def _opened(name: str, data: Path) -> Iterator[OpenPack]:
    """A pack of a folder, or of the hub in the data folder."""
    from groundswell.ask.making import open_folder

    if Path(name).is_dir():
        pack = open_folder(Path(name))
        try:
            yield pack
        finally:
            pack.close()
        return
    with opened_hub(data) as hub:
        assert hub.library is not None, "what it needs is installed"
        operator = Principal(account_id=0, name="operator", is_admin=True)
        with hub.library.opened(hub.library.find(operator, name)) as opened:
            yield opened
