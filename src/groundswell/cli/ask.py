"""``swell ask``: a question, answered from packs."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from groundswell.cli._asking import need_ask
from groundswell.cli._folder import data_option
from groundswell.cli._upkeep import opened_hub
from groundswell.core.errors import BadRequest
from groundswell.core.values import Principal

if TYPE_CHECKING:
    from groundswell.ask.answering import Event, Quote, Writer
    from groundswell.ask.calibration import Calibration
    from groundswell.ask.retrieval.searching import Shelf


ABSTAINED: Final = 9  # no error of the registry: nothing went wrong


@click.command("ask")
@click.argument("question", required=False)
@click.option(
    "--pack", "names", multiple=True, metavar="REPO[@REV]|FOLDER",
    help="Where to look; may be repeated. All packs of the hub without it.",
)  # fmt: skip
@click.option(
    "--about", default="", help="What the question before was about: for 'how high is it?'"
)
@click.option("--risk", default=0.05, show_default=True,
              help="The share of questions for which a wrong sentence may be shown.")  # fmt: skip
@click.option("--model", metavar="REPO[@REV][:FILE]",
              help="Let this model of the hub write an answer from what was found.")  # fmt: skip
@click.option("--longer", is_flag=True, help="Let it go on.")
@click.option("--receipt", type=click.Path(dir_okay=False), help="Write the receipt here.")
@click.option("--verify", type=click.Path(exists=True, dir_okay=False),
              help="Look whether the quotes of this receipt stand in the packs.")  # fmt: skip
@click.option("--keep", default="", metavar="REPO|FOLDER",
              help="Keep the question in this set, as a test of `swell compare`.")  # fmt: skip
@click.option("--answer", "answers", multiple=True,
              help="With --keep: the right answer, instead of the one that was given.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print events as lines of JSON.")
@data_option
def command(question: str | None, data: Path, **said: Any) -> int:  # noqa: ANN401
    """Answer QUESTION with a sentence that stands in a knowledge pack, and where it stands.

    Ends with 9 when the packs do not say it. No language model is needed; one that --model names
    writes after what was quoted.
    """
    need_ask()
    if said["verify"]:
        return _verify(Path(said["verify"]), said["names"], data)
    if not question:
        raise BadRequest('Ask something: swell ask "What is a kernel?"')
    from groundswell.ask.answering import Asking, answer

    asking = Asking(question, said["about"], said["risk"])
    with ExitStack() as stack:
        shelf, calibrations = stack.enter_context(_shelf(said["names"], data))
        writer = None
        if said["model"]:
            writer = stack.enter_context(_writer(said["model"], data, longer=said["longer"]))
        events = stack.enter_context(
            contextlib.closing(answer(shelf, calibrations, asking, writer))
        )
        receipt = _printed(events, as_json=said["as_json"])
    if said["receipt"]:
        Path(said["receipt"]).write_text(json.dumps(receipt, ensure_ascii=False, indent=1), "utf-8")
    if said["keep"]:
        _keep(receipt, said["keep"], said["answers"], data)
    return ABSTAINED if receipt["abstained"] else 0


@contextlib.contextmanager
def _shelf(names: Sequence[str], data: Path) -> Iterator[tuple[Shelf, list[Calibration]]]:
    """Packs of folders, or of the hub in the data folder."""
    from groundswell.ask.making import calibration_of, open_folder
    from groundswell.ask.retrieval.searching import Shelf

    folders = [name for name in names if Path(name).is_dir()]
    with ExitStack() as stack:
        if folders and len(folders) == len(names):
            packs = [open_folder(Path(name)) for name in folders]
            for pack in packs:
                stack.callback(pack.close)
            shelf = Shelf(packs)
            stack.callback(shelf.close)
            yield shelf, [calibration_of(Path(name)) for name in folders]
            return
        if folders:
            raise BadRequest("Ask packs of folders and packs of the hub one after the other.")
        hub = stack.enter_context(opened_hub(data))
        assert hub.library is not None, "what it needs is installed"
        operator = Principal(account_id=0, name="operator", is_admin=True)
        refs = hub.library.find_all(operator, names)
        yield stack.enter_context(hub.library.shelf(refs))


@contextlib.contextmanager
def _writer(name: str, data: Path, *, longer: bool) -> Iterator[Writer]:
    """A model of the hub in the data folder, that writes."""
    from groundswell.ask.replies import writer_of

    with opened_hub(data) as hub:
        operator = Principal(account_id=0, name="operator", is_admin=True)
        yield writer_of(hub.runtime, hub.runtime.models.find(operator, name), longer=longer)


def _keep(receipt: dict[str, Any], output: str, answers: Sequence[str], data: Path) -> None:
    """Make a test of a question that was asked."""
    from groundswell.ask.evaluation.keeping import kept_question
    from groundswell.cli.set import keep

    shown = receipt["extract"]
    quoted, text = (shown[0]["citation"], shown[0]["text"]) if shown else (None, "")
    item = kept_question(receipt["asked"], answers, quoted, text)
    keep(output, data, item, tuple(receipt["packs"]))


def _printed(events: Iterable[Event], *, as_json: bool) -> dict[str, Any]:
    """Print events as they come; the receipt."""
    from groundswell.ask.answering import Done, as_json_event

    receipt: dict[str, Any] = {}
    for event in events:
        if isinstance(event, Done):
            receipt = event.receipt
        if as_json:
            click.echo(json.dumps(as_json_event(event), ensure_ascii=False))
        else:
            _print(event)
    return receipt


def _print(event: Event) -> None:
    from groundswell.ask.answering import (
        Abstain,
        Conflict,
        Done,
        Extract,
        Sentence,
        Unfinished,
        told,
    )

    if isinstance(event, Extract):
        click.echo(f"“{event.quote.text}”")
        _cite(event.quote)
    elif isinstance(event, Conflict):
        click.echo("The packs do not agree:")
        for side in event.sides:
            click.echo(f"  {', '.join(side.said)}: “{side.quote.text}”")
            _cite(side.quote, "  ")
    elif isinstance(event, Sentence):
        click.echo(f"{event.text} [{', '.join(event.cites)}; {event.grounding.support.value}]")
    elif isinstance(event, Unfinished):
        click.echo(f"The model did not come to its end: {event.why}", err=True)
    elif isinstance(event, Abstain):
        click.echo(event.why)
        for quote in event.nearest:
            click.echo(f"\n  “{quote.text}”")
            _cite(quote, "  ")
    elif isinstance(event, Done) and event.sentences:
        click.secho(told(event.sentences), err=True, dim=True)


def _cite(quote: Quote, indent: str = "") -> None:
    where = " / ".join(dict.fromkeys((quote.title, *quote.headings)))
    click.secho(f"{indent}  {where}", dim=True)
    click.secho(f"{indent}  {quote.citation.address}", dim=True)


def _verify(path: Path, names: Sequence[str], data: Path) -> int:
    """Look each quote of a receipt up again."""
    from groundswell.ask.receipts import check_receipt

    try:
        receipt = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"{path} is no receipt: it is not JSON.") from error
    with _articles(names, data) as article:
        checked = check_receipt(receipt, article)
    for each in checked:
        click.echo(f"{'stands' if each.holds else 'DOES NOT STAND'}  {each.address}")
        if each.why:
            click.echo(f"  {each.why}")
    return 0 if checked and all(each.holds for each in checked) else 8


@contextlib.contextmanager
def _articles(names: Sequence[str], data: Path) -> Iterator[Any]:
    """A function that gives the text of an article of a pack at a revision."""
    from groundswell.ask.making import open_folder

    with ExitStack() as stack:
        folders = [open_folder(Path(name)) for name in names if Path(name).is_dir()]
        for pack in folders:
            stack.callback(pack.close)
        known = {pack.revision: pack for pack in folders}
        hub = None if known else stack.enter_context(opened_hub(data))
        operator = Principal(account_id=0, name="operator", is_admin=True)

        def text(pack: str, revision: str, article: str) -> str:
            if revision in known:
                return known[revision].article(article).text
            if hub is None or hub.library is None:
                raise BadRequest("No folder that was named holds this revision.")
            found = hub.library.find(operator, f"{pack}@{revision}")
            with hub.library.opened(found) as opened:
                return opened.article(article).text

        yield text
