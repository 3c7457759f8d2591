"""The changes of a pull request with what is said about them, and the form at a line.

An address names a line as ``at=3n12``: the fourth file shown, new side, line 12; ``at=3`` is that
file. The form itself carries path, side, lines and commit, so what it says never depends on the
order of files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from groundswell.core.errors import NotFound
from groundswell.core.policy import Action
from groundswell.http.pages.discussions.reading import number_of, row_of
from groundswell.http.pages.discussions.threads import Cards, standing_of
from groundswell.http.pages.door import Answer, Asked, with_query
from groundswell.http.pages.history import changes_of, commit_line, diff_view
from groundswell.http.pages.repositories import find, head_of
from groundswell.http.pages.views import (
    DiffLine,
    FileChange,
    PlaceForm,
    ProposalPage,
    ReviewBar,
    ThreadCard,
)
from groundswell.hub.discussions import Status
from groundswell.hub.repos import Repository
from groundswell.hub.reviews import Half, Thread
from groundswell.hub.rules.values import MAIN

THREADS_SHOWN: Final = 200
_AT: Final = re.compile(r"([0-9]{1,3})(?:([on])([0-9]{1,9}))?", re.ASCII)
_LIVE: Final = {Status.DRAFT, Status.OPEN}
_SIDES: Final = {"o": "old", "n": "new"}


@dataclass(frozen=True, slots=True)
class Refused:
    """What was just refused, with what was typed. ``place`` is None for the review as a whole."""

    error: str
    text: str = ""
    decision: str = "comment"
    place: PlaceForm | None = None


def show_changes(asked: Asked) -> Answer:
    """What a pull request changes, against where it parted from main."""
    return changes_page(asked, find(asked, Action.READ), number_of(asked))


def changes_page(
    asked: Asked, repository: Repository, number: int, refused: Refused | None = None
) -> ProposalPage:
    """The page of the changes; ``refused`` is what did not go through."""
    head = head_of(asked, repository)
    request = asked.hub.discussions.get(repository, number)
    if not request.is_pull_request:
        raise NotFound
    found = asked.hub.merging.look(repository, request)
    diff = asked.hub.content.compare(repository, found.base, found.head)
    reading = asked.hub.reviews.reading
    threads = reading.threads(asked.principal, repository, request, limit=THREADS_SHOWN + 1)
    may_speak = head.may_contribute and (head.may_write or not request.is_locked)
    cards = Cards(asked, head, request, may_speak)
    changes, outdated = _with_threads(cards, changes_of(head, found.head, diff), threads)
    bar = None
    here = f"{head.url}/discussions/{number}/files"
    if may_speak:
        marked = tuple(_marked(each, place) for place, each in enumerate(changes))
        form = refused.place if refused else _asked_for(asked, here, found.head, marked)
        changes = _with_form(marked, form)
        bar = _bar(cards, threads, found.head, changes, refused)
        rules = asked.hub.rules.list(asked.principal, repository)
        asks = any(each.covers(MAIN) and each.terms.sign_off for each in rules)
        bar = replace(bar, asks_sign_off=asks)
    return ProposalPage(
        repo=head,
        row=row_of(head, request),
        commits=tuple(commit_line(head, each) for each in found.commits),
        changes=changes,
        changes_left_out=max(0, diff.file_count - len(changes)),
        diff=diff_view(asked, here),
        bar=bar,
        standing=standing_of(asked, repository, request),
        outdated=outdated,
        threads_left_out=max(0, len(threads) - THREADS_SHOWN),
        error=refused.error if refused is not None else "",
    )


# --- threads in the diff --------------------------------------------------------------------------


def _with_threads(
    cards: Cards, changes: Sequence[FileChange], threads: Sequence[Thread]
) -> tuple[tuple[FileChange, ...], tuple[ThreadCard, ...]]:
    """The same changes with their threads, and the threads that belong to none of them."""
    by_path: dict[str, list[Thread]] = {}
    nowhere = []
    paths = {each.path for each in changes}
    for each in threads[-THREADS_SHOWN:]:
        if each.present is None or each.present.path not in paths:
            nowhere.append(cards.thread(each, alone=True))
        else:
            by_path.setdefault(each.present.path, []).append(each)
    placed = (_in_file(cards, each, by_path.get(each.path, [])) for each in changes)
    return tuple(placed), tuple(nowhere)


def _in_file(cards: Cards, change: FileChange, threads: Sequence[Thread]) -> FileChange:
    if not threads:
        return change
    below: dict[tuple[str, int], list[ThreadCard]] = {}
    lines = change.lines or ()
    keys = {key for line in lines for key in _keys(line)}
    of_file = []
    for each in threads:
        assert each.present is not None
        key = (each.present.side.value, each.present.last_line or 0)
        if key in keys:
            below.setdefault(key, []).append(cards.thread(each, alone=False))
        else:
            of_file.append(cards.thread(each, alone=True))
    with_threads = tuple(
        replace(line, threads=tuple(card for key in _keys(line) for card in below.get(key, ())))
        if below
        else line
        for line in lines
    )
    shown = None if change.lines is None else with_threads
    return replace(change, lines=shown, threads=tuple(of_file))


def _keys(line: DiffLine) -> list[tuple[str, int]]:
    found = []
    if line.old_number is not None:
        found.append((Half.OLD.value, line.old_number))
    if line.new_number is not None:
        found.append((Half.NEW.value, line.new_number))
    return found


# --- the form at a line ---------------------------------------------------------------------------


def _marked(change: FileChange, place: int) -> FileChange:
    """The change with the names of its lines for addresses."""
    lines = None
    if change.lines is not None:
        lines = tuple(replace(each, mark=_mark(each, place)) for each in change.lines)
    return replace(change, mark=str(place), lines=lines)


def _mark(line: DiffLine, place: int) -> str:
    if line.new_number is not None:
        return f"{place}n{line.new_number}"
    return f"{place}o{line.old_number}" if line.old_number is not None else ""


def _with_form(changes: tuple[FileChange, ...], form: PlaceForm | None) -> tuple[FileChange, ...]:
    """The changes with a form at its place."""
    if form is None:
        return changes
    return tuple(_form_in(each, form) if each.path == form.path else each for each in changes)


def _asked_for(
    asked: Asked, here: str, commit: str, changes: Sequence[FileChange]
) -> PlaceForm | None:
    """The form at the place that the address names."""
    parts = _AT.fullmatch(asked.query.get("at", ""))
    if parts is None or int(parts[1]) >= len(changes):
        return None
    change = changes[int(parts[1])]
    if parts[2] is None:
        return PlaceForm(change.path, "new" if change.url else "old", None, None, commit)
    side, number = _SIDES[parts[2]], int(parts[3])
    line = next((each for each in change.lines or () if (side, number) in _keys(each)), None)
    if line is None:
        return None
    form = PlaceForm(change.path, side, number, number, commit)
    if side == "old":
        return form
    if asked.query.get("suggest"):
        fence = "~~~~" if "```" in line.text else "```"
        return replace(form, text=f"{fence}suggestion\n{line.text}\n{fence}\n")
    return replace(form, suggest_url=with_query(here, at=parts[0], suggest="1") + "#say")


def _form_in(change: FileChange, form: PlaceForm) -> FileChange:
    lines = change.lines or ()
    for place, line in enumerate(lines):
        if form.last_line is not None and (form.side, form.last_line) in _keys(line):
            at_line = replace(line, form=form)
            return replace(change, lines=(*lines[:place], at_line, *lines[place + 1 :]))
    return replace(change, form=form)


def _bar(
    cards: Cards,
    threads: Sequence[Thread],
    commit: str,
    changes: Sequence[FileChange],
    refused: Refused | None,
) -> ReviewBar:
    bar = ReviewBar(
        commit=commit,
        pending=sum(each.is_pending for thread in threads for each in thread.comments),
        may_decide=not cards.is_own and cards.request.status in _LIVE,
        suggestions=sum(each.may_apply for card in _shown(changes) for each in card.said),
    )
    if refused is None or refused.place is not None:
        return bar
    return replace(bar, text=refused.text, decision=refused.decision)


def _shown(changes: Sequence[FileChange]) -> Iterator[ThreadCard]:
    for change in changes:
        yield from change.threads
        for line in change.lines or ():
            yield from line.threads
