"""The commit API's use cases on real repositories, looked at with real git."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.errors import (
    EntryNotFound,
    Forbidden,
    InvalidCommit,
    InvalidPath,
    ParentMoved,
    RevisionNotFound,
    StorageFull,
    TooLarge,
    Unauthenticated,
)
from groundswell.core.values import (
    ANONYMOUS,
    AddBlob,
    AddRegular,
    CopyEntry,
    DeleteEntry,
)
from groundswell.hub.commits import PreuploadFile
from groundswell.hub.content import TreePage
from groundswell.store import tables
from tests.hub.git_world import GitWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitWorld]:
    made = GitWorld(tmp_path / "data")
    yield made
    made.close()


def add(path: str, text: str = "x\n") -> AddRegular:
    return AddRegular(path, text.encode())


def test_a_commit_is_what_git_sees(world: GitWorld) -> None:
    model = world.model()
    done = world.commit(model, add("a/b/c.txt", "hello\n"), summary="Say hello", description="why")
    assert world.real_git(model, "show", "main:a/b/c.txt") == "hello\n"
    told = world.real_git(model, "log", "-1", "--format=%H|%s|%b|%an|%ae|%P")
    commit, subject, body, name, email, parent = told.strip().split("|")
    assert (commit, subject, body.strip(), name) == (done.commit, "Say hello", "why", "alice")
    assert email == "alice@users.noreply"
    assert len(parent) == 40
    world.real_git(model, "fsck", "--strict", "--full")
    assert world.found(model).head_commit == done.commit


def test_deletes_of_files_and_folders_and_of_nothing(world: GitWorld) -> None:
    model = world.model()
    world.commit(model, add("a/1"), add("a/2"), add("b/c/3"), add("top"))
    world.commit(model, DeleteEntry("a/", folder=True), DeleteEntry("b/c/3"))
    assert set(world.tree(model)) == {".gitattributes", "top"}
    before = world.git.head(model.id)
    with pytest.raises(EntryNotFound, match="A file with this name doesn't exist"):
        world.commit(model, add("new"), DeleteEntry("gone"))
    assert world.git.head(model.id) == before


def test_a_path_is_a_file_or_a_folder(world: GitWorld) -> None:
    model = world.model()
    world.commit(model, add("a/1"), add("file"))
    for wrong in (add("a"), add("file/below"), add("a/1/2")):
        with pytest.raises(InvalidCommit):
            world.commit(model, wrong)
    world.commit(model, DeleteEntry("a"), add("a", "now a file\n"))
    assert world.tree(model)["a"] == b"now a file\n"


def test_parent_commit_must_be_the_head(world: GitWorld) -> None:
    model = world.model()
    first = world.commit(model, add("a"))
    second = world.commit(model, add("b"), parent_commit=first.commit)
    with pytest.raises(ParentMoved):
        world.commit(model, add("c"), parent_commit=first.commit)
    assert world.commit(model, add("c"), parent_commit=second.commit[:9]).commit


def test_a_commit_that_changes_nothing_is_no_commit(world: GitWorld) -> None:
    model = world.model()
    first = world.commit(model, add("a"))
    assert world.commit(model, add("a")).commit == first.commit
    assert world.commit(model).commit == first.commit


def test_large_files_need_their_content_from_this_account_in_this_repository(
    world: GitWorld,
) -> None:
    model, other = world.model("one"), world.model("two")
    content = b"weights" * 1000
    sha256 = world.upload(model, content)
    with pytest.raises(InvalidCommit, match=r"'w\.bin' was not uploaded"):
        world.commit(other, AddBlob("w.bin", sha256, len(content)))
    with pytest.raises(InvalidCommit, match="bytes"):
        world.commit(model, AddBlob("w.bin", sha256, len(content) + 1))
    world.commit(model, AddBlob("w.bin", sha256))
    page = world.content.tree(model, "main")
    found = next(item for item in page.items if item.entry.path == "w.bin")
    assert found.entry.pointer is not None
    assert (found.entry.pointer.sha256, found.entry.size_bytes) == (sha256, len(content))
    assert found.xet_hash is not None
    located = world.content.locate(model, "main", "w.bin")
    assert located.etag == sha256
    assert world.content.read_range(located, 0, 1 << 20) == content
    assert world.found(model).used_bytes == len(content)


def test_a_pointer_sent_as_a_small_file_is_the_same_claim(world: GitWorld) -> None:
    model, other = world.model("one"), world.model("two")
    world.large(model, "w.bin", b"secret" * 100)
    stolen = world.tree(model)["w.bin"]
    with pytest.raises(InvalidCommit):
        world.commit(other, AddRegular("w.bin", stolen))


def test_gitattributes_is_kept_up(world: GitWorld) -> None:
    model = world.model()
    world.large(model, "model.safetensors", b"covered")
    assert "model.safetensors" not in world.tree(model)[".gitattributes"].decode()
    for path in ("odd name.weights", "sub/x.dat", "#hash.dat", "[x].dat", "sub/deep/\u00fc.dat"):
        world.large(model, path, path.encode())
        index = world.git.path(model.id) / "index-of-test"
        world.real_git(model, "read-tree", f"--index-output={index}", "main")
        index.rename(index.with_name("index"))
        told = world.real_git(model, "check-attr", "--cached", "-z", "filter", "--", path)
        assert told.split("\0")[2] == "lfs", told


def test_copies_across_revisions(world: GitWorld) -> None:
    model = world.model()
    first = world.commit(model, add("a", "one\n"))
    world.commit(model, add("a", "two\n"))
    world.large(model, "w.bin", b"w")
    world.commit(model, CopyEntry("old", "a", first.commit), CopyEntry("c/w.bin", "w.bin"))
    tree = world.tree(model)
    assert tree["old"] == b"one\n"
    assert tree["c/w.bin"] == tree["w.bin"]
    with pytest.raises(EntryNotFound):
        world.commit(model, CopyEntry("x", "nothing"))
    with pytest.raises(RevisionNotFound):
        world.commit(model, CopyEntry("x", "a", "nowhere"))


def test_too_large_for_git_says_what_to_do(world: GitWorld) -> None:
    model = world.model()
    with pytest.raises(TooLarge, match="git lfs track"):
        world.commit(model, AddRegular("big", b"\0" * (10 * 1024 * 1024 + 1)))


HOSTILE_PATHS = (

        "../x", "..\\x", "/abs", ".git/config", "a/.GIT/x", "git~1", "a//b", "./a", "CON", "aux.txt",
        "a:stream", "dot.", "space ", "new\nline", "cr\r", "esc\x1b", "rtl\u202e", "-rf",
        "--upload-pack=x", "x" * 300, "a/" * 70 + "b", ".g\u200cit", "nul\0", "\ud800",
)  # fmt: skip


def test_hostile_paths_are_refused(world: GitWorld) -> None:
    model = world.model()
    before = world.git.head(model.id)
    for path in HOSTILE_PATHS:
        for operation in (add(path), AddBlob(path, "0" * 64, 1), CopyEntry(path, ".gitattributes")):
            with pytest.raises(InvalidPath):
                world.commit(model, operation)
    assert world.git.head(model.id) == before


@pytest.mark.parametrize("count", [3, 2_500])
def test_twins_are_found_in_small_and_large_folders(world: GitWorld, count: int) -> None:
    model = world.model()
    names = [f"File{number}.TXT" for number in range(count)]
    world.commit(model, *(add(f"d/{name}") for name in names), add("d/\u00e9"))
    for twin in ("d/file1.txt", "d/FILE2.txt", "d/e\u0301", "D/other"):
        with pytest.raises(InvalidPath, match="cannot tell it from"):
            world.commit(model, add(twin))
    world.commit(model, add("d/file11111.txt"), add("d/e"), add("file1.txt"))
    world.commit(model, DeleteEntry("d/File1.TXT"), add("d/file1.txt"))
    world.commit(model, DeleteEntry("d/", folder=True), add("D/file2.txt"))
    assert set(world.tree(model)) == {".gitattributes", "file1.txt", "D/file2.txt"}


def test_who_may_commit(world: GitWorld) -> None:
    model = world.model()
    with pytest.raises(Forbidden):
        world.commit(model, add("a"), who=world.bob)
    with pytest.raises(Unauthenticated):
        world.commit(model, add("a"), who=ANONYMOUS)
    for revision in ("nowhere", world.git.head(model.id) or "", "refs/tags/x", "refs/pr/7"):
        with pytest.raises(RevisionNotFound):
            world.commit(model, add("a"), revision=revision)


def test_pull_requests_begin_with_a_commit(world: GitWorld) -> None:
    model = world.model()
    head = world.git.head(model.id)
    done = world.commit(model, add("proposal"), who=world.bob, create_pr=True, summary="Propose")
    assert done.pull_request_number == 1
    assert world.git.head(model.id) == head
    assert world.git.resolve(model.id, "refs/pr/1") == done.commit
    more = world.commit(model, add("second"), who=world.bob, revision="refs/pr/1")
    assert world.git.resolve(model.id, "refs/pr/1") == more.commit
    world.commit(model, add("by the owner"), revision="refs/pr/1")
    carol = world.user("carol")
    with pytest.raises(Forbidden):
        world.commit(model, add("x"), who=carol, revision="refs/pr/1")
    with pytest.raises(RevisionNotFound):
        world.commit(model, add("x"), who=world.bob, revision="nowhere", create_pr=True)


def test_sixteen_writers_lose_nothing(world: GitWorld) -> None:
    model = world.model()
    start = world.git.count_commits(model.id, world.git.head(model.id) or "")
    done: list[str] = []

    def write(number: int) -> None:
        done.extend(world.commit(model, add(f"f{number}-{n}")).commit for n in range(4))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(done)) == 64
    chain = world.real_git(model, "rev-list", "--first-parent", "main").split()
    assert len(chain) == start + 64
    assert set(done) <= set(chain)
    assert len(world.tree(model)) == 65
    world.real_git(model, "fsck", "--strict")


def test_events_and_rows_follow(world: GitWorld) -> None:
    model = world.model()
    done = world.commit(model, add("README.md", "---\nlicense: mit\n---\nhi\n"))
    events = tables.events
    query = sa.select(events.c.payload).where(events.c.type == "commit.landed")
    payloads = [p for (p,) in world.database.read(lambda conn: conn.execute(query).all())]
    assert [p["new"] for p in payloads] == [done.commit]
    assert world.found(model).card == {"license": "mit"}


def test_a_commit_cut_short_before_its_rows_is_made_good(world: GitWorld) -> None:
    model = world.model()
    content = b"late" * 50
    sha256 = world.upload(model, content)
    landing = world.commits.landing
    finish = landing.finish

    class Killed(BaseException):
        pass

    def die(*arguments: object) -> None:
        raise Killed

    landing.finish = die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        world.commit(model, AddBlob("w.bin", sha256))
    landing.finish = finish  # type: ignore[method-assign]
    with pytest.raises(EntryNotFound):
        world.content.locate(model, "main", "w.bin")
    assert world.commits.recover() == 1
    assert world.commits.recover() == 0
    assert world.content.locate(model, "main", "w.bin").etag == sha256
    assert world.found(model).head_commit == world.git.head(model.id)


def test_rows_that_could_not_follow_their_ref_follow_soon(world: GitWorld) -> None:
    model = world.model()
    sha256 = world.upload(model, b"owed" * 50)
    landing = world.commits.landing
    rows = landing.rows

    def full(*arguments: object) -> None:
        raise StorageFull

    landing.rows = full  # type: ignore[method-assign]
    with pytest.raises(StorageFull):
        world.commit(model, AddBlob("w.bin", sha256))
    assert world.commits.settle() == 0  # still full
    landing.rows = rows  # type: ignore[method-assign]
    assert world.commits.settle() == 1
    assert world.commits.settle() == 0
    assert world.content.locate(model, "main", "w.bin").etag == sha256
    assert world.found(model).head_commit == world.git.head(model.id)
    assert not world.git.notes.pending()


def test_preupload_modes(world: GitWorld) -> None:
    model = world.model()
    world.large(model, "w.bin", b"w")
    world.commit(model, add("t.txt", "t\n"), add(".gitignore", "*.log\nbuild/\n"))
    files = [
        PreuploadFile("w.bin", b"w", 1),
        PreuploadFile("t.txt", b"t\n", 2),
        PreuploadFile("new.txt", b"plain", 5),
        PreuploadFile("binary", b"a\0b", 3),
        PreuploadFile("empty.bin", b"", 0),
        PreuploadFile("huge.txt", b"text", 11 * 1024 * 1024),
        PreuploadFile("build/x.txt", b"x", 1),
        PreuploadFile("x.log", b"x", 1),
    ]
    modes = {m.path: m for m in world.commits.preupload(world.alice, model, "main", files)}
    assert {path: str(mode.mode) for path, mode in modes.items()} == {
        "w.bin": "lfs", "t.txt": "regular", "new.txt": "regular", "binary": "lfs",
        "empty.bin": "regular", "huge.txt": "lfs", "build/x.txt": "regular", "x.log": "regular",
    }  # fmt: skip
    assert [p for p, m in modes.items() if m.should_ignore] == ["build/x.txt", "x.log"]
    assert modes["w.bin"].oid == hashlib.sha256(b"w").hexdigest()
    assert modes["t.txt"].oid == world.real_git(model, "rev-parse", "main:t.txt").strip()
    assert modes["new.txt"].oid is None
    sent = world.commits.preupload(
        world.alice, model, "main", files, "*.txt filter=lfs\n", "*.txt\n"
    )
    assert [(str(m.mode), m.should_ignore) for m in sent if m.path == "t.txt"] == [("lfs", True)]
    with pytest.raises(RevisionNotFound):
        world.commits.preupload(world.alice, model, "nowhere", files)


def test_pages_of_a_tree_go_on_where_they_ended(world: GitWorld) -> None:
    model = world.model()
    paths = [f"d{n % 7}/e{n % 3}/f{n}" for n in range(60)] + ["d0.txt", "d0-x", "a", "z"]
    world.commit(model, *[add(path) for path in paths])
    whole = [i.entry.path for i in world.content.tree(model, "main", recursive=True).items]
    assert set(paths) < set(whole)
    for limit in (1, 7, 23):
        seen: list[str] = []
        page: TreePage | None = None
        while page is None or page.next_cursor is not None:
            page = world.content.tree(
                model, "main", recursive=True, limit=limit,
                cursor=page.next_cursor if page else None,
            )  # fmt: skip
            seen += [item.entry.path for item in page.items]
        assert seen == whole


def test_last_commits_are_those_of_git(world: GitWorld) -> None:
    model = world.model()
    for number in range(12):
        world.commit(model, add(f"d{number % 3}/f{number % 5}", f"{number}\n"), add("top"))
    for folder in ("", "d1"):
        page = world.content.tree(model, "main", folder, expand=True)
        for item in page.items:
            told = world.real_git(model, "log", "-1", "--format=%H", "main", "--", item.entry.path)
            assert item.last_commit is not None
            assert item.last_commit.id == told.strip(), item.entry.path


def test_history_is_paged_and_counted(world: GitWorld) -> None:
    model = world.model()
    made = [world.commit(model, add("a", f"{n}\n")).commit for n in range(7)]
    page = world.content.log(model, "main", limit=3, page=1)
    assert [each.id for each in page.commits] == made[::-1][3:6]
    assert page.total == 8
    assert world.content.log(model, "main", limit=3, page=9).commits == ()
    detail = world.content.commit_detail(model, made[-1])
    (file,) = detail.diff.files
    assert (file.change.path, file.hunks[0].lines) == ("a", ("-5", "+6"))
    assert [c.id for c in world.content.path_log(model, "main", "a")] == made[::-1]
