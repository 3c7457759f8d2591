"""What follows a moved ref: links, the event, the row, the index; and making good after a crash.

The order is objects, note, barrier, ref, barrier, rows. Whatever happens in between, either the ref
has not moved, or its note is still there and the rows are written at the next start.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import sqlalchemy as sa

from groundswell.core.errors import GroundswellError, Unavailable
from groundswell.core.values import Arrival
from groundswell.hub.blobs import Blobs
from groundswell.hub.commits.rights import pull_request_number
from groundswell.hub.commits.values import RefChange
from groundswell.hub.discussions.rows import note_merged
from groundswell.hub.events import record
from groundswell.hub.repos.indexing import Reading
from groundswell.hub.repos.lineage import note_synced
from groundswell.store import tables
from groundswell.store.database import Database, Prepared
from groundswell.store.git import GitStore

LOG: Final = logging.getLogger("groundswell.commits")
MAIN: Final = "refs/heads/main"
COMMITS_TOLD_MAX: Final = 50
TITLE_TOLD_MAX: Final = 200
_RECENT_EVENTS: Final = 200

_rows = tables.repositories
_TOUCH: Final = Prepared(
    sa.update(_rows)
    .where(_rows.c.id == sa.bindparam("number"))
    .values(modified_at=sa.bindparam("now"))
)


class Indexer(Protocol):
    """Reads a repository's head into its row; ``hub.repos`` does."""

    def index(self, repository_id: int) -> None:
        """Read card, tags, facts and sizes at the head of main again."""
        ...

    def reading(self, repository_id: int) -> Reading | None:
        """The same in two halves: what it gives is written in a transaction of the caller."""
        ...

    def is_at_head(self, reading: Reading) -> bool:
        """Whether main is still where it was read."""
        ...


class Landing:
    """Moves refs durably, and does what has to follow."""

    def __init__(
        self,
        database: Database,
        git: GitStore,
        blobs: Blobs,
        indexer: Indexer,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._git = git
        self._blobs = blobs
        self._indexer = indexer
        self._clock = clock
        # Repositories and notes whose refs moved and whose rows did not.
        self._owed: deque[tuple[int, str]] = deque()
        self._settling = threading.Lock()

    def announce(
        self, repository_id: int, actor_id: int | None, changes: Sequence[RefChange]
    ) -> str:
        """Note what is about to happen, and make it and all objects durable; the note's name.

        Raises:
            StorageFull, Unavailable: the disk failed, or the database takes no rows any more.
        """
        if (fault := self._database.fault) is not None:
            raise Unavailable(fault)
        note = self._git.notes.write(
            {
                "repository_id": repository_id,
                "actor_id": actor_id,
                "changes": [each.to_list() for each in changes],
            }
        )
        try:
            self._git.barrier.wait("objects")
        except GroundswellError:
            self._git.notes.remove(note)
            raise
        return note

    def withdraw(self, note: str) -> None:
        """Forget a note whose refs did not move."""
        self._git.notes.remove(note)

    def finish(
        self,
        note: str,
        repository_id: int,
        actor_id: int | None,
        changes: Sequence[RefChange],
        pointers: Mapping[str, str] | None = None,
    ) -> Arrival | None:
        """After the refs moved: make that durable, write the rows, forget the note.

        Returns:
            What it took to bring the large files; None when there are none.

        When the rows cannot be written now (a full disk) the note stays and the error is raised:
        the refs have moved, and the rows follow with the next ``settle`` or start.
        """
        try:
            self._git.barrier.wait("reference")
            arrival = self.rows(repository_id, actor_id, changes, pointers)
        except BaseException:
            self._owed.append((repository_id, note))
            raise
        self._git.notes.remove(note)
        return arrival

    def rows(
        self,
        repository_id: int,
        actor_id: int | None,
        changes: Sequence[RefChange],
        pointers: Mapping[str, str] | None = None,
        *,
        again: bool = False,
    ) -> Arrival | None:
        """Links; then events, the row and its index, in one transaction. What ``finish`` gives.

        ``pointers`` maps sha256 to a path; None looks for them in the new commits. ``again``: a
        crash may have come after the events were recorded.
        """
        if pointers is None:
            pointers = self._pointers_of(repository_id, changes)
        arrival = self._link(repository_id, actor_id, changes, pointers)
        has_main = any(each.name == MAIN for each in changes)
        reading = self._indexer.reading(repository_id) if has_main else None
        now = self._clock()
        told = [self._payload(repository_id, each) for each in changes]

        def work(conn: sa.Connection) -> None:
            for each, payload in zip(changes, told, strict=True):
                _record(conn, now, actor_id, repository_id, each, payload, again=again)
                if each.merges is not None and each.new is not None:
                    note_merged(conn, now, actor_id, repository_id, each.merges, each.new)
                if each.syncs is not None and each.new is not None:
                    note_synced(conn, now, actor_id, repository_id, each.syncs, each.new)
            _TOUCH.run(conn, number=repository_id, now=now)
            if reading is not None:
                reading.write(conn)

        self._database.write(work)
        # Whoever writes the row last has to leave the last head in it.
        if reading is not None and not self._indexer.is_at_head(reading):
            self._indexer.index(repository_id)
        return arrival

    def _link(
        self,
        repository_id: int,
        actor_id: int | None,
        changes: Sequence[RefChange],
        pointers: Mapping[str, str],
    ) -> Arrival | None:
        """Give the repository its new blobs: what is read of main goes by its links."""
        commit = next((each.new for each in changes if each.new is not None), None)
        if not pointers or commit is None:
            return None

        def work(conn: sa.Connection) -> Arrival:
            held = self._blobs.claimed_or_linked_in(conn, repository_id, actor_id, list(pointers))
            found = {sha256: path for sha256, path in pointers.items() if sha256 in held}
            arrival = self._blobs.note_arrival(conn, repository_id, actor_id, commit, list(found))
            self._blobs.link(conn, repository_id, found)
            return arrival

        return self._database.write(work)

    def _payload(self, repository_id: int, change: RefChange) -> dict[str, Any]:
        """What is told of a moved ref; of a pull request's, also the commits that came."""
        payload: dict[str, Any] = {"ref": change.name, "old": change.old, "new": change.new}
        if change.new is None or pull_request_number(change.name) is None:
            return payload
        between = self._git.merging.between
        commits, count = between(repository_id, change.old, change.new, COMMITS_TOLD_MAX)
        payload["commits"] = [[each.id, each.title[:TITLE_TOLD_MAX]] for each in commits]
        payload["commit_count"] = count
        if change.brings_main:
            payload["brings_main"] = True
        return payload

    def _pointers_of(self, repository_id: int, changes: Sequence[RefChange]) -> dict[str, str]:
        moved = {each.new for each in changes if each.new is not None}
        known = [each.old for each in changes if each.old is not None]
        known += [
            ref.target
            for ref in self._git.references(repository_id)
            if ref.target not in moved and ref.name not in {each.name for each in changes}
        ]
        known = [each for each in known if self._git.is_commit(repository_id, each)]
        return {
            pointer.sha256: path
            for new in moved
            if (commit := self._git.resolve(repository_id, new)) is not None
            for path, pointer in self._git.new_pointers(repository_id, commit, known)
        }

    def recover(self) -> int:
        """Write the rows of changes that a crash cut short. How many changes there were.

        Only at the start: while the hub works, a note may belong to a commit under way.
        A repository that cannot be read keeps its note and stops nobody else.
        """
        return sum(self._make_good(name, note) for name, note in self._git.notes.pending())

    def take_over(self) -> int:
        """The same for processes that fell while others went on serving. How many changes.

        Their locks go as well: a ref whose lock is left can never move again.
        """
        count = 0
        for worker in self._git.workers.fallen():
            LOG.warning("a worker ended without a word: making good what it left")
            self._git.tidying.remove_stale_locks()
            count += sum(self._make_good(name, note) for name, note in self._git.notes.of(worker))
            self._git.workers.bury(worker)
        return count

    def settle(self) -> int:
        """Write the rows that could not be written when their refs moved. How many changes."""
        if not self._owed and not self._settling.locked():
            return 0
        with self._settling:
            owed = [self._owed.popleft() for _ in range(len(self._owed))]
            notes = [(name, self._git.notes.read(name)) for _, name in owed]
            return sum(self._make_good(name, note) for name, note in notes if note is not None)

    def settle_first(self, repository_id: int) -> None:
        """Before a change: a client whose change was refused when its ref had moved sends it again,
        finds it there, and takes it for done. So its rows have to be there too.

        Raises:
            Unavailable: they still cannot be written.
        """
        self.settle()
        if any(owing == repository_id for owing, _ in list(self._owed)):
            msg = "The hub has not yet recorded an earlier change. Try again in a moment."
            raise Unavailable(msg, retry_after_seconds=10)

    def _make_good(self, name: str, note: Mapping[str, Any]) -> int:
        repository_id = int(note["repository_id"])
        moved: list[RefChange] = []
        try:
            if self._git.exists(repository_id) and self._is_alive(repository_id):
                changes = [RefChange.from_list(each) for each in note["changes"]]
                moved = [each for each in changes if self._has_moved(repository_id, each)]
                if moved:
                    LOG.warning("making good a commit that was cut short: %s", repository_id)
                    self.rows(repository_id, note["actor_id"], moved)
        except GroundswellError:
            LOG.exception("the rows of repository %s are still behind its refs", repository_id)
            self._owed.append((repository_id, name))
            return 0
        self._git.notes.remove(name)
        return len(moved)

    def _is_alive(self, repository_id: int) -> bool:
        table = tables.repositories
        query = sa.select(table.c.id).where(
            table.c.id == repository_id, table.c.deleted_at.is_(None)
        )
        return self._database.read(lambda conn: conn.execute(query).first()) is not None

    def _has_moved(self, repository_id: int, change: RefChange) -> bool:
        present = self._git.ref_target(repository_id, change.name)
        if present == change.new:
            return True
        if present is None or change.new is None:
            return False
        both = (self._git.is_commit(repository_id, each) for each in (present, change.new))
        return all(both) and self._git.is_ancestor(repository_id, change.new, present)


def _record(
    conn: sa.Connection,
    now: int,
    actor_id: int | None,
    repository_id: int,
    change: RefChange,
    payload: dict[str, Any],
    *,
    again: bool,
) -> None:
    """The event of a ref's move; ``again``: unless it was recorded before a crash."""
    is_commit = change.new is not None and change.name.startswith(("refs/heads/", "refs/pr/"))
    type_ = "commit.landed" if is_commit else "reference.changed"
    if again:
        events = tables.events
        recent = (
            sa.select(events.c.payload)
            .where(events.c.repository_id == repository_id, events.c.type == type_)
            .order_by(events.c.id.desc())
            .limit(_RECENT_EVENTS)
        )
        # A ref may go back and forth: only the very last event of this ref can be the same one.
        last = next((p for (p,) in conn.execute(recent) if p.get("ref") == change.name), None)
        if last == payload:
            return
    number = pull_request_number(change.name)
    record(conn, now, type_, actor_id, repository_id, payload, number)
    if change.overrides:
        told = {"ref": change.name, "new": change.new, "reasons": list(change.overrides)}
        record(conn, now, "rule.overridden", actor_id, repository_id, told, change.merges)
