"""The data of a dataset: which of its files are tables, and one of them by rows.

The card's ``configs`` say what belongs to which split; without them the names do.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

from groundswell.core.errors import EntryNotFound, RevisionNotFound
from groundswell.core.policy import Action
from groundswell.core.values import EntryKind
from groundswell.http.pages.content import Place, shown_content
from groundswell.http.pages.door import Answer, Asked, Redirect, with_query
from groundswell.http.pages.repositories import find, head_of, place, shows
from groundswell.http.pages.views import Content, ViewerPage
from groundswell.http.routing import Route
from groundswell.hub.repos import Repository
from groundswell.hub.viewing import format_of

ENTRIES_MAX: Final = 2_000
FILES_MAX: Final = 60
PATTERNS_MAX: Final = 50
PATTERN_LENGTH_MAX: Final = 200
_SPLITS: Final = ("train", "validation", "valid", "val", "dev", "test")

Json = dict[str, Any]


def _patterns(card: Json | None) -> Iterator[tuple[str, str]]:
    """Patterns of paths that the card names, each with what it calls them."""
    configs = (card or {}).get("configs")
    for config in configs[:PATTERNS_MAX] if isinstance(configs, list) else ():
        if not isinstance(config, dict):
            continue
        name = str(config.get("config_name", ""))[:60]
        files = config.get("data_files")
        for told in files[:PATTERNS_MAX] if isinstance(files, list) else [files]:
            split = str(told.get("split", ""))[:60] if isinstance(told, dict) else ""
            paths = told.get("path") if isinstance(told, dict) else told
            label = " · ".join(word for word in (name, split) if word and word != "default")
            for path in paths[:PATTERNS_MAX] if isinstance(paths, list) else [paths]:
                if isinstance(path, str) and len(path) <= PATTERN_LENGTH_MAX:
                    yield path, label


def _split_of(path: str) -> str:
    """The split that a path names by convention."""
    words = path.lower().replace("-", "/").replace("_", "/").replace(".", "/").split("/")
    return next((split for split in _SPLITS if split in words), "")


def data_files(card: Json | None, paths: list[str]) -> list[tuple[str, str]]:
    """The tables among the paths, each with its split or configuration; the first to show first."""
    patterns = list(_patterns(card))[: PATTERNS_MAX * 2]
    found: list[tuple[int, int, str, str]] = []
    for path in paths:
        if format_of(path) is None:
            continue
        named = next(
            (
                (number, label)
                for number, (pattern, label) in enumerate(patterns)
                if fnmatchcase(path, pattern)
            ),
            None,
        )
        split = _split_of(path)
        rank = _SPLITS.index(split) if split else len(_SPLITS)
        number, label = named if named is not None else (len(patterns), split)
        found.append((number, rank, path, label or split))
    return [(path, label) for _, _, path, label in sorted(found)]


def _paths(asked: Asked, repository: Repository) -> tuple[list[str], bool]:
    try:
        page = asked.hub.content.tree(repository, "main", recursive=True, limit=ENTRIES_MAX)
    except (RevisionNotFound, EntryNotFound):
        return [], False
    files = (item.entry for item in page.items if item.entry.kind is EntryKind.FILE)
    return [entry.path for entry in files], page.next_cursor is not None


def _viewer(asked: Asked) -> Answer:
    repository = find(asked, Action.READ)
    head = head_of(asked, repository)
    paths, more = _paths(asked, repository)
    files = data_files(repository.card, paths)
    wanted = asked.query.get("file", "")
    if wanted and all(path != wanted for path, _ in files):
        return Redirect(f"{head.url}/viewer")
    here = f"{head.url}/viewer"
    current = wanted or (files[0][0] if files else "")
    content: Content | None = None
    if current:
        located = asked.hub.content.locate(repository, "main", current)
        kept = (("file", current),)
        content = shown_content(Place(asked, repository, head, "main", located, here, kept)).content
    listed = [(path, label) for path, label in files[:FILES_MAX] if path != current]
    if current:
        listed.insert(0, (current, dict(files)[current]))
    return ViewerPage(
        repo=head,
        files=tuple(
            (f"{label}: {path}" if label else path, with_query(here, file=path), path == current)
            for path, label in sorted(listed, key=files.index)
        ),
        files_left_out=more or len(files) > FILES_MAX,
        file_name=current,
        file_url=place(head, "blob", "main", current) if current else "",
        content=content,
    )


def routes() -> list[Route]:
    """Addresses of this part."""
    return shows("/viewer", _viewer, "viewer")
