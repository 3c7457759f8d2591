"""Which discussions a list shows: by state, people and labels, and by words in titles and texts.

Knows what people type into the box of a list. Words are looked for in titles, and in the newest
comments of the repository: so far that a search takes no longer however much was said.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest
from groundswell.core.values import fold_name, is_storable
from groundswell.hub.discussions.values import DiscussionQuery, Status
from groundswell.store import tables

WORDS_MAX: Final = 10
LABELS_ASKED_MAX: Final = 5
COMMENTS_SEARCHED_MAX: Final = 1_000
CHARACTERS_SEARCHED_MAX: Final = 1_000  # of each of them
TEXT_LENGTH_MAX: Final = 300

_table = tables.discussions
_comments = tables.comments
_accounts = tables.accounts
_PART: Final = re.compile(r'(?:([a-z]{2,10}):)?(?:"([^"]*)"|(\S+))')
_STATES: Final = {"open": True, "closed": False, "all": None}
_KINDS: Final = {"pr": True, "discussion": False}


def asked(text: str, query: DiscussionQuery) -> DiscussionQuery:
    """The query with what is typed in the box: ``is:open is:pr author:ada label:"good first"
    assignee:bob`` and words. What is typed goes before what was chosen.
    """
    words: list[str] = []
    labels = list(query.labels)
    for key, quoted, plain in _PART.findall(text[:TEXT_LENGTH_MAX]):
        value = quoted or plain
        if key == "is" and value in _STATES:
            query = replace(query, open=_STATES[value])
        elif key == "is" and value in _KINDS:
            query = replace(query, is_pull_request=_KINDS[value])
        elif key == "author" and value:
            query = replace(query, author=value.lstrip("@"))
        elif key == "assignee" and value:
            query = replace(query, assignee=value.lstrip("@"))
        elif key == "label" and value:
            labels.append(value)
        else:
            words.append(f"{key}:{value}" if key else value)
    words = [word for word in words if word]
    return replace(query, words=(*query.words, *words), labels=tuple(labels))


def conditions(repository_id: int, query: DiscussionQuery) -> list[sa.ColumnElement[bool]]:
    """What a row of ``rows.select`` must meet.

    Raises:
        BadRequest: what no discussion can have.
    """
    texts = [*query.words, *query.labels, query.author or "", query.assignee or ""]
    if not all(is_storable(text) for text in texts):
        raise BadRequest("No discussion holds such a word.")
    chosen = [_table.c.repository_id == repository_id]
    if query.is_pull_request is not None:
        chosen.append(_table.c.is_pull_request == query.is_pull_request)
    if query.open is not None:
        is_open = _table.c.status.in_([Status.DRAFT.value, Status.OPEN.value])
        chosen.append(is_open if query.open else ~is_open)
    if query.author is not None:
        chosen.append(_accounts.c.folded == fold_name(query.author))
    if query.assignee is not None:
        chosen.append(_assigned(query.assignee))
    chosen += [_labelled(repository_id, name) for name in query.labels[:LABELS_ASKED_MAX]]
    words = query.words[:WORDS_MAX]
    if words:
        recent = _recent(repository_id)
        chosen += [_says(recent, word) for word in words]
    return chosen


def _assigned(name: str) -> sa.ColumnElement[bool]:
    people, named = tables.discussion_assignees, _accounts.alias("assigned")
    query = sa.select(people.c.account_id).join(named, named.c.id == people.c.account_id)
    query = query.where(people.c.discussion_id == _table.c.id, named.c.folded == fold_name(name))
    return query.exists()


def _labelled(repository_id: int, name: str) -> sa.ColumnElement[bool]:
    given, labels = tables.discussion_labels, tables.labels
    query = sa.select(given.c.discussion_id).join(labels, labels.c.id == given.c.label_id)
    query = query.where(labels.c.repository_id == repository_id, labels.c.folded == name.lower())
    return _table.c.id.in_(query)


def _recent(repository_id: int) -> sa.CTE:
    """The newest comments of a repository, as far as they are searched."""
    talks = tables.discussions.alias("talks")
    text = sa.func.substr(_comments.c.text, 1, CHARACTERS_SEARCHED_MAX, type_=sa.Text)
    # Their ids first: only these few are sorted, and only of the newest is a text read.
    said = _comments.alias("said")
    newest = (
        sa.select(said.c.id)
        .join(talks, talks.c.id == said.c.discussion_id)
        .where(talks.c.repository_id == repository_id)
        .order_by(said.c.id.desc())
        .limit(COMMENTS_SEARCHED_MAX)
    )
    query = sa.select(_comments.c.discussion_id, text.label("text"))
    return query.where(_comments.c.id.in_(newest)).cte("recent")


def _says(recent: sa.CTE, word: str) -> sa.ColumnElement[bool]:
    said = sa.select(recent.c.discussion_id).where(recent.c.text.icontains(word, autoescape=True))
    return sa.or_(_table.c.title.icontains(word, autoescape=True), _table.c.id.in_(said))
