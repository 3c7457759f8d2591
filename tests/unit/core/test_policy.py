"""Every principal x repository x action against the table people read."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.core.errors import GatedRepo, RepoNotFound, Unauthenticated
from groundswell.core.policy import (
    Action,
    Decision,
    Reason,
    Subject,
    may,
    may_ask,
    may_change_collection,
    may_create_in,
    may_see_collection,
    reads_whole_namespace,
    refusal,
    speaks_for_itself,
)
from groundswell.core.values import (
    ANONYMOUS,
    Gate,
    Principal,
    RepoGrant,
    Role,
    TokenRole,
    Visibility,
)

ORG, OWNER, OTHER = 10, 1, 2
PUBLIC = Subject(5, ORG, OWNER, Visibility.PUBLIC)
PRIVATE = replace(PUBLIC, visibility=Visibility.PRIVATE)
GATED = replace(PUBLIC, gate=Gate.MANUAL)


def member(role: Role, account_id: int = OTHER, **more: object) -> Principal:
    return replace(
        Principal(account_id=account_id, name="m", memberships=((ORG, role),)),
        **more,  # type: ignore[arg-type]
    )


STRANGER = Principal(account_id=99, name="stranger")
ADMIN = Principal(account_id=3, name="admin", is_admin=True)

# who: what they may do to (public, private, gated): s=see r=read c=contribute w=write a=administer g=govern
TABLE = {
    "anonymous": (ANONYMOUS, "sr", "", "s"),
    "stranger": (STRANGER, "src", "", "s"),
    "read member": (member(Role.READ), "src", "src", "src"),
    "contributor": (member(Role.CONTRIBUTOR), "src", "src", "src"),
    "contributor, own": (member(Role.CONTRIBUTOR, OWNER), "srcwa", "srcwa", "srcwa"),
    "write member": (member(Role.WRITE), "srcwa", "srcwa", "srcwa"),
    "admin member": (member(Role.ADMIN), "srcwag", "srcwag", "srcwag"),
    "whose namespace it is": (Principal(ORG, "owner"), "srcwag", "srcwag", "srcwag"),
    "hub admin": (ADMIN, "srcwag", "srcwag", "srcwag"),
    "admin member, read token": (
        member(Role.ADMIN, token_role=TokenRole.READ), "sr", "sr", "sr"
    ),
    "admin member, token for another repository": (
        member(Role.ADMIN, token_role=TokenRole.FINE_GRAINED, grants=(RepoGrant(6, write=True),)),
        "sr", "", "s",
    ),
    "admin member, token to read this": (
        member(Role.ADMIN, token_role=TokenRole.FINE_GRAINED, grants=(RepoGrant(5, write=False),)),
        "sr", "sr", "sr",
    ),
    "admin member, token to write this": (
        member(Role.ADMIN, token_role=TokenRole.FINE_GRAINED, grants=(RepoGrant(5, write=True),)),
        "srcw", "srcw", "srcw",
    ),
}  # fmt: skip
LETTERS = dict(zip("srcwag", Action, strict=True))


@pytest.mark.parametrize("who", TABLE)
def test_table(who: str) -> None:
    principal, *expected = TABLE[who]
    for subject, letters in zip((PUBLIC, PRIVATE, GATED), expected, strict=True):
        got = "".join(k for k, action in LETTERS.items() if may(principal, action, subject).allowed)
        assert got == letters, (who, subject)


def test_refusals_do_not_tell_a_hidden_repository_from_a_missing_one() -> None:
    for action in Action:
        decision = may(STRANGER, action, PRIVATE)
        assert decision.reason is Reason.HIDDEN
        error = refusal(decision)
        assert type(error) is RepoNotFound
        assert str(error) == str(RepoNotFound())


def test_refusal_classes() -> None:
    assert isinstance(refusal(may(STRANGER, Action.READ, GATED)), GatedRepo)
    assert isinstance(refusal(may(ANONYMOUS, Action.WRITE, PUBLIC)), Unauthenticated)


def test_access_list_opens_the_gate_to_read_only() -> None:
    listed = replace(GATED, has_access=True)
    assert may(STRANGER, Action.READ, listed).allowed
    assert not may(STRANGER, Action.WRITE, listed).allowed


def test_an_accepted_request_is_used_by_whole_tokens_and_those_made_for_the_repository() -> None:
    """A token for something else opens no gate, whoever holds it."""
    listed = replace(GATED, has_access=True)
    here = (RepoGrant(5, write=False),)
    elsewhere = (RepoGrant(6, write=True),)
    fine = TokenRole.FINE_GRAINED
    for person in (STRANGER, ADMIN, member(Role.WRITE)):
        for token, grants, reads in (
            (TokenRole.READ, (), True),
            (TokenRole.WRITE, (), True),
            (fine, here, True),
            (fine, elsewhere, False),
            (fine, (), False),
        ):
            principal = replace(person, token_role=token, grants=grants)
            assert may(principal, Action.READ, listed).allowed is reads, (person, token, grants)
    # A private repository stays hidden, and a closed one closed.
    assert (
        may(STRANGER, Action.SEE, replace(listed, visibility=Visibility.PRIVATE)).allowed is False
    )
    assert may(STRANGER, Action.READ, replace(listed, disabled=True)).reason is Reason.DISABLED


def test_who_may_ask_for_access() -> None:
    cases = [
        (STRANGER, GATED, Reason.ALLOWED),
        (replace(STRANGER, token_role=TokenRole.WRITE), GATED, Reason.ALLOWED),
        (replace(STRANGER, token_role=TokenRole.READ), GATED, Reason.TOKEN),
        (replace(STRANGER, token_role=TokenRole.FINE_GRAINED), GATED, Reason.TOKEN),
        (ANONYMOUS, GATED, Reason.ANONYMOUS),
        (STRANGER, PUBLIC, Reason.ROLE),
        (STRANGER, replace(GATED, has_access=True), Reason.ROLE),
        (member(Role.READ), GATED, Reason.ROLE),
        (ADMIN, GATED, Reason.ROLE),
        (STRANGER, replace(GATED, visibility=Visibility.PRIVATE), Reason.HIDDEN),
        (STRANGER, replace(GATED, disabled=True), Reason.DISABLED),
    ]
    for principal, subject, reason in cases:
        assert may_ask(principal, subject).reason is reason, (principal, subject)


def test_disabled_repository_is_seen_and_not_read() -> None:
    disabled = replace(PUBLIC, disabled=True)
    assert may(member(Role.ADMIN), Action.SEE, disabled).allowed
    assert may(member(Role.ADMIN), Action.READ, disabled) == Decision(
        allowed=False, reason=Reason.DISABLED
    )
    assert may(ADMIN, Action.READ, disabled).allowed


_principals = st.sampled_from([row[0] for row in TABLE.values()])
_subjects = st.builds(
    Subject,
    repository_id=st.sampled_from([5, 6]),
    owner_id=st.sampled_from([ORG, OTHER, 50]),
    creator_id=st.sampled_from([OWNER, OTHER, None]),
    visibility=st.sampled_from(Visibility),
    gate=st.sampled_from(Gate),
    disabled=st.booleans(),
    has_access=st.booleans(),
)


@given(_principals, _subjects)
def test_a_greater_right_holds_every_smaller_one(principal: Principal, subject: Subject) -> None:
    allowed = [may(principal, action, subject).allowed for action in Action]
    for smaller, greater in itertools.pairwise(allowed):
        assert smaller or not greater


@given(_principals, _subjects)
def test_a_token_never_adds_a_right(principal: Principal, subject: Subject) -> None:
    without = replace(principal, token_role=None, grants=())
    for action in Action:
        if may(principal, action, subject).allowed:
            assert may(without, action, subject).allowed


def test_creating_and_the_border_of_a_namespace() -> None:
    assert may_create_in(member(Role.CONTRIBUTOR), ORG)
    assert not may_create_in(member(Role.READ), ORG)
    assert not may_create_in(member(Role.ADMIN, token_role=TokenRole.READ), ORG)
    assert not may_create_in(ANONYMOUS, ORG)
    assert may_create_in(STRANGER, 99)
    assert reads_whole_namespace(member(Role.READ), ORG)
    assert not reads_whole_namespace(STRANGER, ORG)
    fine = member(Role.ADMIN, token_role=TokenRole.FINE_GRAINED, grants=(RepoGrant(5, write=True),))
    assert not reads_whole_namespace(fine, ORG)


def test_who_sees_and_changes_a_collection() -> None:
    fine = member(Role.ADMIN, token_role=TokenRole.FINE_GRAINED)
    for principal in (ANONYMOUS, STRANGER, fine):
        assert may_see_collection(principal, ORG, is_private=False)
        assert not may_see_collection(principal, ORG, is_private=True)
    for principal in (member(Role.READ), member(Role.READ, token_role=TokenRole.READ), ADMIN):
        assert may_see_collection(principal, ORG, is_private=True)
    contributor = member(Role.CONTRIBUTOR)
    assert may_change_collection(contributor, ORG, contributor.account_id)
    assert not may_change_collection(contributor, ORG, None)
    assert not may_change_collection(member(Role.READ), ORG, contributor.account_id)
    assert not may_change_collection(fine, ORG, fine.account_id)
    assert may_change_collection(member(Role.WRITE), ORG, None)
    assert may_change_collection(ADMIN, ORG, None)
    assert [speaks_for_itself(each) for each in (ANONYMOUS, fine, STRANGER)] == [False, False, True]
