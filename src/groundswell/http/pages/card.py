"""The first page of a repository: its card, facts, and how to use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from groundswell.core.errors import EntryNotFound, Malformed, RevisionNotFound
from groundswell.core.policy import Action, may
from groundswell.core.values import BytesPlan, RepoKind, share_text, size_text
from groundswell.http.pages.collecting import collecting_of
from groundswell.http.pages.door import Answer, Asked, with_query
from groundswell.http.pages.forks import fork_state
from groundswell.http.pages.gate import gate_box
from groundswell.http.pages.likes import is_liked
from groundswell.http.pages.relations import lineage_box
from groundswell.http.pages.repositories import card_word, find, head_of, shows
from groundswell.http.pages.snippets import snippets_of
from groundswell.http.pages.views import CardPage, Fact, RepoHead, Tag
from groundswell.http.pages.wording import day, quantity
from groundswell.http.rendering import renderer
from groundswell.http.routing import Route
from groundswell.hub.notifications import About, ThreadKey
from groundswell.hub.repos import Repository
from groundswell.wire.cards import read_card
from groundswell.wire.corrections import TAG as CORRECTIONS_TAG
from groundswell.wire.markdown import LinkBase, Rendered
from groundswell.wire.packs import TAG as PACK_TAG
from groundswell.wire.questions import TAG as SET_TAG

README: Final = "README.md"
README_BYTES_MAX: Final = 1 << 20
HEADINGS_MAX: Final = 40
TAGS_MAX: Final = 40


def _readme(asked: Asked, repository: Repository) -> tuple[str, str] | None:
    """Text and object id of the README at the head of main; None without one."""
    try:
        raw = asked.hub.content.raw(repository, "main", README)
    except (EntryNotFound, RevisionNotFound):
        return None
    assert isinstance(raw.plan, BytesPlan), "raw text is at hand"
    if len(raw.plan.content) > README_BYTES_MAX:
        text = raw.plan.content[:README_BYTES_MAX].decode("utf-8", "ignore")
        return f"{text}\n\n…", raw.etag
    return raw.plan.content.decode("utf-8", "replace"), raw.etag


def _card(asked: Asked, repository: Repository, head: RepoHead) -> tuple[Rendered | None, str]:
    """The rendered card, and what is wrong with its front matter."""
    found = _readme(asked, repository)
    if found is None:
        return None, ""
    text, oid = found
    fault = ""
    try:
        body = read_card(text).body
    except Malformed as error:
        body, fault = text, error.message
    base = LinkBase(head.url, "main", "", asked.base_url)
    return renderer().markdown(body, base, oid), fault


def facts_of(repository: Repository, storage: Iterable[Fact] = ()) -> tuple[Fact, ...]:
    """What the row knows, as lines; ``storage`` comes after the size."""
    plural = repository.kind.plural
    found: list[Fact] = []
    if repository.parameter_count:
        short, exact = quantity(repository.parameter_count), f"{repository.parameter_count:,}"
        found.append(Fact("Parameters", short, note="" if exact == short else exact))
    architecture = repository.facts.get("gguf", {}).get("architecture")
    if isinstance(architecture, str):
        found.append(Fact("Architecture", architecture[:100]))
    if repository.used_bytes:  # of large files: beside them, small ones are not counted
        found.append(Fact("Size", size_text(repository.used_bytes)))
    found += storage
    license_id = card_word(repository, "license")
    if license_id:
        found.append(Fact("Licence", license_id, with_query(f"/{plural}", license=license_id)))
    if repository.library_name:
        url = with_query(f"/{plural}", library=repository.library_name)
        found.append(Fact("Library", repository.library_name, url))
    if repository.pipeline_tag:
        url = with_query(f"/{plural}", pipeline_tag=repository.pipeline_tag)
        found.append(Fact("Task", repository.pipeline_tag, url))
    if repository.sdk:
        found.append(Fact("SDK", repository.sdk))
    found.append(Fact("Downloads", f"{repository.downloads:,}"))
    found.append(Fact("Made", day(repository.created_at)))
    return tuple(found)


def _storage_facts(asked: Asked, repository: Repository) -> tuple[Fact, ...]:
    """What it takes to keep. How little it takes at rest hangs on what else is there: that is for
    those who may see all of that.
    """
    size = asked.hub.blobs.sizes.of_repository(repository.id)
    if size is None or size.linked_bytes == 0:
        return ()
    kept = [("Stored", size.stored_bytes)]
    if size.rest_bytes < size.stored_bytes and asked.reads_namespace(repository.owner_id):
        kept.append(("At rest", size.rest_bytes))
    return tuple(
        Fact(label, size_text(size_bytes), note=share_text(size_bytes, size.linked_bytes))
        for label, size_bytes in kept
    )


def _tags(repository: Repository) -> tuple[Tag, ...]:
    plural = repository.kind.plural
    return tuple(
        Tag(tag, with_query(f"/{plural}", filter=tag)) for tag in repository.tags[:TAGS_MAX]
    )


def _is_pack(asked: Asked, repository: Repository) -> bool:
    is_tagged = repository.kind is RepoKind.DATASET and PACK_TAG in repository.tags
    return is_tagged and asked.hub.library is not None


def _holds_documents(repository: Repository) -> bool:
    """Whether a pack can be made of it, as far as its kind and its tags tell."""
    own = {SET_TAG, CORRECTIONS_TAG}
    return repository.kind is RepoKind.DATASET and own.isdisjoint(repository.tags)


def _comparisons_url(asked: Asked, repository: Repository, head: RepoHead) -> str:
    # By its tag, as packs are told: the page of every dataset looks into no tree for this.
    if SET_TAG not in repository.tags or repository.kind is not RepoKind.DATASET:
        return ""
    if not may(asked.principal, Action.READ, repository.subject).allowed:
        return ""
    return f"{head.url}/comparisons" if asked.hub.comparisons.are_there(repository) else ""


def card_page(asked: Asked, repository: Repository, error: str = "") -> CardPage:
    """The page; ``error`` is about a request for access that was sent from it."""
    head = head_of(asked, repository)
    rendered, fault = _card(asked, repository, head)
    headings = rendered.headings[:HEADINGS_MAX] if rendered else ()
    is_empty = repository.head_commit is None or (
        rendered is None and repository.used_bytes == 0 and not repository.facts
    )
    return CardPage(
        repo=head,
        card_html=rendered.html if rendered else None,
        headings=tuple((each.level + 1, each.text, each.anchor) for each in headings),
        card_fault=fault,
        facts=facts_of(repository, _storage_facts(asked, repository)),
        tags=_tags(repository),
        snippets=snippets_of(repository, asked.base_url),
        is_empty=is_empty,
        gate=gate_box(asked, repository, error),
        is_liked=is_liked(asked, repository),
        collecting=collecting_of(asked, repository),
        fork=fork_state(asked, repository),
        lineage=lineage_box(asked, repository, head),
        is_pack=_is_pack(asked, repository),
        comparisons_url=_comparisons_url(asked, repository, head),
        may_build=head.may_write and not is_empty and _holds_documents(repository),
    )


def _show(asked: Asked) -> Answer:
    repository = find(asked, Action.SEE)
    if repository.access is not None:
        # Who asked sees here what was decided.
        asked.hub.inbox.seen(asked.principal, ThreadKey(About.ACCESS, repository.id))
    return card_page(asked, repository)


def routes() -> list[Route]:
    """Addresses of this part."""
    return shows("", _show, "card")
