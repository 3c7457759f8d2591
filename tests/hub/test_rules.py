"""Rules hold on every way in: commits, branches, tags, squashes, merges; and say what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from groundswell.core.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    ProtectedReference,
    RepoNotFound,
    Unauthenticated,
)
from groundswell.core.values import ANONYMOUS, Gate, Principal, RepoId, RepoKind, Role, Visibility
from groundswell.hub.checks import State
from groundswell.hub.discussions import Status
from groundswell.hub.merging import Method
from groundswell.hub.rules import Draft, Pushers, Target, Terms
from groundswell.hub.rules.values import RULES_MAX, terms_from, terms_json
from tests.hub.both import on_both, url_of
from tests.hub.rules_world import RulesWorld


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RulesWorld]:
    world = RulesWorld(tmp_path, url_of(request))
    yield world
    world.close()


# --- setting them -----------------------------------------------------------------------------


@on_both("world")
def test_admins_set_rules_and_whoever_reads_sees_them(world: RulesWorld) -> None:
    number = world.rule("main", Target.BRANCH, "ben", approvals=2, checks=("unit", "unit"))
    (rule,) = world.rules.list(world.bob, world.repository)
    assert (rule.id, rule.pattern, rule.pusher_names) == (number, "main", ("ben",))
    assert (rule.terms.approvals, rule.terms.checks) == (2, ("unit",))
    draft = Draft(Target.BRANCH, "refs/heads/release/*", Terms())
    for who, error in (
        (world.ben, Forbidden),
        (world.bob, Forbidden),
        (ANONYMOUS, Unauthenticated),
    ):
        with pytest.raises(error):
            world.rules.put(who, world.repository, draft)
        with pytest.raises(error):
            world.rules.delete(who, world.repository, number)
    world.rules.put(world.alice, world.repository, draft, number)
    (rule,) = world.rules.list(world.alice, world.repository)
    assert (rule.pattern, rule.terms) == ("release/*", Terms())
    world.rules.delete(world.alice, world.repository, number)
    with pytest.raises(NotFound):
        world.rules.delete(world.alice, world.repository, number)
    with pytest.raises(NotFound):
        world.rules.put(world.alice, world.repository, draft, number)
    for type_ in ("rule.created", "rule.changed", "rule.deleted"):
        assert len(world.told(type_)) == 1


def test_rules_of_a_private_repository_are_not_told(world: RulesWorld) -> None:
    hidden = world.model("hidden", Visibility.PRIVATE)
    world.rules.put(world.alice, hidden, Draft(Target.BRANCH, "main", Terms()))
    with pytest.raises(RepoNotFound):
        world.rules.list(world.bob, hidden)


@pytest.mark.parametrize(
    "draft",
    [
        Draft(Target.BRANCH, "  ", Terms()),
        Draft(Target.BRANCH, "x" * 201, Terms()),
        Draft(Target.BRANCH, "a\nb", Terms()),
        Draft(Target.BRANCH, "main", Terms(approvals=11)),
        Draft(Target.BRANCH, "main", Terms(checks=tuple(f"c{n}" for n in range(21)))),
        Draft(Target.BRANCH, "main", Terms(checks=("",))),
        Draft(Target.BRANCH, "main", Terms(pushers=Pushers.NAMED)),
        Draft(Target.BRANCH, "main", Terms(pushers=Pushers.NAMED), ("no-such-account",)),
    ],
)
def test_what_cannot_be_a_rule_is_refused(world: RulesWorld, draft: Draft) -> None:
    with pytest.raises(BadRequest):
        world.rules.put(world.alice, world.repository, draft)


def test_rules_are_bounded_and_one_for_each_pattern(world: RulesWorld) -> None:
    for number in range(RULES_MAX):
        world.rule(f"b{number}")
    with pytest.raises(Conflict):
        world.rule("one-more")
    with pytest.raises(Conflict):
        world.rule("b1")
    world.rules.delete(
        world.alice, world.repository, world.rules.list(world.ben, world.repository)[0].id
    )
    world.rule("b1", Target.TAG)


def test_terms_come_back_as_they_were_kept() -> None:
    terms = Terms(
        Pushers.NAMED, (1, 2), checks=("a",), reporters=(("a", 4),), approvals=3, queue=True
    )
    assert terms_from(terms_json(terms)) == terms
    assert terms_from({"pushers": "nobody", "pusher_ids": [], "checks": []}).no_force


# --- getting rid of them ------------------------------------------------------------------------


def _delete(world: RulesWorld, who: Principal) -> None:
    world.repos.delete(who, world.repository.repo_id)


def _move(world: RulesWorld, who: Principal) -> None:
    """To where the rules would be theirs."""
    target = RepoId(RepoKind.MODEL, who.name or "", "mine")
    world.repos.move(who, world.repository.repo_id, target)


def _rename(world: RulesWorld, who: Principal) -> None:
    world.repos.move(who, world.repository.repo_id, RepoId(RepoKind.MODEL, "acme", "other"))


def _hide(world: RulesWorld, who: Principal) -> None:
    update = world.repos.update_settings
    update(who, world.repository.repo_id, visibility=Visibility.PRIVATE)


def _gate(world: RulesWorld, who: Principal) -> None:
    world.repos.update_settings(who, world.repository.repo_id, gate=Gate.MANUAL)


@pytest.mark.parametrize("way", [_delete, _move, _rename, _hide, _gate])
def test_whom_rules_hold_does_not_get_rid_of_them(
    world: RulesWorld, way: Callable[[RulesWorld, Principal], None]
) -> None:
    world.rule("v*", Target.TAG)
    events = world.told("repository.changed")
    with pytest.raises(Forbidden, match="has rules: only admins of its namespace"):
        way(world, world.ben)
    assert world.found(world.repository) == world.repository
    assert world.told("repository.changed") == events
    way(world, world.alice)


@pytest.mark.parametrize("way", [_delete, _move, _rename, _hide, _gate])
def test_without_rules_a_writer_does_all_that(
    world: RulesWorld, way: Callable[[RulesWorld, Principal], None]
) -> None:
    world.rules.delete(world.alice, world.repository, world.rule())
    way(world, world.ben)


@on_both("world")
def test_a_writer_still_changes_what_is_no_matter_of_rules(world: RulesWorld) -> None:
    world.rule()
    changed = world.repos.update_settings(
        world.ben,
        world.repository.repo_id,
        visibility=Visibility.PUBLIC,  # as it is
        gate=Gate.OPEN,
        settings={"days": 3},
    )
    assert changed.settings == {"days": 3}


def test_one_outside_is_told_nothing_of_rules(world: RulesWorld) -> None:
    world.rule()
    for who, error in ((world.bob, Forbidden), (ANONYMOUS, Unauthenticated)):
        with pytest.raises(error) as told:
            _delete(world, who)
        assert "rules" not in told.value.message
    _hide(world, world.alice)
    with pytest.raises(RepoNotFound):
        _delete(world, world.bob)


# --- every way in -----------------------------------------------------------------------------


def _commit(world: RulesWorld) -> None:
    world.put({"a": "1"}, who=world.ben)


def _squash(world: RulesWorld) -> None:
    world.references.super_squash(world.ben, world.repository, "main")


def _overwrite(world: RulesWorld) -> None:
    world.references.create_branch(world.ben, world.repository, "main", overwrite=True, empty=True)


def _take_out(world: RulesWorld) -> None:
    world.references.delete_lfs_files(world.ben, world.repository, ["0" * 64])


@pytest.mark.parametrize("way", [_commit, _squash, _overwrite, _take_out])
def test_nothing_lands_on_a_protected_main(
    world: RulesWorld, way: Callable[[RulesWorld], None]
) -> None:
    world.rule(pushers=Pushers.NOBODY)
    before = world.head
    with pytest.raises(ProtectedReference, match="main is protected"):
        way(world)
    assert world.head == before
    assert list(world.git.notes.pending()) == []
    assert world.told("rule.overridden") == []


@pytest.mark.parametrize("way", [_squash, _overwrite, _take_out])
def test_a_history_that_may_not_be_rewritten(
    world: RulesWorld, way: Callable[[RulesWorld], None]
) -> None:
    world.rule()
    world.put({"a": "1"}, who=world.ben)
    before = world.head
    with pytest.raises(ProtectedReference, match="history"):
        way(world)
    assert world.head == before
    world.put({"a": "2"}, who=world.ben)


def test_without_a_rule_everything_is_as_before(world: RulesWorld) -> None:
    world.rule("other")
    for way in (_commit, _squash, _overwrite, _take_out):
        way(world)


def test_branches_and_tags_by_pattern(world: RulesWorld) -> None:
    world.rule("release/*", Target.BRANCH, "cleo")
    world.rule("v*", Target.TAG, pushers=Pushers.NOBODY)
    make, refs = world.references.create_branch, world.references
    with pytest.raises(ProtectedReference):
        make(world.ben, world.repository, "release/1")
    make(world.ben, world.repository, "release/1/x")
    make(world.cleo, world.repository, "release/2")
    with pytest.raises(ProtectedReference, match="only those"):
        world.put({"a": "1"}, "release/2", world.ben)
    world.put({"a": "1"}, "release/2", world.cleo)
    with pytest.raises(ProtectedReference, match="deleted"):
        refs.delete_branch(world.cleo, world.repository, "release/2")
    with pytest.raises(ProtectedReference):
        refs.create_tag(world.ben, world.repository, "main", "v1")
    refs.create_tag(world.ben, world.repository, "main", "w1")
    refs.delete_tag(world.ben, world.repository, "w1")


def test_an_organisation_may_be_named(world: RulesWorld) -> None:
    world.rule("main", Target.BRANCH, "acme")
    world.put({"a": "1"}, who=world.ben)


def test_what_a_pull_request_has_to_show_closes_direct_pushes(world: RulesWorld) -> None:
    number = world.rule("**", approvals=1)
    with pytest.raises(ProtectedReference, match="open a pull request"):
        world.put({"a": "1"}, who=world.ben)
    world.references.create_branch(world.ben, world.repository, "side")  # nothing merges into it
    draft = Draft(Target.BRANCH, "**", Terms(Pushers.NAMED, approvals=1), ("ben",))
    world.rules.put(world.alice, world.repository, draft, number)
    world.put({"a": "1"}, who=world.ben)


@on_both("world")
def test_admins_pass_over_only_rules_that_let_them_and_it_is_told(world: RulesWorld) -> None:
    number = world.rule(pushers=Pushers.NOBODY)
    with pytest.raises(ProtectedReference):
        world.put({"a": "1"}, who=world.alice)
    terms = Terms(pushers=Pushers.NOBODY, admins_override=True)
    draft = Draft(Target.BRANCH, "main", terms)
    world.rules.put(world.alice, world.repository, draft, number)
    with pytest.raises(ProtectedReference):
        world.put({"a": "1"}, who=world.ben)
    commit = world.put({"a": "1"}, who=world.alice)
    (told,) = world.told("rule.overridden")
    assert (told["ref"], told["new"]) == ("refs/heads/main", commit)
    assert told["reasons"] == ["main is protected: open a pull request"]
    world.rule("m*", pushers=Pushers.NOBODY)  # one that does not
    with pytest.raises(ProtectedReference):
        world.put({"a": "2"}, who=world.alice)


def test_pull_requests_are_open_to_whoever_was_refused(world: RulesWorld) -> None:
    world.rule(pushers=Pushers.NOBODY)
    number = world.request({"a": "1"}, world.ben)
    assert world.merge(number) == world.head


# --- whose reports count ------------------------------------------------------------------------


def _bound(world: RulesWorld, *pairs: tuple[str, str], checks: tuple[str, ...] = ("eval",)) -> int:
    draft = Draft(Target.BRANCH, "main", Terms(checks=checks), reporter_names=pairs)
    return world.rules.put(world.alice, world.repository, draft)


def _words(world: RulesWorld, number: int) -> list[str]:
    found = world.merging.needs(world.repository, world.discussions.get(world.repository, number))
    return [each.words for each in found.blockers]


def test_only_the_named_account_reports_a_check(world: RulesWorld) -> None:
    number = world.request({"a": "1"})
    head = f"refs/pr/{number}"
    world.report(head, "eval", who=world.ben)  # before the rule came
    _bound(world, ("eval", "@Cleo"), checks=("eval", "unit"))
    (rule,) = world.rules.list(world.bob, world.repository)
    assert rule.reporter_names == (("eval", "cleo"),)
    assert _words(world, number) == [
        "the check eval waits for a report of @cleo",
        "the check unit has not reported",
    ]
    for who in (world.ben, world.alice):  # an admin is nobody else's test either
        with pytest.raises(Forbidden, match="eval is reported by @cleo"):
            world.report(head, "eval", who=who)
    world.report(head, "unit", who=world.ben)
    with pytest.raises(Conflict, match="waits for a report of @cleo"):
        world.merge(number)
    world.report(head, "eval", State.FAILED, who=world.cleo)
    assert _words(world, number) == ["the check eval failed"]
    world.report(head, "eval", who=world.cleo)
    world.merge(number)


@on_both("world")
def test_a_member_who_may_write_reports_for_the_named_organisation(world: RulesWorld) -> None:
    world.accounts.create_organisation("testers", by=world.alice)
    world.accounts.set_member("testers", "cleo", Role.READ, by=None)
    _bound(world, ("eval", "testers"))
    number = world.request({"a": "1"})
    for who in (world.ben, world.cleo):
        with pytest.raises(Forbidden, match="@testers"):
            world.report(f"refs/pr/{number}", "eval", who=who)
    world.accounts.set_member("testers", "cleo", Role.WRITE, by=None)
    world.report(f"refs/pr/{number}", "eval", who=world.cleo)
    assert world.blockers(number) == []
    world.accounts.set_member("testers", "cleo", Role.READ, by=None)
    assert world.blockers(number) == ["check"]  # speaks for them no longer


@on_both("world")
def test_two_rules_that_name_two_accounts_await_both(world: RulesWorld) -> None:
    _bound(world, ("eval", "cleo"))
    draft = Draft(Target.BRANCH, "m*", Terms(checks=("eval",)), (), (("eval", "acme"),))
    rule = world.rules.put(world.alice, world.repository, draft)
    number = world.request({"a": "1"})
    assert sorted(_words(world, number)[0].split(" of ")[1].split(" and ")) == ["@acme", "@cleo"]
    with pytest.raises(Forbidden):
        world.report(f"refs/pr/{number}", "eval", who=world.ben)
    world.report(f"refs/pr/{number}", "eval", who=world.cleo)  # who is one, and of the other
    assert world.blockers(number) == []
    world.rules.delete(world.alice, world.repository, rule)
    assert world.blockers(number) == []


@pytest.mark.parametrize(
    ("pairs", "checks"),
    [
        ((("eval", "no-such-account"),), ("eval",)),
        ((("eval", "ben"),), ("unit",)),
        ((("eval", "ben"), ("eval", "cleo")), ("eval",)),
        ((), ("eval @ben",)),
    ],
)
def test_reporters_that_cannot_be_named(
    world: RulesWorld, pairs: tuple[tuple[str, str], ...], checks: tuple[str, ...]
) -> None:
    with pytest.raises(BadRequest):
        _bound(world, *pairs, checks=checks)


# --- sign-off and one line --------------------------------------------------------------------


def test_sign_off_on_what_is_pushed_and_on_what_is_merged(world: RulesWorld) -> None:
    world.rule(sign_off=True)
    with pytest.raises(ProtectedReference, match="Signed-off-by"):
        world.put({"a": "1"}, who=world.ben)
    world.put({"a": "1"}, who=world.ben, description="Signed-off-by: ben <ben@x>")
    with pytest.raises(ProtectedReference):  # somebody else's sign-off
        world.put({"a": "2"}, who=world.ben, description="Signed-off-by: cleo <cleo@x>")
    number = world.request({"b": "1"})
    lacking = world.git.resolve(world.repository.id, f"refs/pr/{number}")
    assert lacking is not None
    assert world.blockers(number) == ["sign_off"]
    with pytest.raises(Conflict, match=lacking[:8]):
        world.merge(number)
    signed = world.request({"c": "1"}, description="Signed-off-by: bob <bob@x>")
    world.merging.bring_up_to_date(world.bob, world.repository, signed)  # a merge needs none
    merged = world.merge(signed, method=Method.SQUASH)
    message = world.git.commit_summary(world.repository.id, merged).message
    assert "Signed-off-by: bob <bob@x>" in message


def test_a_line_is_kept_by_squashing(world: RulesWorld) -> None:
    world.rule(linear=True)
    number = world.request({"a": "1"})
    with pytest.raises(Conflict, match="squash"):
        world.merge(number)
    world.merge(number, method=Method.SQUASH)
    base, main = world.head, world.put({"b": "1"})
    side = world.git.make_commit(
        world.repository.id,
        tree=str(world.git.tree_id(world.repository.id, main)),
        parents=[main, str(base)],
        author=world.git.commit_summary(world.repository.id, main).author,
        message="merge",
        time=world.now(),
    )
    with pytest.raises(ProtectedReference, match="several parents"):
        world.references.create_branch(world.ben, world.repository, "main", side, overwrite=True)


# --- approvals --------------------------------------------------------------------------------


@on_both("world")
def test_approvals_of_distinct_people_who_may_write(world: RulesWorld) -> None:
    world.rule(approvals=2)
    number = world.request({"a": "1"})
    assert world.blockers(number) == ["approvals"]
    world.review(world.ben, number)
    world.review(world.ben, number)
    with pytest.raises(Conflict, match="1 of 2 approvals"):
        world.merge(number)
    world.review(world.user("dave"), number)  # may not write
    assert world.blockers(number) == ["approvals"]
    world.review(world.cleo, number)
    assert world.blockers(number) == []
    before = world.head
    assert world.merge(number) != before


@on_both("world")
def test_who_wrote_it_does_not_approve_it(world: RulesWorld) -> None:
    world.rule(approvals=1)
    number = world.request({"a": "1"}, world.ben)
    world.review(world.ben, number)
    assert world.blockers(number) == ["approvals"]
    world.put({"b": "1"}, f"refs/pr/{number}", world.cleo)
    world.review(world.cleo, number)
    assert world.blockers(number) == ["approvals"]
    world.review(world.alice, number)
    assert world.blockers(number) == []


def test_bringing_main_in_is_not_writing(world: RulesWorld) -> None:
    rule = world.rule(pushers=Pushers.NOBODY, approvals=1)
    number = world.request({"a": "1"})
    world.rules.delete(world.alice, world.repository, rule)
    world.put({"b": "1"})
    world.rule(approvals=1)
    world.merging.bring_up_to_date(world.ben, world.repository, number)
    world.review(world.ben, number)
    assert world.blockers(number) == []


def test_an_approval_goes_stale_where_a_rule_says_so(world: RulesWorld) -> None:
    rule = world.rule(approvals=1)
    number = world.request({"a": "1"})
    world.review(world.ben, number)
    assert world.blockers(number) == []
    world.put({"a": "2"}, f"refs/pr/{number}", world.bob)
    assert world.blockers(number) == ["approvals"]
    with pytest.raises(Conflict):
        world.merge(number)
    terms = Terms(approvals=1, dismisses_stale=False)
    world.rules.put(world.alice, world.repository, Draft(Target.BRANCH, "main", terms), rule)
    assert world.blockers(number) == []


def test_changes_requested_block_until_taken_back(world: RulesWorld) -> None:
    world.rule(approvals=1)
    number = world.request({"a": "1"})
    world.review(world.user("dave"), number, "changes_requested")  # anybody might
    world.review(world.cleo, number)
    assert world.blockers(number) == []
    world.review(world.ben, number, "changes_requested")
    assert world.blockers(number) == ["changes_requested"]
    world.put({"a": "2"}, f"refs/pr/{number}", world.bob)
    assert world.blockers(number) == ["changes_requested", "approvals"]
    world.review(world.ben, number)
    assert world.blockers(number) == []


def test_whoever_may_write_no_longer_does_not_count(world: RulesWorld) -> None:
    world.rule(approvals=1)
    number = world.request({"a": "1"})
    world.review(world.ben, number)
    world.accounts.set_member("acme", "ben", Role.READ, by=None)
    with pytest.raises(Conflict):
        world.merge(number, world.cleo)


# --- checks -----------------------------------------------------------------------------------


def test_checks_by_name_on_the_very_commit(world: RulesWorld) -> None:
    world.rule(checks=("unit", "scan"))
    number = world.request({"a": "1"})
    reference = f"refs/pr/{number}"
    assert world.blockers(number) == ["check", "check"]
    world.report(reference, "unit")
    world.report(reference, "scan", State.RUNNING)
    with pytest.raises(Conflict, match="the check scan is running"):
        world.merge(number)
    world.report(reference, "scan", State.FAILED)
    with pytest.raises(Conflict, match="the check scan failed"):
        world.merge(number)
    world.report(reference, "scan", State.SKIPPED)
    assert world.blockers(number) == []
    world.put({"a": "2"}, reference, world.bob)
    assert world.blockers(number) == ["check", "check"]
    world.report(reference, "unit")
    world.report(reference, "scan")
    assert world.merge(number) == world.head


def test_admins_merge_all_the_same_where_a_rule_lets_them(world: RulesWorld) -> None:
    rule = world.rule(checks=("unit",))
    number = world.request({"a": "1"})
    with pytest.raises(Forbidden):
        world.merge(number, world.alice, overrides=True)
    terms = Terms(checks=("unit",), admins_override=True)
    world.rules.put(world.alice, world.repository, Draft(Target.BRANCH, "main", terms), rule)
    with pytest.raises(Forbidden):
        world.merge(number, world.ben, overrides=True)
    with pytest.raises(Conflict):  # only when asked to
        world.merge(number, world.alice)
    merged = world.merge(number, world.alice, overrides=True)
    (told,) = world.told("rule.overridden")
    assert (told["new"], told["reasons"]) == (merged, ["the check unit has not reported"])


def test_a_refused_merge_says_nothing_and_leaves_nothing(world: RulesWorld) -> None:
    world.rule(checks=("unit",))
    number = world.request({"a": "1"})
    before = world.head
    with pytest.raises(Conflict):
        world.merge(number, comment="Thank you")
    assert world.head == before
    found = world.discussions.get(world.repository, number)
    assert (found.status, found.comment_count) == (Status.OPEN, 1)


# --- maintainers ------------------------------------------------------------------------------


MAINTAINERS = "@ben *\n@cleo docs/\nD: @acme data/**\nfree/\n"


def test_owners_of_what_is_touched(world: RulesWorld) -> None:
    world.put({"MAINTAINERS": MAINTAINERS})
    world.rule(maintainers=True)
    number = world.request({"docs/a": "1", "data/x": "1", "free/z": "1"})
    needs = world.merging.needs(world.repository, world.discussions.get(world.repository, number))
    assert {each.owners: each.paths for each in needs.owners} == {
        ("acme",): ("data/x",),
        ("cleo",): ("docs/a",),
    }
    world.review(world.ben, number)  # of the organisation, but not cleo
    assert world.blockers(number) == ["maintainers"]
    with pytest.raises(Conflict, match="waits for @cleo: docs/a"):
        world.merge(number)
    world.review(world.cleo, number)
    assert world.blockers(number) == []


def test_a_pull_request_cannot_appoint_its_reviewers(world: RulesWorld) -> None:
    world.put({"MAINTAINERS": "@ben *\n"})
    world.rule(maintainers=True)
    number = world.request({"MAINTAINERS": "nobody/\n", "a": "1"}, world.cleo)
    assert world.blockers(number) == ["maintainers"]
    world.review(world.alice, number)
    assert world.blockers(number) == ["maintainers"]
    world.review(world.ben, number)
    assert world.blockers(number) == []


@on_both("world")
def test_an_owner_who_wrote_all_of_it_has_given_their_word(world: RulesWorld) -> None:
    world.put({"MAINTAINERS": "@ben @bob *\n"})
    world.rule(maintainers=True)
    assert world.blockers(world.request({"a": "1"}, world.ben)) == []
    assert world.blockers(world.request({"a": "1"}, world.bob)) == ["maintainers"]  # may not write
    shared = world.request({"a": "1"}, world.ben)
    world.put({"b": "1"}, f"refs/pr/{shared}", world.cleo)
    assert world.blockers(shared) == ["maintainers"]


@pytest.mark.parametrize("content", ["@a\n", "x" * 70_000])
def test_a_file_with_a_fault_lets_nothing_through(world: RulesWorld, content: str) -> None:
    world.put({"MAINTAINERS": content})
    world.rule(maintainers=True)
    assert world.blockers(world.request({"a": "1"})) == ["fault"]


def test_without_a_file_nobody_is_needed(world: RulesWorld) -> None:
    world.rule(maintainers=True)
    assert world.blockers(world.request({"a": "1"})) == []


def test_several_rules_demand_what_any_of_them_does(world: RulesWorld) -> None:
    world.rule("main", approvals=1)
    world.rule("m*", checks=("unit",), admins_override=True)
    number = world.request({"a": "1"})
    assert world.blockers(number) == ["approvals", "check"]
    with pytest.raises(Forbidden):
        world.merge(number, world.alice, overrides=True)


def test_a_note_of_an_older_hub_is_understood() -> None:
    from groundswell.hub.commits import RefChange

    kept: list[Any] = ["refs/heads/main", None, "0" * 40, 3]
    assert RefChange.from_list(kept) == RefChange("refs/heads/main", None, "0" * 40, 3)
    change = RefChange("refs/heads/main", None, None, None, ("why",), brings_main=True)
    assert RefChange.from_list(change.to_list()) == change
