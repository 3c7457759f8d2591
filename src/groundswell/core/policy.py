"""Who may do what: the only place that decides access to repositories and collections.

Pure: it sees a principal, an action and the few facts of a repository that matter, and gives a
decision with its reason. The table of docs/reference/permissions.md is generated from it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from groundswell.core.errors import (
    DisabledRepo,
    Forbidden,
    GatedRepo,
    GroundswellError,
    RepoNotFound,
    Unauthenticated,
)
from groundswell.core.values import (
    ANONYMOUS,
    Gate,
    Principal,
    Role,
    TokenRole,
    Visibility,
)


class Action(enum.Enum):
    """What somebody wants with a repository."""

    SEE = "see"  # know that it exists: info, tree without hashes of large files, discussions
    READ = "read"  # its content
    CONTRIBUTE = "contribute"  # open a pull request and commit to it
    WRITE = "write"  # commit to branches, move branches and tags
    ADMINISTER = "administer"  # settings, move, delete
    GOVERN = "govern"  # set rules and pass over them; all of the above where there are rules


@dataclass(frozen=True, slots=True)
class Subject:
    """The facts of a repository that decide access.

    ``creator_id`` matters for contributors, who may write what they made. ``has_access`` says
    that the asker's request for access to a gated repository is accepted and has not ended.
    """

    repository_id: int
    owner_id: int
    creator_id: int | None
    visibility: Visibility
    gate: Gate = Gate.OPEN
    disabled: bool = False
    has_access: bool = False


class Reason(enum.Enum):
    """Why a decision fell as it did."""

    ALLOWED = "allowed"
    HIDDEN = "hidden"
    ANONYMOUS = "anonymous"
    ROLE = "role"
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    GATED = "gated"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether, and why."""

    allowed: bool
    reason: Reason


_ALLOWED = Decision(allowed=True, reason=Reason.ALLOWED)


def _refuse(reason: Reason) -> Decision:
    return Decision(allowed=False, reason=reason)


def _token_covers(principal: Principal, action: Action, subject: Subject) -> bool:
    """Whether the credential itself reaches this far, whatever its owner may do."""
    writes = action not in {Action.SEE, Action.READ}
    if principal.token_role is None or principal.token_role is TokenRole.WRITE:
        return True
    if principal.token_role is TokenRole.READ:
        return not writes
    grant = next((g for g in principal.grants if g.repository_id == subject.repository_id), None)
    if grant is None:
        return False
    whole = action in {Action.ADMINISTER, Action.GOVERN}
    return not whole and (grant.write or not writes)


def _is_visible(principal: Principal, subject: Subject) -> bool:
    if subject.visibility is Visibility.PUBLIC:
        return True
    member = principal.is_admin or principal.role_in(subject.owner_id) is not None
    return member and _token_covers(principal, Action.SEE, subject)


def _role_allows(principal: Principal, action: Action, subject: Subject) -> bool:
    if principal.is_admin:
        return True
    role = principal.role_in(subject.owner_id)
    if action is Action.CONTRIBUTE:
        return True  # whoever may read may propose
    if action is Action.GOVERN:
        return role is Role.ADMIN  # whoever may only write is held to the rules
    if role in {Role.ADMIN, Role.WRITE}:
        return True
    return role is Role.CONTRIBUTOR and principal.account_id == subject.creator_id


def _passes_gate(principal: Principal, subject: Subject) -> bool:
    if subject.gate is Gate.OPEN:
        return True
    member = principal.is_admin or principal.role_in(subject.owner_id) is not None
    return (member or subject.has_access) and _token_covers(principal, Action.READ, subject)


def may(principal: Principal, action: Action, subject: Subject) -> Decision:
    """Whether the principal may do this to the repository.

    The order matters: what may not be seen answers HIDDEN before anything else can differ.
    """
    if not _is_visible(principal, subject):
        return _refuse(Reason.HIDDEN)
    if action is Action.SEE:
        return _ALLOWED
    if subject.disabled and not principal.is_admin:
        return _refuse(Reason.DISABLED)
    if not _passes_gate(principal, subject):
        return _refuse(Reason.GATED)
    if action is Action.READ:
        return _ALLOWED
    if principal.is_anonymous:
        return _refuse(Reason.ANONYMOUS)
    if not _token_covers(principal, action, subject):
        return _refuse(Reason.TOKEN)
    return _ALLOWED if _role_allows(principal, action, subject) else _refuse(Reason.ROLE)


def may_ask(principal: Principal, subject: Subject) -> Decision:
    """Whether the principal may ask for access to what it may not read yet.

    With the person's own full rights or a write token: what reads only, or is for some
    repositories, does not speak for a person. ``ROLE`` says that there is nothing to ask for.
    """
    decision = may(principal, Action.READ, subject)
    if decision.allowed:
        return _refuse(Reason.ROLE)
    if decision.reason is not Reason.GATED:
        return decision
    if principal.is_anonymous:
        return _refuse(Reason.ANONYMOUS)
    if principal.token_role not in {None, TokenRole.WRITE}:
        return _refuse(Reason.TOKEN)
    return _ALLOWED


def is_open_to_all(subject: Subject) -> bool:
    """Whether everybody may read the repository, also those whom the hub does not know."""
    return may(ANONYMOUS, Action.READ, subject).allowed


def refusal(decision: Decision, *, gate_message: str = "") -> GroundswellError:
    """The error that a refused decision becomes. ``gate_message`` says where to ask for access."""
    assert not decision.allowed
    match decision.reason:
        case Reason.HIDDEN:
            return RepoNotFound()
        case Reason.ANONYMOUS:
            return Unauthenticated()
        case Reason.GATED:
            return GatedRepo(gate_message)
        case Reason.DISABLED:
            return DisabledRepo()
        case Reason.TOKEN:
            return Forbidden("This token does not have the right to do this.")
        case _:
            return Forbidden()


def speaks_for_itself(principal: Principal) -> bool:
    """Whether the principal may say things in its owner's name: what it likes, whom it follows."""
    limited = {TokenRole.READ, TokenRole.FINE_GRAINED}
    return not principal.is_anonymous and principal.token_role not in limited


def may_attach(principal: Principal) -> bool:
    """Whether the principal may bring a file that a comment will show: where it may comment is
    asked when it does.
    """
    return not principal.is_anonymous and principal.token_role is not TokenRole.READ


def may_create_in(principal: Principal, owner_id: int) -> bool:
    """Whether the principal may make repositories in the namespace of that account."""
    if not speaks_for_itself(principal):
        return False
    return principal.is_admin or principal.role_in(owner_id) in {
        Role.CONTRIBUTOR,
        Role.WRITE,
        Role.ADMIN,
    }


def reads_whole_namespace(principal: Principal, owner_id: int) -> bool:
    """Whether everything of the namespace is readable: the border of its dedup domain."""
    if principal.token_role is TokenRole.FINE_GRAINED:
        return False
    return principal.is_admin or principal.role_in(owner_id) is not None


def may_manage_account(principal: Principal, account_id: int) -> bool:
    """Whether the principal may change that account: an organisation's members, its settings."""
    if not speaks_for_itself(principal):
        return False
    return principal.is_admin or principal.role_in(account_id) is Role.ADMIN


def may_see_collection(principal: Principal, owner_id: int, *, is_private: bool) -> bool:
    """Whether the principal may know that the collection exists. Of its items it sees those that
    it may see anyway.
    """
    return not is_private or reads_whole_namespace(principal, owner_id)


def may_change_collection(principal: Principal, owner_id: int, creator_id: int | None) -> bool:
    """Whether the principal may change or delete that collection, which it may see."""
    if not may_create_in(principal, owner_id):
        return False
    if principal.is_admin or principal.role_in(owner_id) in {Role.WRITE, Role.ADMIN}:
        return True
    return principal.account_id == creator_id
