"""Reviews: who stands where, what is said on which lines, and suggestions that become commits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from groundswell.core.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidPath,
    NotFound,
    ParentMoved,
    RepoNotFound,
    Unauthenticated,
)
from groundswell.core.values import (
    ANONYMOUS,
    AddBlob,
    Principal,
    RepoId,
    RepoKind,
    Role,
    TokenRole,
    Visibility,
)
from groundswell.hub.discussions import Status
from groundswell.hub.reviews import (
    Decision,
    Half,
    NewComment,
    Place,
    Thread,
    rows,
    service,
    threads,
)
from groundswell.hub.reviews.places import shift_of
from groundswell.hub.reviews.suggestions import Replacement, replaced, split
from groundswell.hub.reviews.values import TEXT_CHARACTERS_MAX, VERSIONS_MAX
from groundswell.hub.rules.histories import lacking_sign_off
from groundswell.store import tables
from groundswell.store.git import Hunk
from tests.hub.review_world import NEW, OLD, Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.close()


# --- where reviewers stand ------------------------------------------------------------------------


def test_the_last_verdict_of_each_reviewer_counts(stage: Stage) -> None:
    assert stage.standing() == []
    stage.submit(stage.eve, Decision.CHANGES_REQUESTED, "Not yet.")
    stage.approve(stage.alice)
    assert stage.standing() == [
        ("eve", "changes_requested", False, False),
        ("alice", "approved", False, True),
    ]
    stage.approve(stage.eve)
    stage.submit(stage.eve, Decision.COMMENT, "And a word.")
    assert stage.standing() == [
        ("alice", "approved", False, True),
        ("eve", "approved", False, False),
    ]
    found = stage.reviews.reading.standing(stage.bob, stage.repository, stage.request)
    assert [each.reviewer_id for each in found] == [stage.alice.account_id, stage.eve.account_id]
    assert {each.commit for each in found} == {stage.head}
    stage.push({"more.txt": "1"})
    assert [each[2] for each in stage.standing()] == [True, True]
    stage.approve(stage.eve)
    assert [each[2] for each in stage.standing()] == [True, False]


def test_whether_a_reviewer_may_write_is_judged_when_it_is_asked(stage: Stage) -> None:
    org = stage.accounts.create_organisation("org", by=stage.alice).id
    alice = replace(stage.alice, memberships=((org, Role.ADMIN),))
    eve = replace(stage.eve, memberships=((org, Role.WRITE),))
    stage.accounts.set_member("org", "eve", Role.WRITE, by=alice)
    repository = stage.repos.create(alice, RepoId(RepoKind.MODEL, "org", "m"), Visibility.PRIVATE)
    number = stage.discussions.create(alice, repository, "x", is_pull_request=True)
    stage.reviews.submit(eve, repository, number, Decision.APPROVED)
    request = stage.discussions.get(repository, number)

    def standing() -> list[tuple[str, bool]]:
        found = stage.reviews.reading.standing(alice, repository, request)
        return [(each.reviewer, each.may_write) for each in found]

    assert standing() == [("eve", True)]
    stage.accounts.set_member("org", "eve", Role.READ, by=alice)
    assert standing() == [("eve", False)]
    stage.accounts.set_member("org", "eve", None, by=alice)
    assert standing() == []
    stranger = stage.eve
    reading = stage.reviews.reading
    with pytest.raises(RepoNotFound):
        reading.standing(stranger, repository, request)
    for look in (reading.listed, reading.threads):
        with pytest.raises(RepoNotFound):
            look(stranger, repository, request)
    with pytest.raises(RepoNotFound):
        stage.reviews.submit(stranger, repository, number, Decision.APPROVED)


def test_who_is_disabled_stands_nowhere(stage: Stage) -> None:
    stage.approve(stage.eve)
    table = tables.accounts
    gone = sa.update(table).where(table.c.id == stage.eve.account_id).values(disabled_at=1)
    stage.database.write(lambda conn: conn.execute(gone).rowcount)
    assert stage.standing() == []


def test_a_dismissed_verdict_leaves_none(stage: Stage) -> None:
    stage.submit(stage.eve, Decision.CHANGES_REQUESTED, "No.")
    review = stage.approve(stage.eve)
    args = (stage.repository, stage.number, review.id)
    with pytest.raises(Forbidden):
        stage.reviews.dismiss(stage.bob, *args, "Mine.")
    with pytest.raises(BadRequest):
        stage.reviews.dismiss(stage.alice, *args, " ")
    stage.reviews.dismiss(stage.alice, *args, "Too old.")
    assert stage.standing() == []
    with pytest.raises(Conflict):
        stage.reviews.dismiss(stage.alice, *args, "Again.")
    with pytest.raises(NotFound):
        stage.reviews.dismiss(stage.alice, stage.repository, stage.number, 999, "What?")
    listed = stage.reviews.reading.listed(stage.bob, stage.repository, stage.request)
    told = [(each.is_dismissed, each.dismissed_by, each.dismissal_reason) for each in listed]
    assert told == [(False, None, ""), (True, "alice", "Too old.")]
    assert stage.events()[-1] == "review.dismissed"
    stage.approve(stage.eve)
    assert [each[0] for each in stage.standing()] == ["eve"]


def test_who_may_give_a_verdict(stage: Stage) -> None:
    for decision in (Decision.APPROVED, Decision.CHANGES_REQUESTED):
        with pytest.raises(Forbidden, match="own"):
            stage.submit(stage.bob, decision, "Mine.")
    assert stage.submit(stage.bob, Decision.COMMENT, "Look here.").text == "Look here."
    with pytest.raises(Unauthenticated):
        stage.approve(ANONYMOUS)
    with pytest.raises(Forbidden):
        stage.approve(replace(stage.eve, token_role=TokenRole.READ))
    for decision in (Decision.COMMENT, Decision.CHANGES_REQUESTED):
        with pytest.raises(BadRequest, match="words"):
            stage.submit(stage.eve, decision)
    talk = stage.discussions.create(stage.bob, stage.repository, "Only talk")
    with pytest.raises(NotFound):
        stage.reviews.submit(stage.eve, stage.repository, talk, Decision.APPROVED)
    stage.discussions.set_status(stage.bob, stage.repository, stage.number, Status.CLOSED)
    with pytest.raises(Conflict, match="closed"):
        stage.approve(stage.eve)
    stage.submit(stage.eve, Decision.COMMENT, "Why?")
    assert stage.standing() == []


def test_a_locked_pull_request_is_reviewed_by_its_maintainers(stage: Stage) -> None:
    thread = stage.say("Hm.", 10)
    stage.discussions.set_locked(stage.alice, stage.repository, stage.number, locked=True)
    place = [NewComment(Place("a.txt", Half.NEW, 10, 10), "Hm.")]
    args = (stage.repository, stage.number)
    for work in (
        lambda: stage.approve(stage.eve),
        lambda: stage.reviews.draft(stage.eve, *args, place),
        lambda: stage.reviews.threads.reply(stage.bob, *args, thread.id, "Well."),
        lambda: stage.reviews.threads.resolve(stage.bob, *args, thread.id, done=True),
    ):
        with pytest.raises(Forbidden, match="locked"):
            work()
    stage.approve(stage.alice)
    assert stage.reviews.threads.reply(stage.alice, *args, thread.id, "Well.").comments[1].id


def test_a_review_is_of_a_commit_of_the_pull_request(stage: Stage) -> None:
    before = stage.head
    stage.push({"more.txt": "1"})
    assert stage.submit(stage.eve, Decision.APPROVED, commit=before).commit == before
    assert stage.standing() == [("eve", "approved", True, False)]
    beside = stage.put({"main.txt": "1"})
    for commit in (beside, "0" * 40, "main", "../x", ""):
        with pytest.raises(BadRequest):
            stage.submit(stage.eve, Decision.APPROVED, commit=commit)


# --- lines ----------------------------------------------------------------------------------------


def test_what_is_said_on_lines_follows_them(stage: Stage) -> None:
    new = stage.say("Why b?", 10, 11)
    old = stage.say("Why gone?", 20, side=Half.OLD)
    kept = stage.say("And this?", 13)
    assert (new.excerpt, old.excerpt, kept.excerpt) == ("line ten\nline 10b", "line 20", "line 12")
    assert {each.present for each in (new, old, kept)} == {new.place, old.place, kept.place}
    stage.push({"a.txt": "zero\n" + NEW})
    now = {each.id: each.present for each in stage.known(stage.bob)}
    assert now[new.id] == Place("a.txt", Half.NEW, 11, 12)
    assert now[old.id] == old.place
    assert now[kept.id] == Place("a.txt", Half.NEW, 14, 14)
    stage.push({"a.txt": NEW.replace("line 10b", "line 10c")})
    now = {each.id: each.present for each in stage.known(stage.bob)}
    assert now == {new.id: None, old.id: old.place, kept.id: kept.place}
    stage.push({"a.txt": OLD})  # the pull request changes it no longer
    assert all(each.is_outdated for each in stage.known(stage.bob))
    stage.push({"a.txt": None})
    assert [each.is_outdated for each in stage.known(stage.bob)] == [True, False, True]


def test_places_that_the_diff_does_not_show_are_refused(stage: Stage) -> None:
    stage.push({"bin.dat": "\0\0", "wide.txt": "x" * 300_000})
    stage.commit(
        stage.repository,
        AddBlob("w.bin", stage.upload(stage.repository, b"w" * 5_000, stage.bob), 5_000),
        revision=stage.request.reference,
        who=stage.bob,
    )
    for place, words in (
        (Place("a.txt", Half.NEW, 1, 1), "does not show"),
        (Place("a.txt", Half.NEW, 10, 21), "does not show"),
        (Place("a.txt", Half.NEW, 11, 10), "first one first"),
        (Place("a.txt", Half.NEW, 0, 10), "does not show"),
        (Place("a.txt", Half.NEW, 1, 10**9), "lines"),
        (Place("a.txt", Half.NEW, 10, None), "neither"),
        (Place("same.txt", Half.NEW, 1, 1), "does not change"),
        (Place("gone/a.txt"), "does not change"),
        (Place("bin.dat", Half.NEW, 1, 1), "as a whole"),
        (Place("w.bin", Half.NEW, 1, 1), "as a whole"),
        (Place("wide.txt", Half.NEW, 1, 1), "as a whole"),
        (Place("bin.dat", Half.OLD), "old side"),
    ):
        with pytest.raises(BadRequest, match=words):
            stage.submit(stage.eve, Decision.COMMENT, comments=[NewComment(place, "x")])
    for path in ("../a.txt", "/etc/passwd", "a\0.txt", "", "a//b", ".git/config", "x" * 2_000):
        with pytest.raises(InvalidPath):
            stage.submit(stage.eve, Decision.COMMENT, comments=[NewComment(Place(path), "x")])
    for path in ("bin.dat", "w.bin", "wide.txt"):
        stage.submit(stage.eve, Decision.COMMENT, comments=[NewComment(Place(path), "x")])
    assert [each.present for each in stage.known(stage.bob)] == [
        Place("bin.dat"),
        Place("w.bin"),
        Place("wide.txt"),
    ]
    for text in ("", "  \n", "x" * 20_000, "\ud800"):
        with pytest.raises(BadRequest):
            stage.say(text, 10)


def test_a_shift_counts_what_comes_and_goes_above() -> None:
    hunks = [Hunk(2, 0, 3, 2, ()), Hunk(5, 3, 8, 1, ()), Hunk(20, 1, 21, 1, ())]
    assert shift_of(hunks, 1, 2) == 0
    assert shift_of(hunks, 3, 4) == 2
    assert shift_of(hunks, 2, 3) is None  # something came between
    assert shift_of(hunks, 4, 5) is None
    assert shift_of(hunks, 7, 9) is None
    assert shift_of(hunks, 8, 19) == 0
    assert shift_of(hunks, 19, 20) is None


# --- pending reviews ------------------------------------------------------------------------------


def test_a_pending_review_is_seen_by_its_author_alone(stage: Stage) -> None:
    args = (stage.repository, stage.number)
    place = Place("a.txt", Half.NEW, 10, 10)
    before = stage.events()
    [one] = stage.reviews.draft(stage.eve, *args, [NewComment(place, "First.")])
    [two] = stage.reviews.draft(stage.eve, *args, [NewComment(place, "Second.")])
    assert [each.id for each in stage.known(stage.eve)] == [one, two]
    assert all(each.comments[0].is_pending for each in stage.known(stage.eve))
    assert stage.known(stage.bob) == stage.known(stage.alice) == stage.known(ANONYMOUS) == []
    assert stage.events() == before
    comment = stage.known(stage.eve)[0].comments[0].id
    for who in (stage.alice, stage.bob):
        with pytest.raises(NotFound):
            stage.reviews.threads.reply(who, *args, one, "I see you.")
        with pytest.raises(NotFound):
            stage.reviews.threads.remove(who, *args, comment)
        with pytest.raises(NotFound):
            stage.reviews.applying.apply(who, *args, [comment])
    with pytest.raises(Conflict, match="finish"):
        stage.reviews.threads.reply(stage.eve, *args, one, "Myself.")
    stage.reviews.threads.remove(stage.eve, *args, comment)
    beside = stage.say("At once.", 11, with_pending=False)
    assert [each.id for each in stage.known(stage.bob)] == [beside.id]
    said = stage.submit(stage.eve, Decision.CHANGES_REQUESTED)
    assert [each.id for each in stage.known(stage.bob, said.id)] == [two]
    assert stage.events()[len(before) :] == ["review.submitted"] * 2
    stage.reviews.draft(stage.eve, *args, [NewComment(place, "Third.")])
    stage.reviews.discard(stage.eve, *args)
    stage.reviews.discard(stage.eve, *args)
    assert len(stage.known(stage.eve)) == 2


def test_two_people_have_a_pending_review_each(stage: Stage) -> None:
    place = [NewComment(Place("a.txt", Half.NEW, 10, 10), "x")]
    for who in (stage.eve, stage.alice, stage.eve):
        stage.reviews.draft(who, stage.repository, stage.number, place)
    stage.approve(stage.eve)
    assert [len(stage.known(who)) for who in (stage.eve, stage.alice, stage.bob)] == [2, 3, 2]


def test_reviews_threads_and_comments_are_bounded(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "REVIEW_COMMENTS_MAX", 3)
    monkeypatch.setattr(rows, "THREADS_MAX", 5)
    monkeypatch.setattr(rows, "REVIEWS_MAX", 3)
    monkeypatch.setattr(threads, "THREAD_COMMENTS_MAX", 2)
    monkeypatch.setattr(service, "REVIEW_COMMENTS_MAX", 4)
    args = (stage.repository, stage.number)
    place = NewComment(Place("a.txt", Half.NEW, 10, 10), "x")
    for count, words in ((5, "at most 4"), (4, "at most 3")):
        with pytest.raises(Conflict, match=words):
            stage.submit(stage.eve, Decision.COMMENT, comments=[place] * count)
    stage.submit(stage.eve, Decision.COMMENT, comments=[place] * 3)
    with pytest.raises(Conflict, match="5 threads"):
        stage.submit(stage.eve, Decision.COMMENT, comments=[place] * 3)
    thread = stage.known(stage.eve)[0].id
    stage.reviews.threads.reply(stage.bob, *args, thread, "y")
    with pytest.raises(Conflict, match="holds 2"):
        stage.reviews.threads.reply(stage.bob, *args, thread, "z")
    monkeypatch.setattr(rows, "LINE_COMMENTS_MAX", 4)
    other = stage.known(stage.eve)[1].id
    for work in (
        lambda: stage.reviews.threads.reply(stage.bob, *args, other, "z"),
        lambda: stage.submit(stage.eve, Decision.COMMENT, comments=[place]),
    ):
        with pytest.raises(Conflict, match="4 comments on lines"):
            work()
    stage.approve(stage.eve)
    stage.approve(stage.eve)
    with pytest.raises(Conflict, match="3 reviews"):
        stage.approve(stage.alice)


# --- threads --------------------------------------------------------------------------------------


def test_threads_are_answered_resolved_and_hidden(stage: Stage) -> None:
    thread = stage.say("Why?", 10)
    do, args = stage.reviews.threads, (stage.repository, stage.number, thread.id)
    found = do.reply(stage.bob, *args, "Because.")
    assert [(each.author, each.text) for each in found.comments] == [
        ("eve", "Why?"),
        ("bob", "Because."),
    ]
    stranger = stage.user("mallory")
    with pytest.raises(Forbidden):
        do.resolve(stranger, *args, done=True)
    for who in (stage.bob, stage.eve, stage.alice):
        assert do.resolve(who, *args, done=True).resolved_by == who.name
        assert not do.resolve(who, *args, done=False).is_resolved
    first, second = (each.id for each in found.comments)
    with pytest.raises(Forbidden):
        do.remove(stranger, stage.repository, stage.number, first)
    do.remove(stage.bob, stage.repository, stage.number, second)
    do.remove(stage.alice, stage.repository, stage.number, first)
    do.remove(stage.alice, stage.repository, stage.number, first)
    [thread] = stage.known(stage.bob)
    assert [(each.text, each.is_hidden) for each in thread.comments] == [("", True)] * 2
    with pytest.raises(NotFound):
        do.reply(stage.bob, stage.repository, stage.number, 999, "Where?")
    told = stage.events()
    assert told.count("review_thread.resolved") == told.count("review_thread.reopened") == 3
    assert told.count("line_comment.hidden") == 2
    shown = [each.type for each in stage.discussions.timeline(stage.request).happenings]
    assert shown.count("review.submitted") == 1
    assert not {"review_thread.answered", "line_comment.hidden"} & set(shown)


def test_comments_on_lines_are_edited_with_their_history(stage: Stage) -> None:
    edit = stage.reviews.threads.edit

    def change(who: Principal, comment: int, text: str) -> Thread:
        return edit(who, stage.repository, stage.number, comment, text)

    found = stage.say("Why?", 10)
    comment = found.comments[0].id
    stage.reviews.threads.reply(stage.bob, stage.repository, stage.number, found.id, "Since.")
    changed = change(stage.eve, comment, "Why ten?")
    assert [each.text for each in changed.comments] == ["Why ten?", "Since."]
    change(stage.eve, comment, "Why ten and not 10?")
    change(stage.eve, comment, "Why ten and not 10?")  # the same again is no version
    told = stage.known(stage.bob)[0].comments[0]
    assert [each.text for each in told.earlier] == ["Why?", "Why ten?"]
    assert told.earlier[0].written_at == told.written_at < told.earlier[1].written_at
    assert told.edited_at is not None
    assert told.edited_at > told.earlier[1].written_at
    assert stage.events().count("line_comment.edited") == 2
    for who, text, error in (
        (stage.alice, "Mine.", Forbidden),  # also who may write changes nobody's words
        (stage.eve, "  ", BadRequest),
        (stage.eve, "x" * (TEXT_CHARACTERS_MAX + 1), BadRequest),
        (ANONYMOUS, "No.", Unauthenticated),
    ):
        with pytest.raises(error):
            change(who, comment, text)
    with pytest.raises(NotFound):
        change(stage.eve, 10_000, "No.")
    other = stage.discussions.create(stage.bob, stage.repository, "Other", is_pull_request=True)
    with pytest.raises(NotFound):
        edit(stage.eve, stage.repository, other, comment, "No.")
    stage.discussions.set_locked(stage.alice, stage.repository, stage.number, locked=True)
    with pytest.raises(Forbidden):
        change(stage.eve, comment, "No.")
    stage.discussions.set_locked(stage.alice, stage.repository, stage.number, locked=False)
    for number in range(told.version, VERSIONS_MAX):
        change(stage.eve, comment, f"Version {number}")
    with pytest.raises(Conflict):
        change(stage.eve, comment, "One more.")
    # What was said before goes with it when it is hidden.
    assert stage.count(tables.line_comment_versions) == VERSIONS_MAX - 1
    stage.reviews.threads.remove(stage.alice, stage.repository, stage.number, comment)
    hidden = stage.known(stage.bob)[0].comments[0]
    assert (hidden.text, hidden.earlier, hidden.is_hidden) == ("", (), True)
    assert stage.count(tables.line_comment_versions) == 0
    with pytest.raises(Conflict):
        change(stage.eve, comment, "Again.")


def test_a_pending_comment_is_edited_without_a_trace(stage: Stage) -> None:
    where = NewComment(Place("a.txt", Half.NEW, 10, 10), "Tpyo")
    draft = stage.reviews.draft
    draft(stage.eve, stage.repository, stage.number, [where])
    comment = stage.known(stage.eve)[0].comments[0].id
    edit = stage.reviews.threads.edit
    with pytest.raises(NotFound):
        edit(stage.alice, stage.repository, stage.number, comment, "Mine.")
    edit(stage.eve, stage.repository, stage.number, comment, "Typo")
    stage.submit(stage.eve, Decision.COMMENT)
    told = stage.known(stage.bob)[0].comments[0]
    assert (told.text, told.earlier, told.edited_at) == ("Typo", (), None)
    assert "line_comment.edited" not in stage.events()


def test_an_applied_suggestion_stays_as_it_is(stage: Stage) -> None:
    found = stage.say("Better:\n```suggestion\nline 10\n```", 10)
    comment, edit = found.comments[0].id, stage.reviews.threads.edit
    edited = "Better?\n```suggestion\nline X\n```"
    assert edit(stage.eve, stage.repository, stage.number, comment, edited).comments[0].suggestion
    stage.apply(stage.bob, found)
    assert "line X\n" in stage.text()
    words = edited.replace("Better?", "Better!")
    edit(stage.eve, stage.repository, stage.number, comment, words)
    for text in ("Never mind.", words.replace("X", "Y")):
        with pytest.raises(Conflict):
            edit(stage.eve, stage.repository, stage.number, comment, text)


def test_threads_of_another_pull_request_are_not_there(stage: Stage) -> None:
    thread = stage.say("```suggestion\nx\n```", 10)
    review = thread.review_id
    other = stage.discussions.create(stage.bob, stage.repository, "Other", is_pull_request=True)
    args = (stage.repository, other)
    comment = thread.comments[0].id
    for work in (
        lambda: stage.reviews.threads.reply(stage.bob, *args, thread.id, "x"),
        lambda: stage.reviews.threads.resolve(stage.bob, *args, thread.id, done=True),
        lambda: stage.reviews.threads.remove(stage.alice, *args, comment),
        lambda: stage.reviews.applying.apply(stage.bob, *args, [comment]),
        lambda: stage.reviews.dismiss(stage.alice, *args, review, "x"),
    ):
        with pytest.raises(NotFound):
            work()


# --- suggestions ----------------------------------------------------------------------------------


def test_a_suggestion_is_the_first_fence() -> None:
    assert split("Better:\n```suggestion\na\n  b\n```\nYes?") == ("Better:\n\nYes?", "a\n  b\n")
    assert split("~~~~ suggestion\r\na\r\n```\r\n~~~~") == ("", "a\n```\n")
    assert split("```suggestion\n```") == ("", "")
    assert split("```suggestion\nnever closed") == ("", "never closed\n")
    for text in ("```suggestions\na\n```", "``suggestion\n``", "a ```suggestion", ""):
        assert split(text) == (text, None)


def test_lines_are_replaced_as_they_end() -> None:
    assert replaced(b"a\nb\nc\n", [Replacement(2, 2, "x\ny\n")], "f") == b"a\nx\ny\nc\n"
    assert replaced(b"a\r\nb\r\n", [Replacement(1, 1, "x\ny\n")], "f") == b"x\r\ny\r\nb\r\n"
    assert replaced(b"a\nb", [Replacement(2, 2, "x\n")], "f") == b"a\nx"
    assert replaced(b"a\n", [Replacement(1, 1, "")], "f") == b""
    assert replaced(b"\xff\nb\n", [Replacement(2, 2, "x\n")], "f") == b"\xff\nx\n"
    both = [Replacement(1, 1, "1\n2\n"), Replacement(3, 3, "")]
    assert replaced(b"a\nb\nc\n", both, "f") == b"1\n2\nb\n"
    for wrong in ([Replacement(1, 2, ""), Replacement(2, 3, "")], [Replacement(3, 4, "")]):
        with pytest.raises(Conflict):
            replaced(b"a\nb\nc\n", wrong, "f")


def test_suggestions_become_one_commit(stage: Stage) -> None:
    stage.push({"b.txt": "one\ntwo\n"})
    one = stage.say("Shorter:\n```suggestion\nline 10\n```", 10, 11)
    two = stage.say("```suggestion\n```", 22)
    three = stage.say("```suggestion\nTWO\n```", 2, path="b.txt", who=stage.alice)
    stage.push({"a.txt": "zero\n" + NEW})  # lines move
    with pytest.raises(Forbidden):
        stage.apply(stage.eve, one)
    made = stage.apply(stage.bob, one, two, three)
    assert made == stage.head
    expected = "zero\n" + OLD.replace("line 20\n", "").replace("line 22\n", "")
    assert (stage.text(), stage.text("b.txt")) == (expected, "one\nTWO\n")
    summary = stage.git.commit_summary(stage.repository.id, made)
    assert (summary.author.name, summary.title) == ("bob", "Apply 3 suggestions")
    assert summary.description.split("\n") == [
        "Co-authored-by: eve <eve@users.noreply>",
        "Co-authored-by: alice <alice@users.noreply>",
    ]
    found = stage.known(stage.eve)
    assert {each.comments[0].applied_commit for each in found} == {made}
    assert all(each.is_resolved and each.resolved_by == "bob" for each in found)
    assert stage.events()[-1] == "suggestion.applied"
    with pytest.raises(Conflict, match="applied before"):
        stage.apply(stage.bob, one)


def test_who_applies_a_suggestion_may_sign_it_off(stage: Stage) -> None:
    one = stage.say("```suggestion\nline 10\n```", 10, 11)
    made = stage.apply(stage.bob, one, signs_off=True)
    summary = stage.git.commit_summary(stage.repository.id, made)
    assert summary.description.split("\n") == [
        "Co-authored-by: eve <eve@users.noreply>",
        "Signed-off-by: bob <bob@users.noreply>",
    ]
    assert lacking_sign_off([summary]) == []


def test_suggestions_for_lines_that_changed_are_refused(stage: Stage) -> None:
    thread = stage.say("```suggestion\nline 10\n```", 10, 11)
    meets = stage.say("```suggestion\nx\n```", 11)
    same = stage.say("```suggestion\nline ten\n```", 10)
    with pytest.raises(Conflict, match="same lines"):
        stage.apply(stage.bob, thread, meets)
    with pytest.raises(Conflict, match="read like this"):
        stage.apply(stage.bob, same)
    stage.push({"a.txt": NEW.replace("line 10b", "line 10c")})
    head = stage.head
    with pytest.raises(Conflict, match="have changed"):
        stage.apply(stage.bob, thread)
    stage.push({"a.txt": None})
    with pytest.raises(Conflict, match="no longer a file"):
        stage.apply(stage.bob, thread)
    assert stage.head != head
    assert all(each.comments[0].applied_commit is None for each in stage.known(stage.bob))


def test_what_cannot_be_applied(stage: Stage) -> None:
    words = stage.say("Only words.", 10)
    gone = stage.say("```suggestion\nx\n```", 20, side=Half.OLD)
    for thread in (words, gone):
        with pytest.raises(BadRequest, match="nothing that can be applied"):
            stage.apply(stage.bob, thread)
    args = (stage.repository, stage.number)
    for ids in ([], list(range(1, 60))):
        with pytest.raises(BadRequest):
            stage.reviews.applying.apply(stage.bob, *args, ids)
    good = stage.say("```suggestion\nx\n```", 10)
    stage.discussions.set_status(stage.bob, *args, Status.CLOSED)
    with pytest.raises(Forbidden, match="closed"):
        stage.apply(stage.alice, good)


def test_a_branch_that_moves_meanwhile_is_not_overwritten(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = stage.say("```suggestion\nx\n```", 10)
    moved = stage.reviews.applying._operations

    def late(*args: Any) -> Any:
        found = moved(*args)
        stage.push({"a.txt": "quite different\n"})
        return found

    monkeypatch.setattr(stage.reviews.applying, "_operations", late)
    with pytest.raises(ParentMoved):
        stage.apply(stage.bob, thread)
    assert stage.text() == "quite different\n"


def test_reviews_go_with_their_repository(stage: Stage) -> None:
    thread = stage.say("Why?", 10)
    stage.reviews.threads.reply(stage.bob, stage.repository, stage.number, thread.id, "So.")
    table = tables.discussions
    gone = sa.delete(table).where(table.c.id == stage.request.id)
    stage.database.write(lambda conn: conn.execute(gone).rowcount)
    for table in (tables.reviews, tables.review_threads, tables.line_comments):
        assert stage.count(table) == 0


def test_reviews_are_listed_page_by_page(stage: Stage) -> None:
    def listed(**more: Any) -> list[tuple[str, str, int]]:
        found = stage.reviews.reading.listed(stage.bob, stage.repository, stage.request, **more)
        return [(each.reviewer, each.text, len(each.threads)) for each in found]

    stage.say("Why?", 10)
    said = stage.submit(stage.alice, Decision.APPROVED, "Good.")
    stage.submit(stage.eve, Decision.COMMENT, "Well.")
    assert listed() == [("eve", "", 1), ("alice", "Good.", 0), ("eve", "Well.", 0)]
    assert listed(limit=1) == [("eve", "", 1)]
    assert listed(after=said.comment_id) == [("eve", "Well.", 0)]
    assert listed(only=[said.comment_id]) == [("alice", "Good.", 0)]
