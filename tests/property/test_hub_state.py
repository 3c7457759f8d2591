"""A hub against a dictionary {repository: {ref: {path: bytes}}}, through commits, pushes, branches,
tags, pull requests, squashes, moves, deletions and restarts.

The hub is the one that ``wiring`` builds, on a real folder. Only HTTP is left out; a push's pack is
made by real git and handed to the hub as the door of git does.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from groundswell import wiring
from groundswell.core.errors import (
    EntryNotFound,
    Forbidden,
    ParentMoved,
    ReferenceExists,
    RepoMoved,
    RepoNotFound,
    RevisionNotFound,
)
from groundswell.core.policy import Action
from groundswell.core.values import (
    AddBlob,
    AddRegular,
    CommitHeader,
    CopyEntry,
    DeleteEntry,
    Operation,
    Principal,
    RepoId,
    RepoKind,
    Visibility,
)
from groundswell.hub.repos import Repository
from groundswell.hub.search import ListQuery
from groundswell.hub.upkeep import Premises, Severity, check
from groundswell.settings import Settings
from groundswell.store import tables
from groundswell.store.layout import DataFolder
from groundswell.wire.git.pushing import Command, PushHead

ATTRIBUTES: Final = ".gitattributes"
MAIN: Final = "refs/heads/main"
EXAMPLES: Final = 10
STEPS: Final = 30

Files = dict[str, bytes]


@dataclass
class Model:
    """What the hub should hold of one repository. ``sent`` are the large contents that commits
    named; those that a later change of the same commit took back count or not.
    """

    name: str
    refs: dict[str, Files] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    former_names: list[str] = field(default_factory=list)

    @property
    def repo_id(self) -> RepoId:
        return RepoId(RepoKind.MODEL, "ada", self.name)


@dataclass(frozen=True)
class Change:
    """One thing that a commit does. ``verb``: small, large, delete, copy."""

    verb: str
    path: str
    content: bytes = field(default=b"", repr=False)
    source: str = ""


PATHS = st.sampled_from(["a.txt", "b.bin", "dir/c.txt", "dir/d.bin", "dir/sub/e", "ü/ñ.txt", "f g"])
SMALL = st.one_of(
    st.binary(max_size=200), st.sampled_from([b"", b"same\n", b"line\r\n", b"# Title\n" * 50])
)
LARGE_CONTENTS: Final = tuple(
    hashlib.sha256(bytes([seed])).digest() * (seed * 1_500 + 1) for seed in range(6)
)


def large_content(number: int) -> bytes:
    return LARGE_CONTENTS[number]


LARGE = st.integers(0, len(LARGE_CONTENTS) - 1).map(large_content)
CHANGES = st.lists(
    st.one_of(
        st.builds(Change, st.just("small"), PATHS, SMALL),
        st.builds(Change, st.just("small"), PATHS, SMALL),
        st.builds(Change, st.just("large"), PATHS, LARGE),
        st.builds(Change, st.just("delete"), PATHS),
        st.builds(lambda path, source: Change("copy", path, source=source), PATHS, PATHS),
    ),
    max_size=5,
)
BRANCHES = st.sampled_from(["dev", "release/1.0", "x"])
TAGS = st.sampled_from(["v1", "v2", "nightly/1"])
PICK = st.integers(0, 99)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def pointer_of(content: bytes) -> bytes:
    head = "version https://git-lfs.github.com/spec/v1"
    return f"{head}\noid sha256:{sha256(content)}\nsize {len(content)}\n".encode()


class HubMachine(RuleBasedStateMachine):
    """The rules. A repository and a ref of it are picked by number among those that are there."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="hub-state-"))
        shutil.copytree(self.template, self.folder / "data")
        self.models: list[Model] = []
        self.gone: list[str] = []
        self.count = 0
        self.proven: set[tuple[str, str]] = set()
        self.start()

    def start(self) -> None:
        self.hub = wiring.build(Settings(data=self.folder / "data"), serves=True)
        account = self.hub.accounts.find_account("ada")
        self.ada = Principal(account_id=account.id, name="ada")
        self.proven.clear()

    def teardown(self) -> None:
        try:
            self.everything_is_well()
        finally:
            self.hub.close()
            shutil.rmtree(self.folder)

    # --- picking --------------------------------------------------------------------------------

    def pick(self, number: int) -> tuple[Model, Repository]:
        model = self.models[number % len(self.models)]
        return model, self.hub.repos.find(self.ada, model.repo_id, Action.WRITE)

    @staticmethod
    def pick_ref(model: Model, number: int, *prefixes: str) -> str | None:
        names = sorted(name for name in model.refs if name.startswith(prefixes))
        return names[number % len(names)] if names else None

    def new_name(self) -> str:
        self.count += 1
        return f"repo-{self.count}"

    # --- repositories ---------------------------------------------------------------------------

    @precondition(lambda self: len(self.models) < 4)
    @rule()
    def create(self) -> None:
        model = Model(self.new_name())
        made = self.hub.repos.create(self.ada, model.repo_id, Visibility.PUBLIC)
        model.refs[MAIN] = self.attributes(made, MAIN)
        self.models.append(model)

    def attributes(self, repository: Repository, ref: str) -> Files:
        """``.gitattributes`` as it is: its upkeep has tests of its own."""
        located = self.hub.content.locate(repository, ref, ATTRIBUTES)
        return {ATTRIBUTES: self.hub.content.read_range(located, 0, 1 << 20)}

    @precondition(lambda self: self.models)
    @rule(number=PICK)
    def move(self, number: int) -> None:
        model, _ = self.pick(number)
        target = self.new_name()
        self.hub.repos.move(self.ada, model.repo_id, RepoId(RepoKind.MODEL, "ada", target))
        model.former_names.append(model.name)
        model.name = target

    @precondition(lambda self: len(self.models) > 1)
    @rule(number=PICK)
    def delete(self, number: int) -> None:
        model, _ = self.pick(number)
        self.hub.repos.delete(self.ada, model.repo_id)
        self.models.remove(model)
        self.gone += [model.name, *model.former_names]

    @precondition(lambda self: 0 < len(self.models) < 4)
    @rule(number=PICK)
    def duplicate(self, number: int) -> None:
        model, _ = self.pick(number)
        copy = Model(self.new_name(), {MAIN: dict(model.refs[MAIN])}, set(model.sent))
        self.hub.repos.duplicate(self.ada, model.repo_id, copy.repo_id)
        self.models.append(copy)

    # --- commits --------------------------------------------------------------------------------

    def operations(self, repository: Repository, changes: list[Change]) -> list[Operation]:
        """The changes as operations, large content uploaded before."""
        found: list[Operation] = []
        for each in changes:
            match each.verb:
                case "small":
                    found.append(AddRegular(each.path, each.content))
                case "large":
                    found.append(AddBlob(each.path, self.upload(repository, each.content)))
                case "delete":
                    found.append(DeleteEntry(each.path))
                case "copy":
                    found.append(CopyEntry(each.path, each.source))
        return found

    def upload(self, repository: Repository, content: bytes) -> str:
        account = self.ada.account_id
        assert account is not None
        domain = f"r{repository.id}u{account}"
        ingest = self.hub.blobs.begin_ingest(domain, repository.id, account)
        ingest.write(content)
        return ingest.finish().sha256

    @staticmethod
    def predict(files: Files, changes: list[Change]) -> Files | None:
        """The files after the changes, None when one of them cannot be. Copies are of the head."""
        after = dict(files)
        for each in changes:
            match each.verb:
                case "small" | "large":
                    after[each.path] = each.content
                case "delete":
                    if after.pop(each.path, None) is None:
                        return None
                case "copy":
                    if each.source not in files:
                        return None
                    after[each.path] = files[each.source]
        return after

    def land(
        self, model: Model, repository: Repository, ref: str, changes: list[Change], **more: Any
    ) -> Any:
        """Commit, or see that it is refused when it cannot be; what the commit gave."""
        predicted = self.predict(model.refs[ref], changes)
        operations = self.operations(repository, changes)
        header = CommitHeader("change", parent_commit=more.pop("parent_commit", None))

        def commit() -> Any:
            return self.hub.commits.commit(self.ada, repository, ref, header, operations, **more)

        if predicted is None:
            with pytest.raises(EntryNotFound):
                commit()
            return None
        done = commit()
        model.sent |= {sha256(each.content) for each in changes if each.verb == "large"}
        landed = f"refs/pr/{done.pull_request_number}" if done.pull_request_number else ref
        model.refs[landed] = predicted | self.attributes(repository, landed)
        return done

    @precondition(lambda self: self.models)
    @rule(number=PICK, ref_number=PICK, changes=CHANGES, states_parent=st.booleans())
    def commit(
        self, number: int, ref_number: int, changes: list[Change], states_parent: bool
    ) -> None:
        model, repository = self.pick(number)
        ref = self.pick_ref(model, ref_number, "refs/heads/", "refs/pr/")
        assert ref is not None
        head = self.hub.git.resolve(repository.id, ref)
        self.land(model, repository, ref, changes, parent_commit=head if states_parent else None)

    @precondition(lambda self: self.models)
    @rule(number=PICK, content=SMALL)
    def commit_on_a_parent_that_moved(self, number: int, content: bytes) -> None:
        model, repository = self.pick(number)
        log = self.hub.content.log(repository, MAIN, limit=2, page=0).commits
        if len(log) < 2:
            return
        with pytest.raises(ParentMoved):
            self.land(
                model, repository, MAIN, [Change("small", "late", content)],
                parent_commit=log[1].id,
            )  # fmt: skip

    @precondition(lambda self: self.models)
    @rule(number=PICK, changes=CHANGES)
    def open_pull_request(self, number: int, changes: list[Change]) -> None:
        model, repository = self.pick(number)
        self.land(model, repository, MAIN, changes, create_pr=True)

    @precondition(lambda self: self.models)
    @rule(number=PICK, ref_number=PICK)
    def squash(self, number: int, ref_number: int) -> None:
        model, repository = self.pick(number)
        ref = self.pick_ref(model, ref_number, "refs/heads/")
        assert ref is not None
        self.hub.references.super_squash(self.ada, repository, ref.removeprefix("refs/heads/"))
        assert self.hub.content.log(repository, ref, limit=10, page=0).total == 1

    # --- refs -----------------------------------------------------------------------------------

    @precondition(lambda self: self.models)
    @rule(number=PICK, ref_number=PICK, branch=BRANCHES, overwrites=st.booleans())
    def create_branch(self, number: int, ref_number: int, branch: str, overwrites: bool) -> None:
        model, repository = self.pick(number)
        source = self.pick_ref(model, ref_number, "refs/")
        assert source is not None
        ref = f"refs/heads/{branch}"

        def create() -> None:
            self.hub.references.create_branch(
                self.ada, repository, branch, source, overwrite=overwrites
            )

        if ref in model.refs and not overwrites:
            with pytest.raises(ReferenceExists):
                create()
        else:
            create()
            model.refs[ref] = dict(model.refs[source])

    @precondition(lambda self: self.models)
    @rule(number=PICK, branch=st.one_of(BRANCHES, st.just("main")))
    def delete_branch(self, number: int, branch: str) -> None:
        model, repository = self.pick(number)
        expected = Forbidden if branch == "main" else RevisionNotFound
        if branch == "main" or f"refs/heads/{branch}" not in model.refs:
            with pytest.raises(expected):
                self.hub.references.delete_branch(self.ada, repository, branch)
        else:
            self.hub.references.delete_branch(self.ada, repository, branch)
            del model.refs[f"refs/heads/{branch}"]

    @precondition(lambda self: self.models)
    @rule(number=PICK, ref_number=PICK, tag=TAGS, message=st.sampled_from([None, "A tag"]))
    def create_tag(self, number: int, ref_number: int, tag: str, message: str | None) -> None:
        model, repository = self.pick(number)
        source = self.pick_ref(model, ref_number, "refs/")
        assert source is not None

        def create() -> None:
            self.hub.references.create_tag(self.ada, repository, source, tag, message)

        if f"refs/tags/{tag}" in model.refs:
            with pytest.raises(ReferenceExists):
                create()
        else:
            create()
            model.refs[f"refs/tags/{tag}"] = dict(model.refs[source])

    @precondition(lambda self: self.models)
    @rule(number=PICK, tag=TAGS)
    def delete_tag(self, number: int, tag: str) -> None:
        model, repository = self.pick(number)
        if model.refs.pop(f"refs/tags/{tag}", None) is None:
            with pytest.raises(RevisionNotFound):
                self.hub.references.delete_tag(self.ada, repository, tag)
        else:
            self.hub.references.delete_tag(self.ada, repository, tag)

    # --- pushes ---------------------------------------------------------------------------------

    @precondition(lambda self: self.models)
    @rule(number=PICK, ref_number=PICK, changes=CHANGES)
    def push(self, number: int, ref_number: int, changes: list[Change]) -> None:
        """A commit made by real git on top of a branch; large files are sent before, as git-lfs
        does, and committed as pointers."""
        model, repository = self.pick(number)
        ref = self.pick_ref(model, ref_number, "refs/heads/", "refs/pr/")
        assert ref is not None
        changes = [each for each in changes if each.verb in {"small", "large"}]
        old = self.hub.git.ref_target(repository.id, ref)
        assert old is not None
        for each in changes:
            if each.verb == "large":
                self.upload(repository, each.content)
        new, pack = self.made_by_git(repository, old, changes)
        head = PushHead((Command(ref, old, new),), frozenset({"report-status"}))
        push = self.hub.commits.pushes.begin(self.ada, repository, head)
        assert push.process is not None
        arguments, variables = push.process
        taken = subprocess.run(
            arguments, env=variables, input=pack, capture_output=True, check=False
        )
        report = push.finish(taken.returncode, taken.stderr.decode())
        push.discard()
        assert b"ng " not in report, report
        model.refs[ref] = model.refs[ref] | {each.path: each.content for each in changes}
        model.sent |= {sha256(each.content) for each in changes if each.verb == "large"}

    def made_by_git(
        self, repository: Repository, old: str, changes: list[Change]
    ) -> tuple[str, bytes]:
        """A new commit on ``old``: its id and the pack that brings it."""
        clone = self.folder / "clone.git"
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_DIR": str(clone),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self.hub.git.path(repository.id) / "objects"),
        }

        def git(*arguments: str, text: bytes = b"") -> bytes:
            return subprocess.run(
                ["git", *arguments], env=variables, input=text, capture_output=True, check=True
            ).stdout

        if not clone.exists():
            git("init", "-q", "--bare", str(clone))
        self.count += 1
        stream = b"commit refs/heads/made\ncommitter A <a@b> %d +0000\ndata 0\nfrom %s\n" % (
            1_700_000_000 + self.count,
            old.encode(),
        )
        for each in changes:
            content = pointer_of(each.content) if each.verb == "large" else each.content
            path = b'"%s"' % "".join(f"\\{octet:03o}" for octet in each.path.encode()).encode()
            stream += b"M 100644 inline %s\ndata %d\n%s\n" % (path, len(content), content)
        git("fast-import", "--quiet", "--force", text=stream)
        new = git("rev-parse", "refs/heads/made").decode().strip()
        wanted = f"{new}\n^{old}\n".encode()
        return new, git("pack-objects", "-q", "--revs", "--stdout", "--thin", text=wanted)

    # --- the hub itself -------------------------------------------------------------------------

    @rule()
    def restart(self) -> None:
        self.hub.close()
        self.start()

    @rule()
    def tidy_up(self) -> None:
        self.hub.repos.finish_deletions()
        self.hub.blobs.sweep_spool()

    # --- what must hold -------------------------------------------------------------------------

    @invariant()
    def refs_and_files_are_the_models(self) -> None:
        for model in self.models:
            repository = self.hub.repos.find(self.ada, model.repo_id, Action.READ)
            found = self.hub.references.list(repository, pull_requests=True)
            groups = (found.branches, found.converts, found.tags, found.pull_requests)
            targets = {each.ref: each.target_commit for group in groups for each in group}
            assert set(targets) == set(model.refs)
            assert repository.head_commit == targets[MAIN]
            for ref, commit in targets.items():
                self.check_files(model, repository, ref, commit)

    def check_files(self, model: Model, repository: Repository, ref: str, commit: str) -> None:
        """The tree lists the model's paths, and each reads back as its bytes."""
        page = self.hub.content.tree(repository, ref, recursive=True)
        sizes = {
            each.entry.path: each.entry.size_bytes
            for each in page.items
            if each.entry.kind.value == "file"
        }
        files = model.refs[ref]
        assert sizes == {path: len(content) for path, content in files.items()}
        proof = (model.name, f"{commit} {hash(frozenset(files.items()))}")
        if proof in self.proven:
            return
        for path, content in files.items():
            located = self.hub.content.locate(repository, ref, path)
            assert self.hub.content.read_range(located, 0, 1 << 20) == content, (ref, path)
        self.proven.add(proof)

    @invariant()
    def links_are_what_was_committed(self) -> None:
        links = tables.links
        for model in self.models:
            number = self.hub.repos.find(self.ada, model.repo_id, Action.READ).id
            query = sa.select(links.c.sha256).where(links.c.repository_id == number)
            found = set(
                self.hub.database.read(lambda conn, q=query: conn.execute(q).scalars().all())
            )
            needed = {
                sha256(content)
                for files in model.refs.values()
                for content in files.values()
                if content in LARGE_CONTENTS
            }
            assert needed <= found <= model.sent

    @invariant()
    def names_are_the_models(self) -> None:
        listed = self.hub.search.list(self.ada, RepoKind.MODEL, ListQuery(limit=100)).repositories
        assert {each.repo_id.name for each in listed} == {model.name for model in self.models}
        for model in self.models:
            for former in model.former_names:
                with pytest.raises(RepoMoved):
                    self.find(former)
        for name in self.gone:
            with pytest.raises(RepoNotFound):
                self.find(name)

    def find(self, name: str) -> Repository:
        return self.hub.repos.find(self.ada, RepoId(RepoKind.MODEL, "ada", name), Action.READ)

    def everything_is_well(self) -> None:
        """`swell fsck --deep` and real git agree."""
        folder = DataFolder(self.folder / "data")
        premises = Premises(self.hub.database, self.hub.store, self.hub.git, folder, self.hub.clock)
        report = check(premises, deep=True)
        found = [each for each in report.findings if each.severity is Severity.ERROR]
        assert found == []
        for model in self.models:
            number = self.hub.repos.find(self.ada, model.repo_id, Action.READ).id
            subprocess.run(
                ["git", "fsck", "--strict", "--full"],
                env={"PATH": os.environ["PATH"], "GIT_DIR": str(self.hub.git.path(number))},
                check=True,
                capture_output=True,
            )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one user, copied for each story."""
    data = tmp_path_factory.mktemp("template") / "data"
    hub = wiring.build(Settings(data=data))
    hub.accounts.create_user("ada", by=None)
    hub.close()
    return data


@pytest.mark.timeout(240)
def test_a_hub_is_a_dictionary(template: Path) -> None:
    machine: Callable[[], HubMachine] = type("Machine", (HubMachine,), {"template": template})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
