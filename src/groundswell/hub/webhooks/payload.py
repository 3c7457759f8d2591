"""What is said of an event, version 3: as the repository is now, to somebody who may see it.

Knows which facts belong to which event. Decides no rights: it is handed a repository that the
webhook's owner may see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.values import Visibility
from groundswell.hub.projections import Event
from groundswell.hub.repos import Repository
from groundswell.hub.webhooks import rows
from groundswell.hub.webhooks.scopes import SCOPES, TEST, Scope
from groundswell.store import tables
from groundswell.wire.hub_api.discussion import entry_id
from groundswell.wire.webhooks import VERSION

Json = dict[str, Any]

NOBODY_ID: Final = "0" * 24
_MAIN: Final = "refs/heads/main"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a payload is made from. ``base`` is the hub's address."""

    event: Event
    repository: Repository
    lives: bool
    webhook_id: str
    base: str

    @property
    def page(self) -> str:
        """The repository's page."""
        return f"{self.base}/{self.repository.repo_id.url_path}"

    @property
    def api(self) -> str:
        """The repository's address in the API."""
        kind = self.repository.kind.plural
        return f"{self.base}/api/{kind}/{self.repository.full_name}"


def payload(conn: sa.Connection, facts: Facts) -> Json | None:
    """The payload; None when what it would tell of is gone."""
    scope = SCOPES[facts.event.type]
    told: Json = {"event": _scope_json(scope), "repo": _repository_json(conn, facts)}
    event = facts.event
    if scope.scope == "repo.content":
        told["updatedRefs"] = [_reference_json(event.payload)]
    elif event.type == "repository.moved":
        told |= _moved_json(conn, facts, told["repo"])
    elif event.type == "repository.changed" and "visibility" in event.payload:
        is_private = event.payload["visibility"] == Visibility.PRIVATE.value
        told["updatedConfig"] = {"private": is_private}
    elif scope.scope.startswith("discussion"):
        talk = _discussion_json(conn, facts)
        if talk is None:
            return None
        told["discussion"] = talk
        comment = _comment_json(conn, facts, talk)
        if comment is not None:
            told["comment"] = comment
        elif scope.scope == "discussion.comment":
            return None
    told["webhook"] = {"id": facts.webhook_id, "version": VERSION}
    return told


def test_payload(webhook_id: str, owner: str, owner_id: str, base: str) -> Json:
    """A payload of the same form that tells of nothing."""
    name = f"{owner}/webhook-test"
    return {
        "event": _scope_json(TEST),
        "repo": {
            "type": "model",
            "name": name,
            "id": NOBODY_ID,
            "private": False,
            "url": {"web": f"{base}/{name}", "api": f"{base}/api/models/{name}"},
            "owner": {"id": owner_id},
            "tags": [],
        },
        "webhook": {"id": webhook_id, "version": VERSION},
    }


def _scope_json(scope: Scope) -> Json:
    return {"action": scope.action, "scope": scope.scope}


def _repository_json(conn: sa.Connection, facts: Facts) -> Json:
    repository = facts.repository
    told: Json = {
        "type": repository.kind.value,
        "name": repository.full_name,
        "id": repository.public_id,
        "private": repository.is_private,
        "url": {"web": facts.page, "api": facts.api},
        "owner": {"id": _public_id(conn, repository.owner_id)},
        "tags": list(repository.tags),
    }
    if repository.head_commit is not None:
        # The one is what clients read, the other what the documents of the Hub call it.
        told["head_sha"] = told["headSha"] = repository.head_commit
    return told


def _reference_json(moved: Mapping[str, Any]) -> Json:
    return {"ref": moved.get("ref"), "oldSha": moved.get("old"), "newSha": moved.get("new")}


def _moved_json(conn: sa.Connection, facts: Facts, repository: Json) -> Json:
    """The repository under its old name, and where it went."""
    old, new = str(facts.event.payload["from"]), str(facts.event.payload["to"])
    former, owner = (rows.account_of_name(conn, name.partition("/")[0]) for name in (old, new))
    return {
        "repo": {**repository, "name": old, "owner": {"id": _public_id(conn, former)}},
        "movedTo": {"name": new, "owner": {"id": _public_id(conn, owner)}},
    }


def _discussion_json(conn: sa.Connection, facts: Facts) -> Json | None:
    table, accounts = tables.discussions, tables.accounts
    query = (
        sa.select(table, accounts.c.public_id.label("author"))
        .join_from(table, accounts, table.c.author_id == accounts.c.id, isouter=True)
        .where(
            table.c.repository_id == facts.repository.id,
            table.c.number == facts.event.discussion_number,
        )
    )
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        return None
    number = row["number"]
    told: Json = {
        "id": f"{row['id']:024x}",
        "num": number,
        "title": row["title"],
        "status": row["status"],
        "isPullRequest": row["is_pull_request"],
        "author": {"id": row["author"] or NOBODY_ID},
        "url": {
            "web": f"{facts.page}/discussions/{number}",
            "api": f"{facts.api}/discussions/{number}",
        },
        "pinned": row["is_pinned"],
    }
    if row["is_pull_request"]:
        merged = row["merge_commit"]
        told["changes"] = {"base": _MAIN, **({"mergeCommitId": merged} if merged else {})}
    return told


def _comment_json(conn: sa.Connection, facts: Facts, talk: Json) -> Json | None:
    event = facts.event
    id_ = event.payload.get("comment", event.id)
    table, accounts = tables.comments, tables.accounts
    query = (
        sa.select(table.c.text, table.c.hidden_at, accounts.c.public_id.label("author"))
        .join_from(table, accounts, table.c.author_id == accounts.c.id, isouter=True)
        .where(table.c.id == id_)
    )
    row = conn.execute(query).one_or_none()
    if row is None:
        return None
    told: Json = {
        "id": entry_id(id_),
        "author": {"id": row.author or NOBODY_ID},
        "hidden": row.hidden_at is not None,
        "url": {"web": f"{talk['url']['web']}#entry-{id_}"},
    }
    return told if row.hidden_at is not None else {**told, "content": row.text}


def _public_id(conn: sa.Connection, account_id: int | None) -> str:
    query = sa.select(tables.accounts.c.public_id).where(tables.accounts.c.id == account_id)
    found = conn.execute(query).scalar_one_or_none() if account_id is not None else None
    return str(found or NOBODY_ID)
