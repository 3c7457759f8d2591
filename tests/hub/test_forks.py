"""Forks: made, told of, compared, brought up to date, proposed from; and what binds them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from groundswell.core.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    GatedRepo,
    InvalidCommit,
    NotFound,
    QuotaExceeded,
    RepoNotFound,
    RevisionNotFound,
    Unavailable,
)
from groundswell.core.values import (
    ANONYMOUS,
    AddBlob,
    AddRegular,
    Gate,
    Principal,
    RepoId,
    RepoKind,
    Role,
    Visibility,
)
from groundswell.hub.discussions import DiscussionQuery, Status
from groundswell.hub.forks import How
from groundswell.hub.repos import Repository
from groundswell.store import tables
from groundswell.store.git.apart import _counted_by_git, count_apart
from tests.hub.git_world import GitWorld

LARGE = os.urandom(200_000)
MAIN = "refs/heads/main"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitWorld]:
    world = GitWorld(tmp_path)
    yield world
    world.close()


@pytest.fixture
def upstream(world: GitWorld) -> Repository:
    repository = world.model("up")
    world.files(repository, **{"a.txt": "1\n"})
    world.large(repository, "m.bin", LARGE)
    return repository


def model(name: str) -> RepoId:
    return RepoId.parse(RepoKind.MODEL, name)


def fork(
    world: GitWorld, source: Repository, name: str = "bob/fork", who: Any = None, **more: Any
) -> Repository:
    return world.forks.fork(who or world.bob, source.repo_id, model(name), **more)


def put(
    world: GitWorld, repository: Repository, path: str, text: str, who: Principal, at: str = "main"
) -> str:
    return world.commit(repository, AddRegular(path, text.encode()), who=who, revision=at).commit


def put_large(
    world: GitWorld, repository: Repository, path: str, content: bytes, who: Principal
) -> str:
    sha256 = world.upload(repository, content, who)
    world.commit(repository, AddBlob(path, sha256, len(content)), who=who)
    return sha256


def events(world: GitWorld, type_: str) -> list[Any]:
    query = sa.select(tables.events).where(tables.events.c.type == type_)
    return list(
        world.database.read(
            lambda c: c.execute(query.order_by(tables.events.c.id)).mappings().all()
        )
    )


def linked(world: GitWorld, repository: Repository) -> set[str]:
    return {each.sha256 for each in world.references.lfs_files(repository).files}


def stored_files(world: GitWorld) -> set[tuple[str, int]]:
    """Every file of the content store, with its size."""
    root = world.folder.root
    return {
        (str(path), path.stat().st_size)
        for place in ("xorbs", "shards", "cold")
        for path in (root / place).rglob("*")
        if path.is_file()
    }


def member(world: GitWorld, name: str, **roles: Role) -> dict[str, Principal]:
    """An organisation, and its members as principals."""
    lab = world.accounts.create_organisation(name, "", private_by_default=False, by=None)
    found = {}
    for user, role in roles.items():
        world.accounts.set_member(name, user, role, by=None)
        known: Principal = getattr(world, user)
        found[user] = replace(known, memberships=((lab.id, role),))
    return found


# --- making ---------------------------------------------------------------------------------------


def test_a_fork_has_everything_and_costs_no_content(world: GitWorld, upstream: Repository) -> None:
    before = stored_files(world)
    made = fork(world, upstream)
    assert stored_files(world) == before
    assert made.head_commit == world.git.head(upstream.id)
    assert linked(world, made) == linked(world, upstream) != set()
    assert made.used_bytes == len(LARGE)
    assert not (world.git.path(made.id) / "objects" / "info" / "alternates").exists()
    (told,) = events(world, "repository.forked")
    assert told["repository_id"] == made.id
    assert told["payload"] == {"upstream_id": upstream.id, "commit": made.head_commit}
    kinship = world.forks.kinship(world.bob, made)
    assert kinship.upstream is not None
    assert kinship.upstream.id == upstream.id
    assert world.forks.kinship(ANONYMOUS, upstream).fork_count == 1
    # Its own from now on.
    put(world, made, "mine.txt", "x", world.bob)
    assert "mine.txt" not in world.tree(upstream)
    world.repos.delete(world.alice, upstream.repo_id)
    assert world.tree(made)["a.txt"] == b"1\n"
    assert world.forks.kinship(world.bob, made).upstream is None


def test_all_branches_or_main_alone(world: GitWorld, upstream: Repository) -> None:
    world.references.create_branch(world.alice, upstream, "dev")
    sha256 = world.upload(upstream, LARGE[::-1])
    world.commit(upstream, AddBlob("d.bin", sha256, len(LARGE)), revision="dev")
    world.references.create_tag(world.alice, upstream, "dev", "v1", "annotated")
    number = world.discussions.create(world.bob, upstream, "PR", is_pull_request=True)
    put(world, upstream, "pr.txt", "x", world.bob, f"refs/pr/{number}")
    alone, whole = (
        fork(world, upstream, "bob/one"),
        fork(world, upstream, "bob/all", all_branches=True),
    )
    assert [each.name for each in world.git.references(alone.id)] == [MAIN]
    names = [each.name for each in world.git.references(whole.id)]
    assert names == ["refs/heads/dev", MAIN, "refs/tags/v1"]
    assert sha256 in linked(world, whole)
    assert sha256 not in linked(world, alone)
    dev = world.git.resolve(upstream.id, "dev")
    assert dev is not None
    assert not world.git.is_commit(alone.id, dev)
    assert world.git.resolve(whole.id, "v1") == dev
    pr = world.git.resolve(upstream.id, f"refs/pr/{number}")
    assert pr is not None
    assert not world.git.is_commit(whole.id, pr)


def test_only_who_may_read_forks_and_a_private_fork_stays_private(
    world: GitWorld, upstream: Repository
) -> None:
    world.repos.update_settings(world.alice, upstream.repo_id, visibility=Visibility.PRIVATE)
    with pytest.raises(RepoNotFound):
        fork(world, upstream)
    with pytest.raises(Forbidden):
        fork(world, upstream, "alice/open", world.alice, visibility=Visibility.PUBLIC)
    made = fork(world, upstream, "alice/kept", world.alice)
    assert made.is_private
    with pytest.raises(Forbidden, match="stays private"):
        world.repos.update_settings(world.alice, made.repo_id, visibility=Visibility.PUBLIC)
    world.repos.update_settings(world.alice, upstream.repo_id, visibility=Visibility.PUBLIC)
    world.repos.update_settings(world.alice, made.repo_id, visibility=Visibility.PUBLIC)
    # Public by right: it stays so when the upstream closes, but does not open again while it is.
    world.repos.update_settings(world.alice, upstream.repo_id, visibility=Visibility.PRIVATE)
    assert not world.found(made).is_private
    world.repos.update_settings(world.alice, made.repo_id, visibility=Visibility.PRIVATE)
    with pytest.raises(Forbidden):
        world.repos.update_settings(world.alice, made.repo_id, visibility=Visibility.PUBLIC)
    world.repos.delete(world.alice, upstream.repo_id)
    with pytest.raises(Forbidden):
        world.repos.update_settings(world.alice, made.repo_id, visibility=Visibility.PUBLIC)
    admin = replace(world.alice, is_admin=True)
    assert not world.repos.update_settings(
        admin, made.repo_id, visibility=Visibility.PUBLIC
    ).is_private


def test_a_fork_unlocks_no_gate(world: GitWorld, upstream: Repository) -> None:
    world.repos.update_settings(world.alice, upstream.repo_id, gate=Gate.MANUAL)
    with pytest.raises(GatedRepo):
        fork(world, upstream)
    made = fork(world, upstream, "alice/kept", world.alice)
    assert made.gate is Gate.MANUAL
    for looser in (Gate.AUTO, Gate.OPEN):
        with pytest.raises(Forbidden, match="manual"):
            world.repos.update_settings(world.alice, made.repo_id, gate=looser)
    world.repos.update_settings(
        world.alice, made.repo_id, visibility=Visibility.PRIVATE, gate=Gate.OPEN
    )
    with pytest.raises(Forbidden):  # nor by a way round
        world.repos.update_settings(world.alice, made.repo_id, visibility=Visibility.PUBLIC)
    world.repos.update_settings(world.alice, upstream.repo_id, gate=Gate.AUTO)
    with pytest.raises(Forbidden, match="auto"):
        world.repos.update_settings(world.alice, made.repo_id, visibility=Visibility.PUBLIC)
    world.repos.update_settings(
        world.alice, made.repo_id, visibility=Visibility.PUBLIC, gate=Gate.AUTO
    )
    world.repos.update_settings(world.alice, upstream.repo_id, gate=Gate.OPEN)
    assert world.repos.update_settings(world.alice, made.repo_id, gate=Gate.OPEN).gate is Gate.OPEN


def test_a_right_that_ends_while_history_is_copied_gives_no_fork(
    world: GitWorld, upstream: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    copying = world.git.create

    def close_then_create(number: int) -> None:
        world.repos.update_settings(world.alice, upstream.repo_id, visibility=Visibility.PRIVATE)
        copying(number)

    monkeypatch.setattr(world.git, "create", close_then_create)
    with pytest.raises(RepoNotFound):
        fork(world, upstream)
    assert world.git.numbers() == [upstream.id]
    assert events(world, "repository.forked") == []


def test_an_interrupted_fork_leaves_nothing(
    world: GitWorld, upstream: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(world.git.barrier, "wait", fail)
    with pytest.raises(Unavailable):
        fork(world, upstream)
    monkeypatch.undo()
    assert world.git.numbers() == [upstream.id]
    assert fork(world, upstream).head_commit == world.git.head(upstream.id)


def test_a_fork_counts_for_its_namespace(world: GitWorld, upstream: Repository) -> None:
    world.blobs.quotas.set("bob", len(LARGE) - 1)
    with pytest.raises(QuotaExceeded):
        fork(world, upstream)
    assert world.git.numbers() == [upstream.id]
    world.blobs.quotas.set("bob", len(LARGE))
    fork(world, upstream)
    (usage,) = world.blobs.quotas.usages(["bob"])
    assert usage.linked_bytes == len(LARGE)


# --- telling --------------------------------------------------------------------------------------


def test_nobody_learns_of_what_they_may_not_see(world: GitWorld, upstream: Repository) -> None:
    hidden = fork(world, upstream, "bob/hidden", visibility=Visibility.PRIVATE)
    shown = fork(world, upstream, "bob/shown")
    below = fork(world, hidden, "bob/below")
    assert below.is_private
    for who, count in ((world.bob, 2), (world.alice, 1), (ANONYMOUS, 1)):
        assert world.forks.kinship(who, upstream).fork_count == count
        page = world.forks.list(who, upstream)
        assert len(page.forks) == count
    seen = world.forks.network(world.alice, upstream)
    assert [each.repository.id for each in seen.nodes] == [upstream.id, shown.id]
    mine = world.forks.network(world.bob, below)
    assert {each.repository.id for each in mine.nodes} == {
        upstream.id, hidden.id, shown.id, below.id,
    }  # fmt: skip
    # What hangs below a hidden one stands alone for others.
    world.repos.update_settings(world.bob, hidden.repo_id, visibility=Visibility.PUBLIC)
    world.repos.update_settings(world.bob, below.repo_id, visibility=Visibility.PUBLIC)
    world.repos.update_settings(world.bob, hidden.repo_id, visibility=Visibility.PRIVATE)
    assert world.forks.kinship(world.alice, below).upstream is None
    assert world.forks.compare(world.alice, below) is None
    alone = world.forks.network(world.alice, below)
    assert [each.repository.id for each in alone.nodes] == [below.id]
    # Deleted and moved: a number is all that was kept.
    world.repos.move(world.alice, upstream.repo_id, model("alice/moved"))
    found = world.forks.kinship(world.alice, shown).upstream
    assert found is not None
    assert found.full_name == "alice/moved"
    world.repos.delete(world.bob, hidden.repo_id)
    assert world.forks.kinship(world.bob, below).upstream is None


def test_forks_are_listed_page_by_page(world: GitWorld, upstream: Repository) -> None:
    made = [fork(world, upstream, f"bob/f{number}").id for number in range(3)]
    first = world.forks.list(ANONYMOUS, upstream, limit=2)
    second = world.forks.list(ANONYMOUS, upstream, limit=2, cursor=first.next_cursor)
    ids = [each.repository.id for each in (*first.forks, *second.forks)]
    assert ids == made[::-1]
    assert second.next_cursor is None


def test_how_far_a_fork_is_from_its_upstream(world: GitWorld, upstream: Repository) -> None:
    made = fork(world, upstream)

    def told() -> tuple[int | None, int | None]:
        found = world.forks.compare(world.bob, made)
        assert found is not None
        return found.ahead, found.behind

    assert told() == (0, 0)
    put(world, made, "b.txt", "1", world.bob)
    assert told() == (1, 0)
    for number in range(3):
        put(world, upstream, "c.txt", str(number), world.alice)
    assert told() == (1, 3)
    world.references.super_squash(world.alice, upstream, "main")
    found = world.forks.compare(world.bob, made)
    assert found is not None
    assert not found.is_related
    below = fork(world, made, "bob/below")
    put(world, below, "d.txt", "1", world.bob)
    nodes = world.forks.network(world.bob, made).nodes
    assert [(each.depth, each.ahead, each.behind) for each in nodes][2] == (2, 1, 0)


def test_counting_agrees_with_git(world: GitWorld, upstream: Repository) -> None:
    """Also where all commits are of one second, and where histories cross."""
    handle = world.git._folders.open(upstream.id)
    tree = str(handle[world.git.head(upstream.id)].tree.id)  # type: ignore[index]
    author = world.git.commit_summary(upstream.id, world.git.head(upstream.id) or "").author
    made: list[str] = []

    def commit(*parents: int, second: int) -> None:
        made.append(
            world.git.make_commit(
                upstream.id, tree=tree, parents=[made[each] for each in parents], author=author,
                message=f"{len(made)}", time=second * 1_000_000,
            )
        )  # fmt: skip

    random = Random(7)
    commit(second=100)
    for number in range(1, 120):
        parents = {
            random.randrange(max(0, number - 6), number) for _ in range(random.choice((1, 1, 2)))
        }
        commit(*parents, second=random.choice((100, 100, 101)))
    for _ in range(60):
        ours, theirs = random.choice(made), random.choice(made)
        found = count_apart(handle, ours, theirs)
        told = world.real_git(
            upstream, "rev-list", "--count", "--left-right", f"{ours}...{theirs}"
        ).split()
        assert [str(found.ahead), str(found.behind)] == told
    told_by_git = _counted_by_git(
        world.git._folders, (upstream.id, made[-1]), (upstream.id, made[3]), is_related=True
    )
    assert told_by_git == count_apart(handle, made[-1], made[3])
    far = count_apart(handle, made[0], made[-1], visits_max=3)
    assert (far.ahead, far.behind) == (None, None)


# --- from the upstream ----------------------------------------------------------------------------


def test_a_sync_goes_forward_and_brings_large_files(world: GitWorld, upstream: Repository) -> None:
    made = fork(world, upstream)
    assert world.forks.sync(world.bob, made).how is How.UNCHANGED
    new = put_large(world, upstream, "n.bin", LARGE[:1000], world.alice)
    before = stored_files(world)
    synced = world.forks.sync(world.bob, made)
    assert synced.how is How.FORWARD
    assert synced.commit == world.git.head(made.id) == world.git.head(upstream.id)
    assert stored_files(world) == before
    assert new in linked(world, made)
    assert world.found(made).head_commit == synced.commit
    (told,) = events(world, "repository.synced")
    assert told["repository_id"] == made.id
    assert told["payload"] == {"upstream_id": upstream.id, "commit": synced.commit}
    assert list(world.git.notes.pending()) == []
    assert list(world.git.path(made.id).glob("incoming-*")) == []


def test_a_sync_merges_what_is_clean_and_names_what_is_not(
    world: GitWorld, upstream: Repository
) -> None:
    made = fork(world, upstream)
    put(world, made, "mine.txt", "1", world.bob)
    put(world, upstream, "theirs.txt", "1", world.alice)
    synced = world.forks.sync(world.bob, made)
    assert synced.how is How.MERGE
    assert {"mine.txt", "theirs.txt"} <= world.tree(made).keys()
    assert len(world.git.commit_summary(made.id, synced.commit).parents) == 2
    found = world.forks.compare(world.bob, made)
    assert found is not None
    assert (found.ahead, found.behind) == (2, 0)
    put(world, made, "a.txt", "ours\n", world.bob)
    theirs = put(world, upstream, "a.txt", "theirs\n", world.alice)
    with pytest.raises(Conflict, match=r"a\.txt"):
        world.forks.sync(world.bob, made)
    assert not world.git.is_commit(made.id, theirs)  # nothing came
    # The way out: a pull request in the fork, from the upstream.
    number = world.forks.propose(world.bob, made, upstream.repo_id, "main", "Catch up")
    assert world.git.resolve(made.id, f"refs/pr/{number}") == theirs
    put(world, made, "a.txt", "ours\n", world.bob, f"refs/pr/{number}")
    world.discussions.set_status(world.bob, made, number, Status.OPEN)
    assert world.merging.merge(world.bob, made, number)
    found = world.forks.compare(world.bob, made)
    assert found is not None
    assert found.behind == 0


def test_a_sync_takes_the_rights_to_both(world: GitWorld, upstream: Repository) -> None:
    made = fork(world, upstream)
    put(world, upstream, "n.txt", "1", world.alice)
    with pytest.raises(Forbidden):
        world.forks.sync(world.alice, made)
    with pytest.raises(NotFound):
        world.forks.sync(world.alice, upstream)
    world.repos.update_settings(world.alice, upstream.repo_id, gate=Gate.MANUAL)
    with pytest.raises(GatedRepo):
        world.forks.sync(world.bob, made)
    world.repos.update_settings(world.alice, upstream.repo_id, visibility=Visibility.PRIVATE)
    with pytest.raises(NotFound):
        world.forks.sync(world.bob, made)


def test_a_sync_opens_nothing_that_closed(world: GitWorld, upstream: Repository) -> None:
    """Whoever may read both brings nothing of a private upstream into a public fork."""
    lab = member(world, "lab", alice=Role.ADMIN, bob=Role.READ)
    source = world.repos.create(lab["alice"], model("lab/up"), Visibility.PUBLIC)
    put(world, source, "a.txt", "1", lab["alice"])
    bob = lab["bob"]
    made = fork(world, source, "bob/of-lab", bob)
    world.repos.update_settings(lab["alice"], source.repo_id, visibility=Visibility.PRIVATE)
    secret = put(world, source, "s", "s", lab["alice"])
    with pytest.raises(Conflict, match="not open to everybody"):
        world.forks.sync(bob, made)
    assert not world.git.is_commit(made.id, secret)
    closed = world.repos.update_settings(bob, made.repo_id, visibility=Visibility.PRIVATE)
    assert world.forks.sync(bob, closed).how is How.FORWARD
    with pytest.raises(Forbidden):  # what came binds it
        world.repos.update_settings(bob, made.repo_id, visibility=Visibility.PUBLIC)
    # Out of the organisation: the copy stays, the upstream is nothing to them any more.
    assert world.tree(closed)["s"] == b"s"
    assert world.forks.kinship(world.bob, closed).upstream is None


def test_a_crash_after_a_sync_is_made_good(
    world: GitWorld, upstream: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fork(world, upstream)
    put_large(world, upstream, "n.bin", LARGE[:1000], world.alice)

    def fall(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(world.commits.landing, "rows", fall)
    with pytest.raises(KeyboardInterrupt):
        world.forks.sync(world.bob, made)
    monkeypatch.undo()
    assert events(world, "repository.synced") == []
    assert world.commits.recover() == 1
    assert len(events(world, "repository.synced")) == 1
    assert world.found(made).head_commit == world.git.head(upstream.id)


# --- pull requests --------------------------------------------------------------------------------


def test_a_pull_request_from_a_fork(world: GitWorld, upstream: Repository) -> None:
    made = fork(world, upstream)
    sha256 = put_large(world, made, "new.bin", LARGE[:3000], world.bob)
    before = stored_files(world)
    preview = world.forks.preview(made, "main", upstream)
    assert (preview.ahead, preview.collisions, preview.opens) == (1, (), False)
    number = world.forks.propose(world.bob, upstream, made.repo_id, "main", "Better", "Look")
    request = world.discussions.get(upstream, number)
    assert (request.title, request.author, request.status) == ("Better", "bob", Status.DRAFT)
    assert world.git.resolve(upstream.id, request.reference) == world.git.head(made.id)
    assert sha256 in linked(world, upstream)
    assert stored_files(world) == before
    look = world.merging.look(upstream, request)
    assert (look.ahead, look.behind, look.is_clean) == (1, 0, True)
    source = world.forks.source_of(world.alice, request)
    assert source is not None
    assert (source.repository.id, source.branch, source.has_more) == (made.id, "main", False)
    # More comes when it is asked for.
    put(world, made, "more.txt", "1", world.bob)
    source = world.forks.source_of(world.alice, request)
    assert source is not None
    assert source.has_more
    assert world.forks.refresh(world.bob, upstream, number).how is How.FORWARD
    assert world.merging.look(upstream, request).ahead == 2
    put(world, upstream, "main.txt", "1", world.alice)
    world.merging.bring_up_to_date(world.bob, upstream, number)
    put(world, made, "last.txt", "1", world.bob)
    assert world.forks.refresh(world.bob, upstream, number).how is How.MERGE
    world.discussions.set_status(world.bob, upstream, number, Status.OPEN)
    world.merging.merge(world.alice, upstream, number)
    assert {"more.txt", "last.txt", "new.bin"} <= world.tree(upstream).keys()
    with pytest.raises(Conflict):
        world.forks.refresh(world.bob, upstream, number)
    plan = world.blobs.plan(upstream.id, sha256)
    assert b"".join(world.blobs.open_content(plan, 0, 3000)) == LARGE[:3000]


def test_what_cannot_be_proposed(world: GitWorld, upstream: Repository) -> None:
    made, other = fork(world, upstream), world.model("other")
    with pytest.raises(Conflict, match="everything"):
        world.forks.propose(world.bob, upstream, made.repo_id, "main", "Nothing")
    put(world, made, "x.txt", "1", world.bob)
    with pytest.raises(BadRequest):
        world.forks.propose(world.bob, upstream, made.repo_id, "main", "  ")
    with pytest.raises(RevisionNotFound):
        world.forks.propose(world.bob, upstream, made.repo_id, "dev", "No branch")
    with pytest.raises(BadRequest, match="forked"):
        world.forks.propose(world.bob, other, made.repo_id, "main", "No kin")
    with pytest.raises(RepoNotFound):
        world.forks.propose(world.bob, upstream, model("bob/absent"), "main", "Absent")
    sha256 = put_large(world, made, "gone.bin", LARGE[:500], world.bob)
    world.references.delete_lfs_files(world.bob, made, [sha256], rewrite_history=False)
    with pytest.raises(InvalidCommit, match=r"gone\.bin"):
        world.forks.propose(world.bob, upstream, made.repo_id, "main", "Lost")
    assert world.discussions.list(upstream, DiscussionQuery()).count == 0
    assert not world.git.is_commit(upstream.id, world.git.head(made.id) or "")


def test_a_proposal_counts_where_it_goes(world: GitWorld, upstream: Repository) -> None:
    made = fork(world, upstream)
    put_large(world, made, "new.bin", LARGE[:3000], world.bob)
    world.blobs.quotas.set("alice", len(LARGE) + 2_999)
    with pytest.raises(QuotaExceeded):
        world.forks.propose(world.bob, upstream, made.repo_id, "main", "Better")
    assert not world.git.is_commit(upstream.id, world.git.head(made.id) or "")
    world.blobs.quotas.set("alice", len(LARGE) + 3_000)
    assert world.forks.propose(world.bob, upstream, made.repo_id, "main", "Better") == 1


def test_proposing_from_a_private_fork_takes_the_right_to_write_it(
    world: GitWorld, upstream: Repository
) -> None:
    lab = member(world, "lab", alice=Role.ADMIN, bob=Role.READ)
    made = fork(world, upstream, "lab/fork", lab["alice"], visibility=Visibility.PRIVATE)
    put(world, made, "x.txt", "1", lab["alice"])
    assert world.forks.preview(made, "main", upstream).opens
    with pytest.raises(Forbidden):
        world.forks.propose(lab["bob"], upstream, made.repo_id, "main", "Theirs")
    with pytest.raises(RepoNotFound):
        world.forks.propose(world.bob, upstream, made.repo_id, "main", "Theirs")
    assert not world.git.is_commit(upstream.id, world.git.head(made.id) or "")
    number = world.forks.propose(lab["alice"], upstream, made.repo_id, "main", "Ours")
    request = world.discussions.get(upstream, number)
    # Where it came from is told to who may see that.
    assert world.forks.source_of(world.bob, request) is None
    assert world.forks.source_of(lab["bob"], request) is not None
    told = events(world, "discussion.created")[-1]
    assert "lab/fork" not in str(told["payload"])
    with pytest.raises(NotFound):
        world.forks.refresh(world.alice, upstream, number)
