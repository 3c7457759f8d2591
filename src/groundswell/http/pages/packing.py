"""A knowledge pack made in the browser: a dataset to be filled from a folder, a pack of a dataset's
files, and how far it is.

Knows the words. What is built, and by whom it may be, is `ask.builds`'. Whole without scripts:
whoever looks again sees more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groundswell.core.errors import (
    AccountNotFound,
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    NotServed,
    RevisionNotFound,
    TooManyRequests,
)
from groundswell.core.policy import Action
from groundswell.core.values import EntryKind, RepoId, RepoKind, Visibility, size_text
from groundswell.http.pages.door import Answer, Asked, Redirect, show, take
from groundswell.http.pages.making import owners_of
from groundswell.http.pages.repositories import find, head_of
from groundswell.http.pages.views import BuildBox, NewPackPage, PackPage, RepoHead
from groundswell.http.pages.wording import plural, quantity
from groundswell.http.routing import Route
from groundswell.hub.repos import Repository
from groundswell.wire import packs

if TYPE_CHECKING:
    from groundswell.ask.builds import Build, Builds, Order

LOOKED_AT_MAX: Final = 1_000
LEFT_OUT_SHOWN: Final = 20
TITLE_CHARACTERS_MAX: Final = 200
# Languages whose words the index can bring to a stem, and those without spaces between words.
LANGUAGES: Final = (
    *(("en", "English"), ("ar", "Arabic"), ("zh", "Chinese"), ("da", "Danish"), ("nl", "Dutch")),
    *(("fi", "Finnish"), ("fr", "French"), ("de", "German"), ("el", "Greek")),
    *(("hu", "Hungarian"), ("it", "Italian"), ("ja", "Japanese"), ("ko", "Korean")),
    *(("no", "Norwegian"), ("pt", "Portuguese"), ("ro", "Romanian"), ("ru", "Russian")),
    *(("es", "Spanish"), ("sv", "Swedish"), ("ta", "Tamil"), ("th", "Thai"), ("tr", "Turkish")),
    ("und", "another one"),
)
_PATTERN: Final = "/{kind:datasets}/{ns}/{name}/pack"
_STAGES: Final = {
    "waiting": "Waits for its turn",
    "copying": "Fetching the files",
    "building": "Reading the documents",
    "publishing": "Putting the pack into the dataset",
    "done": "The pack is ready",
    "failed": "No pack was made",
    "cancelled": "Taken back",
}


# --- a dataset for a folder -------------------------------------------------------------------


def _new_page(asked: Asked, error: str = "") -> NewPackPage:
    principal = asked.signed_in()
    told = {**asked.query, **asked.fields}
    owners = owners_of(asked, principal)
    owner = told.get("owner", "")
    return NewPackPage(
        owners=owners,
        owner=owner if owner in owners else principal.name,
        name=told.get("name", "notes")[:200],
        is_public=told.get("visibility") == Visibility.PUBLIC,
        is_installed=asked.hub.packs is not None,
        error=error,
    )


def _new(asked: Asked) -> Answer:
    return _new_page(asked)


def _make(asked: Asked) -> Answer:
    principal = asked.signed_in()
    fields = asked.fields
    try:
        name = f"{fields.get('owner', '')}/{fields.get('name', '').strip()}"
        is_public = fields.get("visibility") == Visibility.PUBLIC
        visibility = Visibility.PUBLIC if is_public else Visibility.PRIVATE
        repo_id = RepoId.parse(RepoKind.DATASET, name)
        made = asked.hub.repos.create(principal, repo_id, visibility)
    except (BadRequest, Conflict, Forbidden, AccountNotFound) as error:
        return _new_page(asked, error.message)
    return Redirect(f"/{made.repo_id.url_path}/upload/main?then=pack")


# --- a pack of a dataset ----------------------------------------------------------------------


def _builds(asked: Asked) -> Builds:
    if asked.hub.packs is None:
        raise NotServed("Knowledge packs need the extra: pip install 'groundswell[ask]'")
    return asked.hub.packs.builds


def _page(asked: Asked, repository: Repository, error: str = "") -> PackPage:
    head = head_of(asked, repository)
    fields = asked.fields
    page_url = f"{head.url}/pack"
    if asked.hub.packs is None:
        return PackPage(head, page_url, is_installed=False)
    build = asked.hub.packs.builds.state(repository)
    order = None if build is None else build.order
    documents, is_all = _documents(asked, repository)
    return PackPage(
        repo=head,
        page_url=page_url,
        build=None if build is None else _box(asked, head, build),
        title=fields.get("title", order.title if order else ""),
        language=fields.get("language", order.language if order else "en"),
        languages=LANGUAGES,
        licence=fields.get("licence", order.licence if order else ""),
        into=fields.get("into", order.target if order else ""),
        documents=f"{plural(documents, 'document')}{'' if is_all else ' or more'}",
        has_documents=documents > 0 or not is_all,
        error=error,
        code=400 if error else 200,
    )


def _documents(asked: Asked, repository: Repository) -> tuple[int, bool]:
    """How many of the first files are documents, and whether that is all of them."""
    from groundswell.ask.packs.sources import is_source_file  # noqa: PLC0415 - with the extra

    try:
        page = asked.hub.content.tree(repository, "main", recursive=True, limit=LOOKED_AT_MAX)
    except (RevisionNotFound, NotFound):
        return 0, True
    files = [each.entry.path for each in page.items if each.entry.kind is EntryKind.FILE]
    # What a pack brought along is no document.
    made = ("README.md", "text/", "index/", "eval/") if packs.NAME in files else ("README.md",)
    count = sum(
        (is_source_file(path) or path.lower().endswith(".zim")) and not path.startswith(made)
        for path in files
    )
    return count, page.next_cursor is None


def _box(asked: Asked, head: RepoHead, build: Build) -> BuildBox:
    stage = build.stage.value
    before = _builds(asked).before(build) if stage == "waiting" else 0
    share = min(build.done / build.total, 1.0) if build.total and not build.stage.is_end else None
    return BuildBox(
        stage=stage,
        words=_STAGES[stage],
        is_under_way=not build.stage.is_end,
        share=share,
        figures=_figures(asked, build, before),
        why=build.why,
        asked_at=build.asked_at,
        ended_at=build.ended_at or None,
        left_out=build.left_out[:LEFT_OUT_SHOWN],
        left_out_more=build.left_out_count - len(build.left_out[:LEFT_OUT_SHOWN]),
        target=_target(asked, build),
        is_here=build.target == head.full_name,
    )


def _figures(asked: Asked, build: Build, before: int) -> str:
    """What can be said of it in a line."""
    stage = build.stage.value
    if stage == "waiting":
        return f"{plural(before, 'pack')} before it" if before else "It begins in a moment"
    if stage == "copying" and build.total:
        return f"{size_text(build.done)} of {size_text(build.total)}"
    if stage == "building" and build.total:
        words = [f"{build.done:,} of {build.total:,} documents"]
        words += [f"{quantity(build.articles)} articles", size_text(build.size_bytes)]
        words.append(_left(asked, build))
        if build.done >= build.total:
            words.append("questions are made to measure it")
        return ", ".join(word for word in words if word)
    if stage == "publishing" and build.total:
        return f"{build.done} of {plural(build.total, 'file')}"
    if stage == "done":
        return f"{plural(build.articles, 'article')}, {plural(build.passages, 'passage')}"
    return ""


def _left(asked: Asked, build: Build) -> str:
    """About how long it takes yet, as far as it can be told."""
    took_seconds = (asked.hub.clock() - build.stage_at) / 1_000_000
    if not 0 < build.done < build.total or took_seconds < 3:
        return ""
    seconds = took_seconds * (build.total - build.done) / build.done
    return f"about {seconds:.0f} s left" if seconds < 100 else f"about {seconds / 60:.0f} min left"


def _target(asked: Asked, build: Build) -> str:
    """The dataset that it stands in, for who may know of it."""
    if not build.target:
        return ""
    try:
        target_id = RepoId.parse(RepoKind.DATASET, build.target)
        return asked.hub.repos.find(asked.principal, target_id, Action.READ).full_name
    except (NotFound, Forbidden):
        return ""


def _show(asked: Asked) -> Answer:
    asked.signed_in()
    return _page(asked, find(asked, Action.WRITE))


def _act(asked: Asked) -> Answer:
    principal = asked.signed_in()
    repository = find(asked, Action.WRITE)
    builds = _builds(asked)
    if asked.fields.get("do") == "cancel":
        builds.cancel(repository)
    else:
        try:
            builds.ask(principal, repository, _order(asked))
        except (BadRequest, Conflict, Forbidden, TooManyRequests) as error:
            return _page(asked, repository, error.message)
    return Redirect(f"/{repository.repo_id.url_path}/pack")


def _order(asked: Asked) -> Order:
    from groundswell.ask.builds import Order  # noqa: PLC0415 - with the extra

    fields = asked.fields
    language = fields.get("language", "en")
    if language not in dict(LANGUAGES):
        raise BadRequest("Choose one of the languages.")
    title = " ".join(fields.get("title", "").split())[:TITLE_CHARACTERS_MAX]
    licence = " ".join(fields.get("licence", "").split())[:TITLE_CHARACTERS_MAX]
    return Order(title, language, licence, fields.get("into", "").strip().removeprefix("datasets/"))


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        show("/packs/new", _new, "new pack"),
        take("/packs/new", _make, "new pack"),
        show(_PATTERN, _show, "pack"),
        take(_PATTERN, _act, "pack"),
    ]
