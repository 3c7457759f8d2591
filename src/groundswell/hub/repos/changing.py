"""Changing repositories as a whole: settings, another name, and the end.

Each change looks at the repository and decides again inside its own transaction, so a right that
was lost a moment ago changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Forbidden
from groundswell.core.policy import Action, is_open_to_all, may
from groundswell.core.values import Gate, Principal, RepoId, Visibility, check_name
from groundswell.hub import facts
from groundswell.hub.blobs import public
from groundswell.hub.blobs.losing import drop_links, lose_links
from groundswell.hub.events import record
from groundswell.hub.repos import finding, lineage, names
from groundswell.hub.repos.identities import note_identity
from groundswell.hub.repos.lookup import Lookup
from groundswell.hub.repos.making import check_may_create
from groundswell.hub.repos.rows import Repository
from groundswell.store import tables

HELD_BY_RULES: Final = (
    "This repository has rules: only admins of its namespace delete it, move it, or change who"
    " sees it."
)

_table = tables.repositories


class Changing(Lookup):
    """Changes repositories. See ``Repos``."""

    def delete(self, principal: Principal, repo_id: RepoId) -> None:
        """Delete: the name becomes a tombstone, links go, then the folder is set aside.

        Nobody reaches any of it from then on. For a grace the hub's admin can bring back the
        folder and what was linked; then the collector removes them. When the process dies in
        between, ``finish_deletions`` sets the folder aside. What lay where in a bucket is gone.

        Raises:
            Forbidden: it has rules, and the principal is no admin of its namespace.
        """
        repository = self.find(principal, repo_id, Action.ADMINISTER)
        now = self._clock()

        def work(conn: sa.Connection) -> None:
            present = finding.decide_again(conn, principal, repository.id, Action.ADMINISTER)
            _decide_under_rules(conn, principal, present)
            empty_row(conn, repository.id, now)
            names.retire(conn, repository.id, finding.DELETED)
            payload = {"kind": present.kind.value, "name": present.full_name}
            record(conn, now, "repository.deleted", principal.account_id, repository.id, payload)

        self._database.write(work)
        if repository.kind.has_history:
            self._git.aside.put(repository.id)

    def finish_deletions(self) -> int:
        """Set folders of deleted repositories aside that a crash left. How many there were."""
        query = sa.select(_table.c.id).where(_table.c.deleted_at.is_not(None))
        numbers = self._database.read(lambda conn: conn.execute(query).scalars().all())
        left = [number for number in numbers if self._git.exists(number)]
        for number in left:
            self._git.aside.put(number)
        return len(left)

    def move(self, principal: Principal, source_id: RepoId, target_id: RepoId) -> Repository:
        """Give the repository another name, namespace, or both. Old names redirect for good.

        Raises:
            BadRequest: the kinds differ.
            NameTaken: as ``create``; a repository may always have its own old names back.
            AccountNotFound, Unauthenticated, Forbidden: the mover may not create at the target; or
                it has rules, and the mover is no admin of the namespace it leaves.
            QuotaExceeded: the target has no room for what the repository holds.
        """
        if source_id.kind is not target_id.kind:
            msg = "A move does not change the kind of a repository."
            raise BadRequest(msg)
        check_name(target_id.name, "repository name")
        repository = self.find(principal, source_id, Action.ADMINISTER)
        now = self._clock()

        def work(conn: sa.Connection) -> Repository:
            present = finding.decide_again(conn, principal, repository.id, Action.ADMINISTER)
            _decide_under_rules(conn, principal, present)
            owner = names.owner_of(conn, target_id.namespace)
            if owner.id != present.owner_id:
                check_may_create(principal, owner)
                self._quotas.check_arrival(conn, owner.id, repository.id, principal.account_id)
            names.check_free(conn, principal, target_id, owner.id, repository.id)
            names.retire(conn, repository.id, finding.MOVED)
            spelled = replace(target_id, namespace=owner.name)
            names.claim(conn, spelled, repository.id)
            conn.execute(
                sa.update(_table)
                .where(_table.c.id == repository.id)
                .values(
                    owner_id=owner.id,
                    namespace=spelled.namespace,
                    name=spelled.name,
                    modified_at=now,
                )
            )
            payload = {
                "kind": spelled.kind.value,
                "from": present.full_name,
                "to": spelled.full_name,
            }
            record(conn, now, "repository.moved", principal.account_id, repository.id, payload)
            return replace(
                present,
                repo_id=spelled,
                owner_id=owner.id,
                modified_at=now,
            )

        changed = self._database.write(work)
        note_identity(self._database, self._git, repository.id)
        return changed

    def update_settings(
        self,
        principal: Principal,
        repo_id: RepoId,
        *,
        visibility: Visibility | None = None,
        gate: Gate | None = None,
        disabled: bool | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Repository:
        """Change what is not None. Only the hub's admins close or reopen (``disabled``).

        ``settings`` are merged key by key, bounded like every JSON of a row; None removes a key.

        Raises:
            Forbidden: a fork would be more open than what it came from; or who sees a repository
                with rules is changed by somebody who is no admin of its namespace.
        """
        repository = self.find(principal, repo_id, Action.ADMINISTER)
        if disabled is not None and not principal.is_admin:
            raise Forbidden
        now = self._clock()

        def work(conn: sa.Connection) -> Repository:
            present = finding.decide_again(conn, principal, repository.id, Action.ADMINISTER)
            changes: dict[str, Any] = {}
            if visibility is not None and visibility is not present.visibility:
                changes["visibility"] = visibility.value
            if gate is not None and gate is not present.gate:
                changes["gate"] = gate.value
            if changes:
                _decide_under_rules(conn, principal, present)
                shown = visibility or present.visibility, gate or present.gate
                lineage.check_bounds(conn, principal, present, *shown)
            if disabled is not None and disabled != present.disabled:
                changes["disabled"] = disabled
            merged = present.settings | facts.bounded(dict(settings or {}))
            merged = {key: value for key, value in merged.items() if value is not None}
            if merged != present.settings:
                changes["settings"] = merged
            if changes:
                conn.execute(
                    sa.update(_table)
                    .where(_table.c.id == repository.id)
                    .values(**changes, modified_at=now)
                )
                told = {key: value for key, value in changes.items() if key != "settings"}
                record(conn, now, "repository.changed", principal.account_id, repository.id, told)
            changed = finding.load_for(conn, principal, repository.id)
            assert changed is not None
            if not is_open_to_all(changed.subject):
                public.withdraw(conn, tables.links.c.repository_id == repository.id)
            return changed

        changed = self._database.write(work)
        note_identity(self._database, self._git, repository.id)
        return changed


def has_rules(conn: sa.Connection, repository_id: int) -> bool:
    """Whether rules hold those who may only write to the repository."""
    query = sa.select(tables.rules.c.id).where(tables.rules.c.repository_id == repository_id)
    return conn.execute(query.limit(1)).first() is not None


def _decide_under_rules(conn: sa.Connection, principal: Principal, present: Repository) -> None:
    """Whoever rules hold does not get rid of them: by an end, another namespace, out of sight.

    Raises:
        Forbidden: there are rules, and the principal may not set them.
    """
    if may(principal, Action.GOVERN, present.subject).allowed:
        return
    if has_rules(conn, present.id):
        raise Forbidden(HELD_BY_RULES)


def empty_row(conn: sa.Connection, repository_id: int, now: int) -> None:
    """Turn the row into a tombstone: number, owner and name stay, everything else goes.

    Links are kept aside, in case the repository is brought back; a bucket cannot be.
    """
    bucket = sa.select(tables.buckets).where(tables.buckets.c.repository_id == repository_id)
    held = tables.links.c.repository_id == repository_id
    if conn.execute(bucket).first() is None:
        lose_links(conn, held, now)
    else:
        drop_links(conn, held)
    # Swept within a day, as nothing names them any more.
    attached = sa.update(tables.attachments).where(
        tables.attachments.c.repository_id == repository_id
    )
    conn.execute(attached.values(repository_id=None))
    for table in (
        tables.repository_tags,
        tables.access_requests,
        tables.claims,
        tables.token_grants,
        tables.multipart_uploads,
        tables.discussions,
        tables.labels,
        tables.likes,
        tables.daily_downloads,
        tables.collection_items,
        tables.buckets,
        tables.bucket_files,
        tables.bucket_changes,
    ):
        conn.execute(sa.delete(table).where(table.c.repository_id == repository_id))
    conn.execute(
        sa.update(_table)
        .where(_table.c.id == repository_id)
        .values(
            deleted_at=now,
            head_commit=None,
            card=None,
            description=None,
            library_name=None,
            pipeline_tag=None,
            sdk=None,
            facts=None,
            parameter_count=None,
            used_bytes=0,
            likes=0,
            trending=0,
            settings=None,
        )
    )
