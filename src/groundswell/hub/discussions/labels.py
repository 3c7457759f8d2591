"""Labels of a repository, and who sees to a discussion: made, given, taken away, shown.

Whoever may write to the repository decides. What is given or taken away stands in the record of
the discussion, by the name it had then. Does not know colours as people see them: a page does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Conflict, GroundswellError, NotFound
from groundswell.core.policy import Action, may
from groundswell.core.values import Principal, fold_name, is_storable
from groundswell.hub.accounts.credentials import by_account
from groundswell.hub.discussions import rows
from groundswell.hub.discussions.values import Discussion, Label
from groundswell.hub.events import record
from groundswell.hub.repos import Repository
from groundswell.hub.repos.finding import decide_again, load_for
from groundswell.store import tables
from groundswell.store.database import Database, insert_ignore, portions

COLOURS: Final = ("blue", "green", "indigo", "orange", "pink", "purple")
NAME_CHARACTERS_MAX: Final = 50
DESCRIPTION_CHARACTERS_MAX: Final = 200
LABELS_MAX: Final = 100  # of a repository
LABELS_ON_ONE_MAX: Final = 20
ASSIGNEES_MAX: Final = 10

_labels = tables.labels
_given = tables.discussion_labels
_assignees = tables.discussion_assignees
_accounts = tables.accounts


class Labels:
    """Labels and assignees in repositories that ``Repos.find`` gave for the principal."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    # --- of a repository ----------------------------------------------------------------------

    def of_repository(self, repository: Repository) -> tuple[Label, ...]:
        """All of them, by name."""
        query = sa.select(_labels).where(_labels.c.repository_id == repository.id)
        query = query.order_by(_labels.c.folded)
        found = self._database.read(lambda conn: conn.execute(query).mappings().all())
        return tuple(label_of(row) for row in found)

    def make(
        self,
        principal: Principal,
        repository: Repository,
        name: str,
        colour: str = COLOURS[0],
        description: str = "",
    ) -> Label:
        """Make a label.

        Raises:
            BadRequest: no name, one that cannot be, or too many labels.
            Conflict: there is one of this name.
            Unauthenticated, Forbidden: the principal may not write to the repository.
        """
        values = _checked(name, colour, description)

        def work(conn: sa.Connection) -> Label:
            decide_again(conn, principal, repository.id, Action.WRITE)
            here = sa.select(sa.func.count()).where(_labels.c.repository_id == repository.id)
            if conn.execute(here).scalar_one() >= LABELS_MAX:
                raise BadRequest(f"A repository has at most {LABELS_MAX} labels.")
            if not insert_ignore(conn, _labels, {"repository_id": repository.id, **values}):
                raise Conflict(f"There is a label {values['name']} already.")
            made = _named(conn, repository.id, [values["name"]])[0]
            self._tell(conn, principal, repository.id, "label.made", made)
            return made

        return self._database.write(work)

    def change(
        self,
        principal: Principal,
        repository: Repository,
        label: int,
        name: str,
        colour: str,
        description: str = "",
    ) -> Label:
        """Let a label be another one, wherever it is given.

        Raises:
            NotFound: there is none of that id here.
            BadRequest, Conflict, Unauthenticated, Forbidden: as ``make``.
        """
        values = _checked(name, colour, description)

        def work(conn: sa.Connection) -> Label:
            decide_again(conn, principal, repository.id, Action.WRITE)
            _one(conn, repository.id, label)
            taken = sa.select(_labels.c.id).where(
                _labels.c.repository_id == repository.id,
                _labels.c.folded == values["folded"],
                _labels.c.id != label,
            )
            if conn.execute(taken).first() is not None:
                raise Conflict(f"There is a label {values['name']} already.")
            conn.execute(sa.update(_labels).where(_labels.c.id == label).values(values))
            changed = _one(conn, repository.id, label)
            self._tell(conn, principal, repository.id, "label.changed", changed)
            return changed

        return self._database.write(work)

    def remove(self, principal: Principal, repository: Repository, label: int) -> None:
        """Delete a label, and take it from every discussion.

        Raises:
            NotFound, Unauthenticated, Forbidden: as ``change``.
        """

        def work(conn: sa.Connection) -> None:
            decide_again(conn, principal, repository.id, Action.WRITE)
            gone = _one(conn, repository.id, label)
            conn.execute(sa.delete(_given).where(_given.c.label_id == label))
            conn.execute(sa.delete(_labels).where(_labels.c.id == label))
            self._tell(conn, principal, repository.id, "label.removed", gone)

        self._database.write(work)

    def _tell(
        self, conn: sa.Connection, principal: Principal, repository_id: int, type_: str, of: Label
    ) -> None:
        told = {"label": of.name, "colour": of.colour}
        record(conn, self._clock(), type_, principal.account_id, repository_id, told)

    # --- on a discussion ----------------------------------------------------------------------

    def give(
        self, principal: Principal, repository: Repository, number: int, names: Collection[str]
    ) -> None:
        """Let a discussion have exactly these labels, by their names.

        Raises:
            BadRequest: no such label, or too many.
            NotFound: there is no such discussion.
            Unauthenticated, Forbidden: the principal may not write to the repository.
        """
        if len(names) > LABELS_ON_ONE_MAX:
            raise BadRequest(f"A discussion has at most {LABELS_ON_ONE_MAX} labels.")

        def work(conn: sa.Connection) -> None:
            decide_again(conn, principal, repository.id, Action.WRITE)
            discussion = rows.load(conn, repository.id, number)
            wanted = {label.id: label for label in _named(conn, repository.id, names)}
            present = {
                label.id: label
                for label in marks_of(conn, [discussion.id])[0].get(discussion.id, ())
            }
            for id_ in sorted(present.keys() - wanted.keys()):
                which = sa.and_(_given.c.discussion_id == discussion.id, _given.c.label_id == id_)
                conn.execute(sa.delete(_given).where(which))
                self._note(
                    conn, principal, discussion, "discussion.unlabeled", label=present[id_].name
                )
            for id_ in sorted(wanted.keys() - present.keys()):
                conn.execute(sa.insert(_given).values(discussion_id=discussion.id, label_id=id_))
                self._note(
                    conn, principal, discussion, "discussion.labeled", label=wanted[id_].name
                )

        self._database.write(work)

    def _note(
        self,
        conn: sa.Connection,
        principal: Principal,
        discussion: Discussion,
        type_: str,
        **told: str | int,
    ) -> None:
        now, repository_id = self._clock(), discussion.repository_id
        payload = {"number": discussion.number, **told}
        record(conn, now, type_, principal.account_id, repository_id, payload, discussion.number)

    def assign(
        self, principal: Principal, repository: Repository, number: int, name: str, *, on: bool
    ) -> None:
        """Let somebody see to a discussion, or no longer. Nothing when it is so.

        Raises:
            BadRequest: nobody of that name may see the repository, or too many see to it.
            NotFound: there is no such discussion.
            Unauthenticated, Forbidden: the principal may not write to the repository.
        """

        def work(conn: sa.Connection) -> None:
            decide_again(conn, principal, repository.id, Action.WRITE)
            discussion = rows.load(conn, repository.id, number)
            account_id, spelled = _person(conn, repository.id, name, must_see=on)
            present = marks_of(conn, [discussion.id])[1].get(discussion.id, ())
            if (spelled in present) == on:
                return
            if on:
                if len(present) >= ASSIGNEES_MAX:
                    raise BadRequest(f"At most {ASSIGNEES_MAX} people see to one discussion.")
                row = {"discussion_id": discussion.id, "account_id": account_id}
                conn.execute(sa.insert(_assignees).values(row))
            else:
                which = _assignees.c.discussion_id == discussion.id
                mine = sa.and_(which, _assignees.c.account_id == account_id)
                conn.execute(sa.delete(_assignees).where(mine))
            type_ = "discussion.assigned" if on else "discussion.unassigned"
            # The number is for notifications: whoever is asked hears of it.
            told: dict[str, str | int] = {"assignee": spelled, "account_id": account_id}
            self._note(conn, principal, discussion, type_, **told)

        self._database.write(work)


def marks_of(
    conn: sa.Connection, discussions: Sequence[int]
) -> tuple[dict[int, tuple[Label, ...]], dict[int, tuple[str, ...]]]:
    """Labels, and names of assignees, of those of the discussions that have any."""
    labels: dict[int, tuple[Label, ...]] = {}
    people: dict[int, tuple[str, ...]] = {}
    for some in portions(discussions):
        query = sa.select(_given.c.discussion_id, _labels).join_from(
            _given, _labels, _given.c.label_id == _labels.c.id
        )
        query = query.where(_given.c.discussion_id.in_(some)).order_by(_labels.c.folded)
        for row in conn.execute(query).mappings():
            at = row["discussion_id"]
            labels[at] = (*labels.get(at, ()), label_of(row))
        named = sa.select(_assignees.c.discussion_id, _accounts.c.name).join_from(
            _assignees, _accounts, _assignees.c.account_id == _accounts.c.id
        )
        named = named.where(_assignees.c.discussion_id.in_(some)).order_by(_accounts.c.folded)
        for at, name in conn.execute(named):
            people[at] = (*people.get(at, ()), name)
    return labels, people


def label_of(row: sa.RowMapping) -> Label:
    """A row of ``labels`` as a value."""
    return Label(row["id"], row["name"], row["colour"], row["description"])


def _checked(name: str, colour: str, description: str) -> dict[str, str]:
    name, description = " ".join(name.split()), " ".join(description.split())
    if not 0 < len(name) <= NAME_CHARACTERS_MAX or '"' in name or not name.isprintable():
        raise BadRequest(f"A label has a name of 1 to {NAME_CHARACTERS_MAX} characters, no quotes.")
    if len(description) > DESCRIPTION_CHARACTERS_MAX or not is_storable(name + description):
        raise BadRequest(f"A description has at most {DESCRIPTION_CHARACTERS_MAX} characters.")
    if colour not in COLOURS:
        raise BadRequest(f"A label's colour is one of these: {', '.join(COLOURS)}.")
    return {
        "name": name,
        "folded": name.lower()[:NAME_CHARACTERS_MAX],
        "colour": colour,
        "description": description,
    }


def _one(conn: sa.Connection, repository_id: int, label: int) -> Label:
    query = sa.select(_labels).where(
        _labels.c.repository_id == repository_id, _labels.c.id == label
    )
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("Label not found")
    return label_of(row)


def _named(conn: sa.Connection, repository_id: int, names: Collection[str]) -> list[Label]:
    folded = {name.strip().lower(): name for name in names}
    if not all(is_storable(name) for name in folded):
        raise BadRequest("No such label.")
    query = sa.select(_labels).where(
        _labels.c.repository_id == repository_id, _labels.c.folded.in_(folded)
    )
    found = {row["folded"]: label_of(row) for row in conn.execute(query).mappings()}
    missing = sorted(folded.keys() - found.keys())
    if missing:
        raise BadRequest(f"There is no label {folded[missing[0]][:60]!r} here.")
    return list(found.values())


def _person(
    conn: sa.Connection, repository_id: int, name: str, *, must_see: bool
) -> tuple[int, str]:
    """Somebody's number and name. Who may not see the repository is as if they were not there."""
    nobody = BadRequest("Nobody of that name may see this repository.")
    if not is_storable(name):
        raise nobody
    query = sa.select(_accounts.c.id, _accounts.c.name).where(
        _accounts.c.folded == fold_name(name.strip()), _accounts.c.kind == "user"
    )
    row = conn.execute(query).one_or_none()
    if row is None:
        raise nobody
    if must_see:
        try:
            person = by_account(conn, row.id)
        except GroundswellError as error:
            raise nobody from error
        present = load_for(conn, person, repository_id)
        if present is None or not may(person, Action.SEE, present.subject).allowed:
            raise nobody
    return row.id, row.name
