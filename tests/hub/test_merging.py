"""Pull requests come into main, and main into pull requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groundswell.core.errors import Conflict, Forbidden, NotFound, Unavailable
from groundswell.core.values import AddBlob, AddRegular, DeleteEntry, Visibility
from groundswell.hub.discussions import Status
from groundswell.hub.merging import Method
from groundswell.hub.repos import Repository
from groundswell.store.git import Author, Side
from tests.hub.git_world import GitWorld

LINES = "".join(f"line {number}\n" for number in range(20))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitWorld]:
    world = GitWorld(tmp_path)
    yield world
    world.close()


@pytest.fixture
def repository(world: GitWorld) -> Repository:
    return world.model()


def request(
    world: GitWorld, repository: Repository, theirs: dict[str, str | None], *, is_open: bool = True
) -> int:
    """Open a pull request of bob's that puts these files (None removes)."""
    number = world.discussions.create(world.bob, repository, "Change", is_pull_request=True)
    put(world, repository, theirs, f"refs/pr/{number}", world.bob)
    if is_open:
        world.discussions.set_status(world.bob, repository, number, Status.OPEN)
    return number


def put(
    world: GitWorld,
    repository: Repository,
    files: dict[str, str | None],
    revision: str = "main",
    who: Any = None,
) -> str:
    operations = [
        DeleteEntry(path) if text is None else AddRegular(path, text.encode())
        for path, text in files.items()
    ]
    return world.commit(repository, *operations, revision=revision, who=who).commit


def text(world: GitWorld, repository: Repository, path: str) -> str | None:
    found = world.tree(repository).get(path)
    return None if found is None else found.decode()


def types(world: GitWorld, repository: Repository, number: int) -> list[str]:
    found = world.discussions.get(repository, number)
    return [each.type for each in world.discussions.timeline(found).happenings]


def test_merging_brings_both_sides_together(world: GitWorld, repository: Repository) -> None:
    put(world, repository, {"both.txt": "0", "gone.txt": "0", "same.txt": "0"})
    theirs = {
        "new/a.txt": "1",
        "gone.txt": None,
        "same.txt": "2",
        "README.md": "---\nlicense: mit\n---",
    }
    number = request(world, repository, theirs, is_open=False)
    put(world, repository, {"both.txt": "3", "same.txt": "2"})
    with pytest.raises(Conflict, match="draft"):
        world.merging.merge(world.alice, repository, number)
    world.discussions.set_status(world.alice, repository, number, Status.OPEN)
    with pytest.raises(Forbidden):
        world.merging.merge(world.bob, repository, number)
    merged = world.merging.merge(world.alice, repository, number, comment="Thank you")
    assert world.git.head(repository.id) == merged
    summary = world.git.commit_summary(repository.id, merged)
    assert len(summary.parents) == 2
    assert (summary.title, summary.author.name) == ("Change (#1)", "alice")
    assert text(world, repository, "both.txt") == "3"
    assert text(world, repository, "new/a.txt") == "1"
    assert text(world, repository, "same.txt") == "2"
    assert text(world, repository, "gone.txt") is None
    found = world.discussions.get(repository, number)
    assert (found.status, found.merge_commit) == (Status.MERGED, merged)
    assert world.found(repository).card == {"license": "mit"}
    assert types(world, repository, number)[-2:] == ["discussion.commented", "pull_request.merged"]
    with pytest.raises(Conflict):
        world.merging.merge(world.alice, repository, number)
    with pytest.raises(Conflict):
        world.discussions.set_status(world.alice, repository, number, Status.OPEN)


def test_a_merge_is_a_move_of_main_like_any_other(world: GitWorld, repository: Repository) -> None:
    number = request(world, repository, {"a": "1"})
    merged = world.merging.merge(world.alice, repository, number)
    events = world.database.read(
        lambda conn: conn.exec_driver_sql("SELECT type, payload FROM events ORDER BY id").all()
    )
    landed = [payload for type_, payload in events if type_ == "commit.landed"]
    assert '"refs/heads/main"' in landed[-1]
    assert merged in landed[-1]
    assert list(world.git.notes.pending()) == []


def test_a_squash_is_one_commit_of_its_author(world: GitWorld, repository: Repository) -> None:
    number = request(world, repository, {"a": "1"})
    put(world, repository, {"b": "2"}, f"refs/pr/{number}", world.alice)
    put(world, repository, {"a": "3"}, f"refs/pr/{number}", world.bob)
    main = put(world, repository, {"c": "4"})
    merged = world.merging.merge(world.alice, repository, number, Method.SQUASH)
    summary = world.git.commit_summary(repository.id, merged)
    assert summary.parents == (main,)
    assert summary.author.name == "bob"
    assert summary.message.splitlines() == [
        "Change (#1)",
        "",
        "* change",
        "* change",
        "* change",
        "",
        "Co-authored-by: alice <alice@users.noreply>",
    ]
    shown = world.real_git(repository, "log", "-1", "--format=%an %cn", merged)
    assert shown.strip() == "bob alice"
    assert {path: text(world, repository, path) for path in "abc"} == {"a": "3", "b": "2", "c": "4"}


def test_texts_are_joined_line_by_line(world: GitWorld, repository: Repository) -> None:
    put(world, repository, {"t.txt": LINES})
    number = request(world, repository, {"t.txt": LINES.replace("line 2\n", "theirs\n")})
    put(world, repository, {"t.txt": LINES.replace("line 17\n", "ours\n")})
    found = world.merging.look(repository, world.discussions.get(repository, number))
    assert found.is_clean
    assert (found.ahead, found.behind) == (1, 1)
    world.merging.merge(world.alice, repository, number)
    joined = LINES.replace("line 2\n", "theirs\n").replace("line 17\n", "ours\n")
    assert text(world, repository, "t.txt") == joined


def test_an_executable_stays_one(world: GitWorld, repository: Repository) -> None:
    put(world, repository, {"run.sh": LINES})
    number = request(world, repository, {"run.sh": LINES.replace("line 2\n", "theirs\n")})
    head = world.git.head(repository.id)
    edit = world.git.edit(repository.id, head)
    blob = world.git.write_blob(repository.id, LINES.replace("line 17\n", "ours\n").encode())
    edit.put("run.sh", Side(0o100755, blob))
    assert head is not None
    made = world.git.make_commit(
        repository.id,
        tree=edit.write(),
        parents=[head],
        author=Author("a", "a@b"),
        message="x",
        time=10**15,
    )
    world.git.swap_ref(repository.id, "refs/heads/main", head, made)
    merged = world.merging.merge(world.alice, repository, number)
    side = world.git.side_at(repository.id, merged, "run.sh")
    assert side is not None
    assert side.mode == 0o100755


def test_pointers_are_never_joined(world: GitWorld, repository: Repository) -> None:
    """Two versions of weights: their pointers are text, and lines of both mean nothing."""
    world.large(repository, "w.bin", b"0" * 1000)
    number = world.discussions.create(world.alice, repository, "x", is_pull_request=True)
    world.discussions.set_status(world.alice, repository, number, Status.OPEN)
    reference = f"refs/pr/{number}"
    ours, theirs = world.upload(repository, b"1" * 1000), world.upload(repository, b"2" * 2000)
    world.commit(repository, AddBlob("w.bin", ours, 1000))
    world.commit(repository, AddBlob("w.bin", theirs, 2000), revision=reference)
    found = world.merging.look(repository, world.discussions.get(repository, number))
    assert [(each.path, each.marked) for each in found.collisions] == [("w.bin", None)]
    with pytest.raises(Conflict, match=r"both sides: w\.bin"):
        world.merging.merge(world.alice, repository, number)


def test_merging_on_an_unmoved_main_works(world: GitWorld, repository: Repository) -> None:
    number = request(world, repository, {"a": "1"})
    world.merging.merge(world.alice, repository, number)
    assert text(world, repository, "a") == "1"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"f": "1"}, {"f": "2"}),
        ({"f": None}, {"f": "2"}),
        ({"f": "1"}, {"f": None}),
        ({"n": "1"}, {"n": "2"}),
        ({"n": "1"}, {"n/x": "2"}),
        ({"n/x": "1"}, {"n": "2"}),
        ({"f": "1\0"}, {"f": "2\0"}),
    ],
)
def test_collisions_are_named_and_change_nothing(
    world: GitWorld, repository: Repository, theirs: Any, ours: Any
) -> None:
    put(world, repository, {"f": "0"})
    number = request(world, repository, theirs)
    before = put(world, repository, ours)
    (found,) = world.merging.look(repository, world.discussions.get(repository, number)).collisions
    assert found.path in {"f", "n", "n/x"}
    with pytest.raises(Conflict, match=r"both sides: [fn]"):
        world.merging.merge(world.alice, repository, number, comment="Thank you")
    assert "discussion.commented" not in types(world, repository, number)
    with pytest.raises(Conflict, match=r"both sides: [fn]"):
        world.merging.bring_up_to_date(world.bob, repository, number)
    assert world.git.head(repository.id) == before
    assert world.discussions.get(repository, number).status is Status.OPEN


def test_colliding_lines_come_with_both_sides_marked(
    world: GitWorld, repository: Repository
) -> None:
    put(world, repository, {"t.txt": LINES})
    number = request(world, repository, {"t.txt": LINES.replace("line 2\n", "theirs\n")})
    put(world, repository, {"t.txt": LINES.replace("line 2\n", "ours\n")})
    (found,) = world.merging.look(repository, world.discussions.get(repository, number)).collisions
    assert found.marked is not None
    assert "<<<<<<<" in found.marked
    assert "ours\n=======\ntheirs\n" in found.marked


def test_a_stale_pull_request_is_brought_up_to_date(
    world: GitWorld, repository: Repository
) -> None:
    number = request(world, repository, {"a": "1"})
    main = put(world, repository, {"b": "2"})
    carol = world.user("carol")
    with pytest.raises(Forbidden):
        world.merging.bring_up_to_date(carol, repository, number)
    head = world.merging.bring_up_to_date(world.bob, repository, number)
    assert world.git.is_ancestor(repository.id, main, head)
    assert world.merging.bring_up_to_date(world.bob, repository, number) == head
    assert set(world.tree(repository, f"refs/pr/{number}")) >= {"a", "b"}
    found = world.merging.look(repository, world.discussions.get(repository, number))
    assert (found.behind, found.is_clean) == (0, True)
    assert types(world, repository, number)[-1] == "commit.landed"
    world.discussions.set_status(world.bob, repository, number, Status.CLOSED)
    with pytest.raises(Conflict, match="closed"):
        world.merging.bring_up_to_date(world.bob, repository, number)


def test_what_came_by_hand_is_merged_already(world: GitWorld, repository: Repository) -> None:
    number = request(world, repository, {"a": "1"})
    made = world.git.resolve(repository.id, f"refs/pr/{number}")
    assert made is not None
    world.git.swap_ref(repository.id, "refs/heads/main", world.git.head(repository.id), made)
    assert world.merging.merge(world.alice, repository, number) == made
    assert world.discussions.get(repository, number).status is Status.MERGED


def test_a_merge_cut_short_after_the_ref_is_recorded_at_the_next_start(
    world: GitWorld, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = request(world, repository, {"a": "1"})
    landing = world.commits.landing

    def cut(*_: Any, **__: Any) -> Any:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(landing, "rows", cut)
        with pytest.raises(Unavailable):
            world.merging.merge(world.alice, repository, number)
    head = world.git.head(repository.id)
    assert world.discussions.get(repository, number).status is Status.OPEN
    assert world.commits.recover() == 1
    found = world.discussions.get(repository, number)
    assert (found.status, found.merge_commit) == (Status.MERGED, head)
    assert world.commits.recover() == 0
    assert types(world, repository, number).count("pull_request.merged") == 1


def test_a_merged_one_is_shown_as_it_was(world: GitWorld, repository: Repository) -> None:
    number = request(world, repository, {"a": "1"})
    head = world.git.resolve(repository.id, f"refs/pr/{number}")
    for method in (Method.MERGE, Method.SQUASH):
        if method is Method.SQUASH:
            number = request(world, repository, {"b": "1"})
            head = world.git.resolve(repository.id, f"refs/pr/{number}")
        world.merging.merge(world.alice, repository, number, method)
        put(world, repository, {"later": method.value})
        found = world.merging.look(repository, world.discussions.get(repository, number))
        assert [each.id for each in found.commits] == [head]
        assert found.collisions == ()


def test_a_merged_one_is_shown_when_the_merge_was_cut_off(
    world: GitWorld, repository: Repository
) -> None:
    """Squashing main cuts the merge off its history, and tidying then removes it."""
    put(world, repository, {"a": "1"})
    number = request(world, repository, {"b": "1"})
    world.merging.merge(world.alice, repository, number)
    world.references.super_squash(world.alice, repository, "main")
    assert world.git.upkeep(repository.id)
    merged = world.discussions.get(repository, number)
    assert merged.merge_commit is not None
    assert not world.git.is_commit(repository.id, merged.merge_commit)
    meeting = world.merging.look(repository, merged)
    assert (meeting.ahead, meeting.base) == (1, merged.base_commit)


def test_commits_of_a_push_are_told_one_by_one(world: GitWorld, repository: Repository) -> None:
    number = request(world, repository, {"a": "1"})
    found = world.discussions.timeline(world.discussions.get(repository, number)).happenings
    landed = [each.payload for each in found if each.type == "commit.landed"]
    head = world.git.resolve(repository.id, f"refs/pr/{number}")
    assert [each["commits"] for each in landed] == [[[head, "change"]]]
    assert landed[0]["commit_count"] == 1


def test_plain_discussions_do_not_merge(world: GitWorld, repository: Repository) -> None:
    number = world.discussions.create(world.alice, repository, "x")
    with pytest.raises(NotFound):
        world.merging.merge(world.alice, repository, number)
    with pytest.raises(NotFound):
        world.merging.bring_up_to_date(world.alice, repository, number)


def test_the_merge_of_what_became_private_is_not_found(
    world: GitWorld, repository: Repository
) -> None:
    number = request(world, repository, {"a": "1"})
    world.repos.update_settings(world.alice, repository.repo_id, visibility=Visibility.PRIVATE)
    with pytest.raises(NotFound):
        world.merging.bring_up_to_date(world.bob, repository, number)
