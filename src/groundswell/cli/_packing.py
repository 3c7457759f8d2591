"""What the verbs of packs share: where a pack goes to, what it is made of, and how far it is."""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from groundswell.cli._upkeep import ProgressBar
from groundswell.core.errors import BadRequest, RepoNotFound, Unavailable
from groundswell.core.policy import Action
from groundswell.core.values import Principal, RepoId, RepoKind, Visibility

if TYPE_CHECKING:
    from groundswell.ask.making import Made
    from groundswell.ask.packs.building import Options
    from groundswell.ask.packs.progress import Tally
    from groundswell.ask.packs.sources import Source
    from groundswell.hub.repos import Repository
    from groundswell.wiring import Hub

TOLD_MAX: Final = 10
_KINDS: Final = tuple(f"{kind.plural}/" for kind in RepoKind if kind.has_history)

F = TypeVar("F", bound=Callable[..., Any])


def pack_options(verb: F) -> F:
    """What the maker of a pack decides."""
    options = (
        click.option(
            "-o", "--output", required=True, metavar="REPO|FOLDER",
            help="A dataset of the hub (namespace/name), or a folder (./name).",
        ),
        click.option("--title", default="", help="What people call it."),
        click.option(
            "--language", default="en", show_default=True, help="Of most of it, as BCP 47."
        ),
        click.option("--license", "licence", default="", help="SPDX id of the sources' licence."),
        click.option("--attribution", default="", help="What the licence wants to be said."),
        click.option(
            "--vectors", default="", metavar="MODEL",
            help="Make vectors with a static embedding model: a folder, or models/NAMESPACE/NAME.",
        ),
        click.option(
            "--processes", default=0, help="How many work at once. 0: as many as cores."
        ),
        click.option(
            "--public", is_flag=True, help="Let everybody read the dataset if it is made now."
        ),
        click.option("--as", "account", default="", metavar="USER", help="Whose commit it is."),
    )  # fmt: skip
    for option in reversed(options):
        verb = option(verb)
    return verb


def options_of(said: dict[str, Any], model: Path | None = None) -> Options:
    """The same as the builder takes it; ``model`` is where the one of `--vectors` lies."""
    from groundswell.ask.packs.building import Options

    return Options(
        said["title"],
        said["language"],
        said["licence"],
        said["attribution"],
        said["processes"],
        model,
    )


def model_folder(text: str) -> Path | None:
    """The folder of a model that lies on this machine; None where no vectors are wanted, or the
    model is a repository of the hub.
    """
    return None if not text or is_model(text) else Path(text).expanduser()


def is_model(text: str) -> bool:
    """Whether a model is a repository of the hub, unless there is a folder of that name."""
    return text.removeprefix("hf://").startswith(f"{RepoKind.MODEL.plural}/") and not (
        Path(text).exists()
    )


@contextlib.contextmanager
def copied_model(hub: Hub, text: str, account: str) -> Iterator[Path | None]:
    """The model of `--vectors` as a folder, while the context is open."""
    if not is_model(text):
        yield model_folder(text)
        return
    assert hub.packs is not None, "what it needs is installed"
    with _work_folder(hub) as work:
        repository, revision = _found(hub, text, account)
        with counting("bytes") as tell:
            hub.packs.copying.copy_model(repository, revision, work / "model", tell)
        yield work / "model"


def _found(hub: Hub, text: str, account: str) -> tuple[Repository, str]:
    """A repository that is named with its kind, for whoever reads it, and the revision."""
    name, _, revision = text.removeprefix("hf://").partition("@")
    repo_id = RepoId.parse_path(name)
    principal = principal_of(hub, account or repo_id.namespace)
    return hub.repos.find(principal, repo_id, Action.READ), revision or "main"


@contextlib.contextmanager
def _work_folder(hub: Hub) -> Iterator[Path]:
    """A folder beside the hub's packs, while the context is open."""
    from groundswell.ask.retrieval import scratch
    from groundswell.store.layout import DataFolder

    folder = DataFolder(hub.settings.data).packs
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch.sweep(folder)
    held = scratch.Scratch(folder)
    try:
        yield held.folder
    finally:
        held.close()


def is_folder(output: str) -> bool:
    """Whether a pack goes to a folder of this machine."""
    return output.startswith((".", "/", "~")) or "/" not in output


def is_repository(text: str) -> bool:
    """Whether a source is a repository of the hub: `datasets/NAMESPACE/NAME`, unless there is a
    file or folder of that name.
    """
    name = text.removeprefix("hf://")
    return name.startswith(_KINDS) and not Path(text).exists()


class Target:
    """A dataset of the hub that a pack goes to."""

    def __init__(self, hub: Hub, output: str, said: dict[str, Any]) -> None:
        from groundswell.store.layout import DataFolder

        assert hub.packs is not None, "what it needs is installed"
        self._publishing = hub.packs.publishing
        self._repos = hub.repos
        self.repo_id = RepoId.parse(RepoKind.DATASET, output.removeprefix("datasets/"))
        self.visibility = Visibility.PUBLIC if said["public"] else Visibility.PRIVATE
        self.principal = principal_of(hub, said["account"] or self.repo_id.namespace)
        name = f"{self.repo_id.namespace}--{self.repo_id.name}"
        self.folder = DataFolder(hub.settings.data).packs / name

    def check(self, sources: Sequence[Repository]) -> None:
        """Refuse a pack that more people could read than its sources."""
        from groundswell.ask.reach import check_reach

        try:
            target = self._repos.find(self.principal, self.repo_id, Action.READ)
        except RepoNotFound:
            target = None
        for source in sources:
            check_reach(source, self.repo_id, target, self.visibility)

    def publish(self) -> str:
        """Commit what lies in the folder."""
        with counting("files") as tell:
            return self._publishing.publish(
                self.principal, self.repo_id, self.folder, self.visibility, tell
            )


def principal_of(hub: Hub, name: str) -> Principal:
    """The account in whose name the operator of this machine reads and writes."""
    from groundswell.hub.accounts import AccountKind

    account = hub.accounts.find_account(name)
    if account.kind is not AccountKind.USER:
        raise BadRequest(f"{name} is no user: say whose commit it is with --as USER.")
    return hub.accounts.refresh(account.id, None, None)


@contextlib.contextmanager
def copied(
    hub: Hub, texts: Sequence[str], account: str
) -> Iterator[tuple[list[Source], list[Repository]]]:
    """Repositories of the hub as sources, while the context is open; and the repositories."""
    assert hub.packs is not None, "what it needs is installed"
    sources, found = list[Any](), list[Any]()
    with _work_folder(hub) as work:
        for number, text in enumerate(texts):
            repository, revision = _found(hub, text, account)
            with counting("bytes") as tell:
                place = work / str(number)
                sources += hub.packs.copying.copy(repository, revision, place, None, tell)
            found.append(repository)
        yield sources, found


def make(sources: Sequence[Source], folder: Path, options: Options) -> Made:
    """Build into a folder, which nobody else builds into meanwhile."""
    from groundswell.ask.making import make_pack

    folder = folder.expanduser()
    with _alone(folder), counting("documents") as tell:

        def progress(tally: Tally) -> None:
            tell(tally.documents, tally.total)

        return make_pack(sources, folder, options, progress)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unavailable("Another process builds this pack at the moment.") from error
        yield


@contextlib.contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar for something that says (how much, of how much)."""
    with ProgressBar() as bar:
        done, total = 0, -1

        def tell(now: int, of: int) -> None:
            nonlocal done, total
            if of != total:
                bar.begin(what, of)
                done, total = 0, of
            bar.advance(now - done)
            done = now

        yield tell


def print_made(made: Made, where: dict[str, str], *, as_json: bool) -> None:
    """What came of building."""
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
