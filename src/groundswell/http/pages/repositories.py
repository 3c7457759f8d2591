"""What every page of a repository begins with: the lookup, the head, and rows of lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from groundswell.ask.runtime import may_run
from groundswell.core.errors import InvalidName, RepoNotFound
from groundswell.core.policy import Action, may
from groundswell.core.values import HISTORY_KINDS, Gate, RepoId, RepoKind
from groundswell.http.pages.door import FORM_BODY_MAX_BYTES, Asked, Work, show, take
from groundswell.http.pages.views import Crumb, RepoHead, RepoRow, Tag
from groundswell.http.pages.wording import segment
from groundswell.http.routing import Route
from groundswell.hub.repos import Repository

PATTERNS: Final = ("/{ns}/{name}", "/{kind:datasets|spaces|kernels}/{ns}/{name}")
_KINDS: Final = {kind.plural: kind for kind in HISTORY_KINDS}


def repo_id_of(asked: Asked) -> RepoId:
    """The repository that the address names.

    Raises:
        RepoNotFound: a name that no repository can have.
    """
    kind = _KINDS.get(asked.parameters.get("kind", ""), RepoKind.MODEL)
    try:
        return RepoId.parse(kind, f"{asked.parameters['ns']}/{asked.parameters['name']}")
    except InvalidName as error:
        raise RepoNotFound from error


def find(asked: Asked, action: Action) -> Repository:
    """The repository of the address, when who asks may do that to it; errors as ``Repos.find``."""
    return asked.hub.repos.find(asked.principal, repo_id_of(asked), action)


def head_of(asked: Asked, repository: Repository) -> RepoHead:
    """What stands above the tabs."""
    principal = asked.principal

    def allows(action: Action) -> bool:
        return not principal.is_anonymous and may(principal, action, repository.subject).allowed

    repo_id = repository.repo_id
    kinship = asked.hub.forks.kinship(principal, repository)
    return RepoHead(
        kind=repo_id.kind.value,
        namespace=repo_id.namespace,
        name=repo_id.name,
        url=f"/{repo_id.url_path}",
        is_private=repository.is_private,
        gate=repository.gate.value,
        is_disabled=repository.disabled,
        likes=repository.likes,
        may_write=allows(Action.WRITE),
        may_contribute=allows(Action.CONTRIBUTE),
        may_administer=allows(Action.ADMINISTER),
        discussions=0,
        waiting=asked.hub.access.count_pending(principal, repository),
        upstream=None if kinship.upstream is None else tag_of(kinship.upstream),
        forks=kinship.fork_count,
        watch=_level(asked, repository),
        runs=_runs(asked, repository),
    )


def _runs(asked: Asked, repository: Repository) -> bool:
    """Whether it holds a model that may run here."""
    return may_run(repository) and asked.hub.settings.run_by != "nobody"


def _level(asked: Asked, repository: Repository) -> str:
    if asked.principal.is_anonymous:
        return ""
    return asked.hub.watching.level_of(asked.principal, repository).value


def tag_of(repository: Repository) -> Tag:
    """A repository's name, and where it leads to."""
    return Tag(repository.full_name, f"/{repository.repo_id.url_path}")


def card_word(repository: Repository, key: str) -> str | None:
    """A short text from the card's front matter."""
    value = (repository.card or {}).get(key)
    if isinstance(value, list) and value:
        value = value[0]
    return value[:100] if isinstance(value, str) and value else None


def row_of(repository: Repository) -> RepoRow:
    """A repository in a list."""
    return RepoRow(
        kind=repository.kind.value,
        name=repository.full_name,
        url=f"/{repository.repo_id.url_path}",
        modified_at=repository.modified_at,
        downloads=repository.downloads,
        likes=repository.likes,
        used_bytes=repository.used_bytes,
        is_private=repository.is_private,
        is_gated=repository.gate is not Gate.OPEN,
        pipeline_tag=repository.pipeline_tag,
        library_name=repository.library_name,
        license=card_word(repository, "license"),
        parameter_count=repository.parameter_count,
        description=(repository.description or "")[:300],
    )


def rows_of(repositories: Iterable[Repository]) -> tuple[RepoRow, ...]:
    """Repositories in a list."""
    return tuple(row_of(repository) for repository in repositories)


def place(head: RepoHead, door: str, revision: str, path: str = "") -> str:
    """Address of a path at a revision: ``/ns/name/tree/main/folder``."""
    base = f"{head.url}/{door}/{segment(revision)}"
    return f"{base}/{quote(path)}" if path else base


def crumbs_of(
    head: RepoHead, revision: str, path: str, last_door: str = "tree"
) -> tuple[Crumb, ...]:
    """The way from the top of the repository to a path."""
    found = [Crumb(head.name, place(head, "tree", revision))]
    parts = path.split("/") if path else []
    for depth, part in enumerate(parts, start=1):
        door = last_door if depth == len(parts) else "tree"
        found.append(Crumb(part, place(head, door, revision, "/".join(parts[:depth]))))
    return tuple(found)


def shows(tail: str, work: Work, name: str) -> list[Route]:
    """Routes of a repository's page, for every kind of repository."""
    return [show(f"{pattern}{tail}", work, name) for pattern in PATTERNS]


def takes(
    tail: str, work: Work, name: str, *, body_max_bytes: int = FORM_BODY_MAX_BYTES
) -> list[Route]:
    """Routes of a repository's form, for every kind of repository."""
    return [
        take(f"{pattern}{tail}", work, name, body_max_bytes=body_max_bytes) for pattern in PATTERNS
    ]
