"""Who last changed each line of a file."""

from __future__ import annotations

from groundswell.core.errors import BadRequest, TooLarge, Unavailable
from groundswell.core.policy import Action
from groundswell.http.pages.door import Answer, Asked
from groundswell.http.pages.repositories import crumbs_of, find, head_of, place, shows
from groundswell.http.pages.revisions import picker_of
from groundswell.http.pages.views import BlameLine, BlamePage, BlameStretch, CommitLine, RepoHead
from groundswell.http.rendering import renderer
from groundswell.http.routing import Route
from groundswell.hub.content import Stretch
from groundswell.hub.repos import Repository

LINES_MAX = 5_000


def _blame(asked: Asked) -> Answer:
    repository = find(asked, Action.READ)
    head = head_of(asked, repository)
    revision, path = asked.parameters["rev"], asked.parameters["path"]
    commit = asked.hub.content.resolve_revision(repository, revision)
    stretches, reason = _stretches(asked, repository, head, commit, path)
    return BlamePage(
        repo=head,
        revision=revision,
        path=path,
        picker=picker_of(asked, repository, head, revision, "blame", path),
        crumbs=crumbs_of(head, revision, path, "blob"),
        file_url=place(head, "blob", revision, path),
        history_url=place(head, "commits", revision, path),
        stretches=stretches,
        reason=reason,
    )


def _stretches(
    asked: Asked, repository: Repository, head: RepoHead, commit: str, path: str
) -> tuple[tuple[BlameStretch, ...] | None, str]:
    """What is shown, or a word about why nothing is."""
    try:
        found = asked.hub.blaming.of(repository, commit, path)
    except (BadRequest, TooLarge, Unavailable) as error:
        return (), error.message
    if found is None:
        return None, ""
    if not found:
        return (), "This file is empty."
    total = sum(len(each.lines) for each in found)
    if total > LINES_MAX:
        return (), f"Only files of at most {LINES_MAX:,} lines are shown like this."
    text = "\n".join(line for each in found for line in each.lines)
    html = renderer().highlight(path.rpartition("/")[2], text, f"{commit}:{path}")
    return tuple(_stretch(head, each, html) for each in found), ""


def _stretch(head: RepoHead, found: Stretch, html: list[str]) -> BlameStretch:
    numbers = range(found.first_line, found.first_line + len(found.lines))
    line = CommitLine(
        found.commit,
        f"{head.url}/commit/{found.commit}",
        found.title or "(no message)",
        found.author,
        found.time,
    )
    lines = tuple(BlameLine(number, html[number - 1]) for number in numbers)
    return BlameStretch(line, lines)


def routes() -> list[Route]:
    """Addresses of this part."""
    return shows("/blame/{rev}/{path*}", _blame, "blame")
