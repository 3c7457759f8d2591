"""Buckets over real stores: batches, rights, room, lists, followers; and a bucket against a dict."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from groundswell.core.errors import (
    BadRequest,
    EntryNotFound,
    Forbidden,
    NameTaken,
    NotFound,
    QuotaExceeded,
    RepoMoved,
    RepoNotFound,
    Unauthenticated,
)
from groundswell.core.policy import Action
from groundswell.core.values import (
    ANONYMOUS,
    AddFile,
    BucketOperation,
    CopyFile,
    DeleteFile,
    Principal,
    RepoGrant,
    RepoId,
    RepoKind,
    Role,
    TokenRole,
    Visibility,
)
from groundswell.hub.buckets import BucketFile, Buckets, Since, values
from groundswell.hub.collections import Collections, ItemName, ItemType
from groundswell.hub.search import ListQuery, Search
from groundswell.hub.upkeep import Premises
from groundswell.hub.upkeep.buckets import report_buckets
from groundswell.hub.upkeep.collecting import Collector, bring_back
from groundswell.hub.upkeep.findings import Report
from groundswell.store.tables import bucket_files, events, links, lost_links
from tests.hub.git_world import GitWorld


class World(GitWorld):
    def __init__(self, root: Path, url: str | None = None) -> None:
        super().__init__(root, url)
        self.buckets = Buckets(self.database, self.blobs, self.now)

    def bucket(
        self, name: str = "b", visibility: Visibility = Visibility.PUBLIC, owner: str = "alice"
    ) -> RepoId:
        who = self.alice if owner == "alice" else self.bob
        wanted = RepoId(RepoKind.BUCKET, owner, name)
        return self.repos.create_bucket(who, wanted, visibility).repo_id

    def number(self, bucket: RepoId) -> int:
        return self.repos.find(self.alice, bucket, Action.SEE).id

    def send(self, bucket: RepoId, content: bytes, who: Principal | None = None) -> str:
        """Content as a client sends it before a batch; its Xet hash."""
        who = who or self.alice
        repository = self.repos.find(who, bucket, Action.SEE)
        sha256 = self.upload(repository, content, who)
        return self.blobs.claimed_or_linked(repository.id, who.account_id, [sha256])[
            sha256
        ].file_hash

    def batch(
        self, bucket: RepoId, *operations: BucketOperation, who: Principal | None = None
    ) -> dict[str, str]:
        """What failed, and why."""
        result = self.buckets.batch(who or self.alice, bucket, operations)
        assert result.operation_count == len(operations)
        return {each.path: each.reason for each in result.failures}

    def put(self, bucket: RepoId, **files: bytes) -> None:
        operations = [AddFile(path, self.send(bucket, each)) for path, each in files.items()]
        assert self.batch(bucket, *operations) == {}

    def paths(self, bucket: RepoId, prefix: str = "", who: Principal | None = None) -> list[str]:
        page = self.buckets.tree(who or self.alice, bucket, prefix)
        return [each.path for each in page.items]

    def level(self, bucket: RepoId, prefix: str = "", limit: int = 1_000) -> list[str]:
        """Files and folders of one level, folders with a slash, through every page."""
        found: list[str] = []
        cursor = None
        while True:
            page = self.buckets.tree(
                self.alice, bucket, prefix, recursive=False, cursor=cursor, limit=limit
            )
            found += [
                each.path if isinstance(each, BucketFile) else f"{each.path}/"
                for each in page.items
            ]
            if (cursor := page.next_cursor) is None:
                return found

    def read(self, bucket: RepoId, path: str, who: Principal | None = None) -> bytes:
        found = self.buckets.locate(who or self.alice, bucket, path)
        return b"".join(self.blobs.open_content(found.plan, 0, found.plan.size_bytes))

    def linked(self, bucket: RepoId) -> int:
        query = sa.select(sa.func.count()).where(links.c.repository_id == self.number(bucket))
        return self.database.read(lambda conn: conn.execute(query).scalar_one())

    def premises(self) -> Premises:
        return Premises(self.database, self.store, self.git, self.folder, self.now)

    def sound(self) -> None:
        report = Report("fsck", 0)
        report_buckets(self.premises(), report)
        assert report.findings == []


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "data")
    yield made
    made.sound()
    made.close()


def test_a_bucket_has_a_name_like_every_repository_and_no_folder(world: World) -> None:
    bucket = world.bucket("Logs")
    with pytest.raises(NameTaken) as taken:
        world.bucket("logs")
    assert taken.value.url == "buckets/alice/Logs"
    model = world.model("Logs")  # another kind: another name
    assert model.kind is RepoKind.MODEL
    assert not world.git.exists(world.number(bucket))
    with pytest.raises(Forbidden):
        world.repos.create_bucket(world.bob, RepoId(RepoKind.BUCKET, "alice", "more"))
    with pytest.raises(Unauthenticated):
        world.repos.create_bucket(ANONYMOUS, RepoId(RepoKind.BUCKET, "alice", "more"))
    more = RepoId(RepoKind.BUCKET, "alice", "more")
    with pytest.raises(BadRequest):
        world.repos.create(world.alice, more)
    with pytest.raises(BadRequest):
        world.repos.duplicate(world.alice, bucket, more)

    world.put(bucket, file=b"content")
    moved = RepoId(RepoKind.BUCKET, "alice", "moved")
    world.repos.move(world.alice, bucket, moved)
    with pytest.raises(RepoMoved):
        world.buckets.get(world.alice, bucket)
    assert world.paths(moved) == ["file"]
    world.repos.delete(world.alice, moved)
    with pytest.raises(RepoNotFound):
        world.buckets.get(world.alice, moved)
    with pytest.raises(NotFound, match="cannot be brought back"):
        bring_back(world.premises(), moved)
    rows = sa.select(sa.func.count()).select_from(bucket_files)
    assert world.database.read(lambda conn: conn.execute(rows).scalar_one()) == 0


def test_no_list_of_another_kind_tells_of_a_bucket(world: World) -> None:
    bucket = world.bucket("secretly", Visibility.PUBLIC)
    for kind in RepoKind:
        found = Search(world.database).list(world.alice, kind, ListQuery()).repositories
        assert [each.repo_id for each in found] == ([bucket] if kind is RepoKind.BUCKET else [])


def test_the_buckets_of_a_namespace_are_those_that_one_may_see(world: World) -> None:
    for number in range(5):
        world.bucket(f"run-{number}", Visibility.PRIVATE if number % 2 else Visibility.PUBLIC)
    world.put(RepoId(RepoKind.BUCKET, "alice", "run-0"), a=b"12", b=b"345")

    def names(who: Principal, **more: object) -> list[str]:
        page = world.buckets.list(who, "Alice", **more)  # type: ignore[arg-type]
        return [each.repository.repo_id.name for each in page.buckets]

    assert names(world.alice) == [f"run-{number}" for number in (4, 3, 2, 1, 0)]
    assert names(world.bob) == names(ANONYMOUS) == ["run-4", "run-2", "run-0"]
    assert names(world.alice, word="RUN-3") == ["run-3"]
    assert names(world.bob, word="run-3") == []
    first = world.buckets.list(world.alice, "alice", limit=2)
    second = world.buckets.list(world.alice, "alice", cursor=first.next_cursor)
    assert len(first.buckets) == 2
    assert len(second.buckets) == 3
    last = second.buckets[-1]
    assert (last.file_count, last.size_bytes) == (2, 5)
    with pytest.raises(BadRequest):
        world.buckets.list(world.alice, "alice", cursor="x")
    for word in ("x" * 201, "\0"):
        with pytest.raises(BadRequest):
            world.buckets.list(world.alice, "alice", word)


def test_a_batch_is_carried_out_in_order(world: World) -> None:
    bucket = world.bucket()
    one, two = world.send(bucket, b"one"), world.send(bucket, b"two")
    failed = world.batch(
        bucket,
        AddFile("a", one, 1_600_000_000_000_000, "text/plain"),
        AddFile("a", two),
        AddFile("b", one),
        DeleteFile("b"),
        DeleteFile("never there"),
        CopyFile("c", two, "bucket", bucket.full_name),
    )
    # What the batch itself brings is the bucket's only when it has ended.
    assert failed == {"c": "The source holds no content of this hash."}
    assert world.paths(bucket) == ["a"]
    assert world.read(bucket, "a") == b"two"
    bucket_now = world.buckets.get(ANONYMOUS, bucket)
    assert (bucket_now.file_count, bucket_now.size_bytes) == (1, 3)
    assert bucket_now.repository.used_bytes == 3
    assert world.batch(bucket, CopyFile("c", two, "bucket", bucket.full_name)) == {}
    query = sa.select(events.c.payload).where(events.c.type == "bucket.changed")
    told = world.database.read(
        lambda conn: conn.execute(query.order_by(events.c.id)).scalars().all()
    )
    assert [(each["add"], each["update"], each["delete"]) for each in told] == [
        (2, 1, 1),
        (1, 0, 0),
    ]


def test_paths_are_those_that_repositories_allow(world: World) -> None:
    bucket = world.bucket()
    content = world.send(bucket, b"x")
    world.put(bucket, **{"a/b/c": b"x", "Straße/x": b"x"})
    refused = ["", "/a", "../a", "a//b", ".git/x", "con", "a/b", "a/b/c/d", "A/x", "a/B/x", "a/b/C",
               "STRASSE/y", "x" * 1_025]  # fmt: skip
    failed = world.batch(bucket, *(AddFile(path, content) for path in refused))
    assert list(failed) == refused
    assert failed["a/b"] == "'a/b' is a folder"
    assert failed["a/b/c/d"] == "'a/b/c' is a file"
    assert "cannot tell it from 'a'" in failed["A/x"]
    assert world.paths(bucket) == ["Straße/x", "a/b/c"]
    allowed = ["a/b/d", "Straße/y", "a/é", "z z/\U0010ffff", "main/resolve/x"]
    assert world.batch(bucket, *(AddFile(path, content) for path in allowed)) == {}
    # What is deleted stands in nobody's way.
    freed = (DeleteFile("a/b/c"), DeleteFile("a/b/d"), AddFile("a/B", content))
    assert world.batch(bucket, *freed) == {}


def test_a_hash_alone_buys_nothing(world: World) -> None:
    hidden = world.bucket("hidden", Visibility.PRIVATE)
    world.put(hidden, secret=b"a secret of alice")
    (file,) = world.buckets.paths_info(world.alice, hidden, ["secret"])
    hers = world.bucket("lair", owner="bob")
    unknown = "0" * 63 + "1"
    reasons = [
        world.batch(hers, operation(file_hash), who=world.bob)["mine"]
        for file_hash in (file.file_hash, unknown)
        for operation in (
            lambda file_hash: AddFile("mine", file_hash),
            lambda file_hash: CopyFile("mine", file_hash, "bucket", hidden.full_name),
            lambda file_hash: CopyFile("mine", file_hash, "bucket", "alice/there-is-none"),
            lambda file_hash: CopyFile("mine", file_hash, "planet", "alice/hidden"),
            lambda file_hash: CopyFile("mine", file_hash, "bucket", hers.full_name),
            lambda file_hash: CopyFile("mine", file_hash, "bucket", "no name"),
        )
    ]
    assert reasons[:6] == reasons[6:]
    assert world.paths(hers, who=world.bob) == []
    # What she sent to one bucket is not the other's; nor is what another sent to it.
    other = world.bucket("other", owner="bob")
    sent = world.send(hers, b"her own", world.bob)
    assert "Upload" in world.batch(other, AddFile("x", sent), who=world.bob)["x"]
    assert world.batch(hers, AddFile("x", sent), who=world.bob) == {}
    with pytest.raises(Forbidden):
        world.batch(hers, AddFile("y", sent))
    with pytest.raises(RepoNotFound):
        world.batch(hidden, DeleteFile("secret"), who=world.bob)
    with pytest.raises(Unauthenticated):
        world.batch(hers, DeleteFile("x"), who=ANONYMOUS)


def test_rights_are_those_of_repositories(world: World) -> None:
    lab = world.accounts.create_organisation("lab", "", private_by_default=True, by=None)
    roles = {role: replace(world.bob, memberships=((lab.id, role),)) for role in Role}
    wanted = RepoId(RepoKind.BUCKET, "lab", "b")
    made = world.repos.create_bucket(
        replace(world.alice, memberships=((lab.id, Role.ADMIN),)), wanted
    )
    assert made.is_private
    for role, who in roles.items():
        assert world.paths(wanted, who=who) == []
        if role in {Role.ADMIN, Role.WRITE}:
            assert world.batch(wanted, DeleteFile("x"), who=who) == {}
        else:
            with pytest.raises(Forbidden):
                world.batch(wanted, DeleteFile("x"), who=who)
    grants = (RepoGrant(made.id, write=False),)
    token = replace(roles[Role.WRITE], token_role=TokenRole.FINE_GRAINED, grants=grants)
    assert world.paths(wanted, who=token) == []
    with pytest.raises(Forbidden):
        world.batch(wanted, DeleteFile("x"), who=token)
    without = replace(token, grants=())
    with pytest.raises(RepoNotFound):
        world.buckets.get(without, wanted)
    model = world.model("lab-model")
    with pytest.raises(RepoNotFound):
        world.buckets.get(world.alice, model.repo_id)
    with pytest.raises(RepoNotFound):
        world.batch(model.repo_id, DeleteFile("x"))


def test_copies_share_their_bytes_and_outlive_their_source(world: World) -> None:
    model = world.model("source")
    content = b"weights " * 50_000
    world.large(model, "w.bin", content)
    (entry,) = world.content.paths_info(world.found(model), "main", ["w.bin"])
    assert entry.xet_hash is not None
    bucket = world.bucket()
    copy = CopyFile("kept/w.bin", entry.xet_hash, "model", "Alice/SOURCE")
    assert world.batch(bucket, copy) == {}
    moved = RepoId(RepoKind.MODEL, "alice", "elsewhere")
    world.repos.move(world.alice, model.repo_id, moved)
    assert world.batch(bucket, replace(copy, path="again.bin")) == {}  # an old name leads there
    world.repos.delete(world.alice, moved)
    assert world.read(bucket, "kept/w.bin") == world.read(bucket, "again.bin") == content
    assert world.linked(bucket) == 1


def test_room_is_counted_by_content_and_what_goes_makes_room(world: World) -> None:
    bucket = world.bucket()
    world.blobs.quotas.set("alice", 1_000)
    world.put(bucket, a=b"a" * 600, again=b"a" * 600)
    more = AddFile("b", world.send(bucket, b"b" * 500))
    with pytest.raises(QuotaExceeded):
        world.batch(bucket, more, DeleteFile("a"))  # one more has it
    assert world.paths(bucket) == ["a", "again"]
    assert world.batch(bucket, more, DeleteFile("a"), DeleteFile("again")) == {}
    (usage,) = world.blobs.quotas.usages(["alice"])
    assert usage.linked_bytes == 500
    assert world.buckets.get(world.alice, bucket).size_bytes == 500


def test_what_no_file_has_any_more_is_let_go_and_the_rest_kept(world: World) -> None:
    bucket = world.bucket()
    world.put(bucket, one=b"1" * 200_000, two=b"2" * 200_000, twin=b"2" * 200_000)
    assert world.linked(bucket) == 2
    world.put(bucket, one=b"another")
    world.batch(bucket, DeleteFile("two"))
    assert world.linked(bucket) == 2
    assert world.read(bucket, "twin") == b"2" * 200_000
    lost = sa.select(sa.func.count()).select_from(lost_links)
    assert world.database.read(lambda conn: conn.execute(lost).scalar_one()) == 0
    collector = Collector(world.premises(), grace_seconds=1)
    for _ in range(4):
        collector.run()
    assert world.read(bucket, "twin") == b"2" * 200_000
    assert world.read(bucket, "one") == b"another"


def test_levels_and_prefixes(world: World) -> None:
    bucket = world.bucket()
    paths = ["logs/a", "logs/deep/er/x", "logs/deep/y", "logs.json", "logs_old/z", "m", "lo", "ß/x"]
    world.put(bucket, **dict.fromkeys(paths, b"x"))
    assert world.paths(bucket) == sorted(paths)
    assert world.level(bucket) == ["lo", "logs.json", "logs/", "logs_old/", "m", "ß/"]
    assert world.level(bucket, "logs") == ["logs.json", "logs/a", "logs/deep/", "logs_old/"]
    assert world.level(bucket, "logs/") == ["logs/a", "logs/deep/"]
    assert world.level(bucket, "lo") == ["lo", "logs.json", "logs/", "logs_old/"]
    assert world.paths(bucket, "logs/deep") == ["logs/deep/er/x", "logs/deep/y"]
    assert world.paths(bucket, "none") == world.level(bucket, "x" * 2_000) == []
    for limit in (1, 2, 3):
        assert world.level(bucket, limit=limit) == world.level(bucket)
        assert world.level(bucket, "logs", limit) == world.level(bucket, "logs")
    with pytest.raises(BadRequest):
        world.buckets.tree(world.alice, bucket, cursor="no cursor!")
    found = world.buckets.paths_info(world.alice, bucket, ["m", "logs", "lo", "m", "\0"])
    assert [each.path for each in found] == ["m", "lo"]
    with pytest.raises(BadRequest):
        world.buckets.paths_info(world.alice, bucket, ["x"] * (values.PATHS_MAX + 1))
    with pytest.raises(EntryNotFound):
        world.buckets.locate(world.alice, bucket, "logs")


def test_a_folder_of_many_hides_them_page_after_page(world: World) -> None:
    bucket = world.bucket()
    content = world.send(bucket, b"x")
    many = [AddFile(f"{folder}/{number}", content) for folder in "abc" for number in range(120)]
    assert world.batch(bucket, *many, AddFile("last", content)) == {}
    assert world.level(bucket) == world.level(bucket, limit=1) == ["a/", "b/", "c/", "last"]


def test_a_bucket_holds_so_many_files_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundswell.hub.buckets.batches.FILES_MAX", 2)
    bucket = world.bucket()
    content = world.send(bucket, b"x")
    failed = world.batch(
        bucket,
        *(AddFile(path, content) for path in "abca"),
        DeleteFile("a"),
        AddFile("d", content),
    )
    assert failed == {"c": "A bucket may hold 2 files."}
    assert world.paths(bucket) == ["b", "d"]


def test_followers_are_told_every_change_or_that_they_lost_some(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundswell.hub.buckets.batches.CHANGES_KEPT", 4)
    bucket = world.bucket()

    def told(since: Since) -> list[tuple[str, str]] | None:
        found = world.buckets.changes(world.alice, bucket, since)
        return None if found.is_lost else [(each.op, each.path) for each in found.changes]

    start = world.now()
    assert told(Since()) == told(Since(number=0)) == told(Since(moment=start)) == []
    world.put(bucket, a=b"1")
    middle = world.now()
    world.put(bucket, a=b"2")
    world.batch(bucket, DeleteFile("a"))
    assert told(Since(number=0)) == [("add", "a"), ("update", "a"), ("delete", "a")]
    assert told(Since(moment=start)) == told(Since(number=0))
    assert told(Since(moment=middle)) == told(Since(number=1)) == [("update", "a"), ("delete", "a")]
    assert told(Since(number=3)) == told(Since()) == []
    assert told(Since(number=4)) is None  # never given: this hub is an older copy
    world.put(bucket, b=b"1", c=b"2", d=b"3")
    assert told(Since(number=1)) is None
    assert told(Since(moment=start)) is None
    assert told(Since(number=2)) == [("delete", "a"), ("add", "b"), ("add", "c"), ("add", "d")]
    world.repos.update_settings(world.alice, bucket, visibility=Visibility.PRIVATE)
    with pytest.raises(RepoNotFound):
        world.buckets.changes(world.bob, bucket, Since())


def test_a_bucket_stands_in_collections_of_whom_may_see_it(world: World) -> None:
    bucket = world.bucket()
    collections = Collections(world.database, world.now)
    made = collections.create(world.alice, "alice", "Kept")
    collections.add_item(world.alice, made.slug, ItemName(ItemType.BUCKET, bucket.full_name))
    assert len(collections.get(world.bob, made.slug).items) == 1
    world.repos.update_settings(world.alice, bucket, visibility=Visibility.PRIVATE)
    assert len(collections.get(world.bob, made.slug).items) == 0
    assert len(collections.get(world.alice, made.slug).items) == 1
    world.repos.delete(world.alice, bucket)
    assert len(collections.get(world.alice, made.slug).items) == 0


# --- a bucket against a dictionary ----------------------------------------------------------------

PATHS = st.sampled_from(["a", "a/b", "a/c/d", "b", "B", "b/x", "c d/é", "../x", "z"])
CONTENTS = (b"", b"one", b"two", b"three" * 40_000)
NUMBERS = st.integers(0, len(CONTENTS) - 1)


def may_lie(model: dict[str, bytes], path: str) -> bool:
    """The rule, said another way: no file lies in a file, and names differ by more than case."""
    if path.startswith(".."):
        return False
    for other in model:
        ours, theirs = path.split("/"), other.split("/")
        for mine, its in zip(ours, theirs, strict=False):
            if mine != its:
                if mine.lower() == its.lower():
                    return False
                break
        else:
            if len(ours) != len(theirs):
                return False
    return True


class BucketMachine(RuleBasedStateMachine):
    """Two buckets and two dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="buckets-"))
        self.world = World(self.folder / "data")
        self.buckets = [self.world.bucket("one"), self.world.bucket("two")]
        self.models: list[dict[str, bytes]] = [{}, {}]

    def teardown(self) -> None:
        self.world.close()
        shutil.rmtree(self.folder)

    @rule(
        which=st.integers(0, 1),
        steps=st.lists(st.tuples(PATHS, st.none() | NUMBERS), min_size=1, max_size=4),
    )
    def batch(self, which: int, steps: list[tuple[str, int | None]]) -> None:
        bucket, model = self.buckets[which], self.models[which]
        operations: list[BucketOperation] = []
        refused = []
        for path, number in steps:
            if number is None:
                operations.append(DeleteFile(path))
                model.pop(path, None)
                continue
            content = CONTENTS[number]
            operations.append(AddFile(path, self.world.send(bucket, content)))
            if may_lie(model, path):
                model[path] = content
            else:
                refused.append(path)
        result = self.world.buckets.batch(self.world.alice, bucket, operations)
        assert [each.path for each in result.failures] == refused

    @rule(source=st.integers(0, 1), path=PATHS, to=PATHS)
    def copy_across(self, source: int, path: str, to: str) -> None:
        target = 1 - source
        found = self.world.buckets.paths_info(self.world.alice, self.buckets[source], [path])
        assert bool(found) == (path in self.models[source])
        if not found:
            return
        name = self.buckets[source].full_name
        operation = CopyFile(to, found[0].file_hash, "bucket", name)
        failed = self.world.batch(self.buckets[target], operation)
        assert bool(failed) != may_lie(self.models[target], to)
        if not failed:
            self.models[target][to] = self.models[source][path]

    @rule()
    def collect(self) -> None:
        Collector(self.world.premises(), grace_seconds=1).run()

    @invariant()
    def the_same_lies_in_both(self) -> None:
        self.world.sound()
        for bucket, model in zip(self.buckets, self.models, strict=True):
            assert self.world.paths(bucket) == sorted(model)
            assert {path: self.world.read(bucket, path) for path in model} == model
            now = self.world.buckets.get(self.world.alice, bucket)
            assert now.file_count == len(model)
            assert now.size_bytes == sum(map(len, model.values()))
            assert self.world.linked(bucket) == len(set(model.values()))
            tops = {path.partition("/")[0] + ("/" if "/" in path else "") for path in model}
            assert self.world.level(bucket, limit=2) == sorted(tops)


def test_a_bucket_is_a_dictionary() -> None:
    run_state_machine_as_test(
        BucketMachine,
        settings=settings(
            max_examples=6,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
