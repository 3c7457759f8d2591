"""Repositories as a whole: found, made, moved, deleted, copied, counted, indexed."""

from __future__ import annotations

import json
import struct
import threading
import time
from typing import Any

import pytest
import sqlalchemy as sa

from groundswell.core.errors import (
    AccountNotFound,
    BadRequest,
    Corrupt,
    DisabledRepo,
    Forbidden,
    GatedRepo,
    InvalidCommit,
    InvalidPath,
    NameTaken,
    RepoMoved,
    RepoNotFound,
    StorageFull,
    TooLarge,
    Unauthenticated,
)
from groundswell.core.policy import Action
from groundswell.core.values import (
    ANONYMOUS,
    Gate,
    Pointer,
    RepoGrant,
    RepoId,
    RepoKind,
    Role,
    TokenRole,
    Visibility,
)
from groundswell.hub.repos import NewFile
from groundswell.hub.repos.downloads import DownloadCounter
from groundswell.store import tables
from groundswell.wire.git.pointers import pointer_text
from tests.hub.repo_world import World, model


@pytest.fixture
def world(tmp_path: Any) -> Any:
    world = World(tmp_path)
    yield world
    world.close()


@pytest.fixture
def ann(world: Any) -> Any:
    return world.user("Ann")


def file_at(world: Any, repository: Any, path: Any) -> Any:
    return world.git.text_at(repository.id, world.git.head(repository.id), path, 1 << 20)


# --- making -------------------------------------------------------------------------------------


def test_a_new_repository_has_an_initial_commit_with_attributes(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("ann/Thing"))
    assert made.full_name == "Ann/Thing", "the namespace keeps its own spelling"
    assert made.visibility is Visibility.PUBLIC
    assert made.head_commit == world.git.head(made.id)
    (commit,) = world.git.log(made.id, made.head_commit)
    assert commit.title == "initial commit"
    assert b"*.safetensors filter=lfs" in file_at(world, made, ".gitattributes")
    assert len(made.public_id) == 24
    assert world.get(ann, "ANN/thing") == made


def test_spaces_begin_with_a_readme_that_names_the_sdk(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/s", "space"), sdk="gradio")
    assert made.sdk == "gradio"
    assert made.card == {"title": "s", "sdk": "gradio"}
    assert "gradio" in made.tags


def test_a_license_becomes_a_card(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/m"), license_id="apache-2.0")
    assert made.card == {"license": "apache-2.0"}
    assert made.tags == ("license:apache-2.0",)


def test_files_may_come_with_the_first_commit(world: Any, ann: Any) -> None:
    files = [NewFile("README.md", b"---\nlicense: mit\n---\n"), NewFile("a/b.txt", b"x")]
    made = world.repos.create(ann, model("Ann/m"), files=files)
    assert made.card == {"license": "mit"}
    assert file_at(world, made, "a/b.txt") == b"x"
    assert len(world.git.log(made.id, made.head_commit)) == 1


@pytest.mark.parametrize(
    ("kind", "arguments", "error"),
    [
        ("space", {}, BadRequest),
        ("space", {"sdk": "cobol"}, BadRequest),
        ("model", {"sdk": "gradio"}, BadRequest),
        ("model", {"license_id": "mine"}, BadRequest),
        ("model", {"files": [NewFile("../x", b"")]}, InvalidPath),
        ("model", {"files": [NewFile("a", b""), NewFile("a", b"")]}, InvalidCommit),
        ("model", {"files": [NewFile("a", b""), NewFile("a/b", b"")]}, InvalidCommit),
        ("model", {"files": [NewFile("a", bytes(10 << 20)), NewFile("b", b"x")]}, TooLarge),
        ("model", {"files": [NewFile(f"f{n}", b"") for n in range(101)]}, TooLarge),
    ],
)
def test_a_wrong_beginning_leaves_nothing(
    world: Any, ann: Any, kind: Any, arguments: Any, error: Any
) -> None:
    with pytest.raises(error):
        world.repos.create(ann, model("Ann/x", kind), **arguments)
    assert world.git.numbers() == []
    with pytest.raises(RepoNotFound):
        world.get(ann, "Ann/x", kind)


def test_namespaces_choose_the_default_visibility(world: Any) -> None:
    ann = world.user("ann")
    world.organisation("quiet", {"ann": Role.WRITE}, private_by_default=True)
    ann = world.as_("ann")
    assert world.repos.create(ann, model("quiet/a")).is_private
    assert not world.repos.create(ann, model("quiet/b"), Visibility.PUBLIC).is_private
    assert not world.repos.create(ann, model("ann/a")).is_private
    assert world.repos.create(ann, model("ann/b"), Visibility.PRIVATE).is_private


def test_only_members_and_full_tokens_create(world: Any, ann: Any) -> None:
    world.user("bob")
    world.organisation("org", {"bob": Role.READ, "Ann": Role.CONTRIBUTOR})
    cases = [
        (ANONYMOUS, "Ann/x", Unauthenticated),
        (world.as_("bob"), "Ann/x", Forbidden),
        (world.as_("bob"), "org/x", Forbidden),
        (world.as_("Ann", TokenRole.READ), "Ann/x", Forbidden),
        (world.as_("Ann", TokenRole.FINE_GRAINED), "Ann/x", Forbidden),
        (world.as_("Ann"), "nobody/x", AccountNotFound),
    ]
    for principal, name, error in cases:
        with pytest.raises(error):
            world.repos.create(principal, model(name))
    assert world.repos.create(world.as_("Ann"), model("org/x")).creator_id == world.ids["Ann"]
    assert world.repos.create(world.as_("Ann", TokenRole.WRITE), model("Ann/x"))


def test_a_taken_name_tells_where_the_other_is(world: Any, ann: Any) -> None:
    first = world.repos.create(ann, model("Ann/x", "dataset"))
    with pytest.raises(NameTaken, match="already exists") as caught:
        world.repos.create(ann, model("ANN/X", "dataset"))
    assert caught.value.url == "datasets/Ann/x"
    assert caught.value.existing_id == first.public_id
    assert world.repos.create(ann, model("Ann/x")).id != first.id, "another kind is another name"


def test_numbers_are_never_used_twice(world: Any, ann: Any) -> None:
    first = world.repos.create(ann, model("Ann/a"))
    world.repos.delete(ann, first.repo_id)
    second = world.repos.create(ann, model("Ann/a"))
    assert second.id > first.id
    with pytest.raises(InvalidPath):
        world.repos.create(ann, model("Ann/b"), files=[NewFile("../x", b"")])
    world.git.create(second.id + 1)  # a folder newer than a restored database
    third = world.repos.create(ann, model("Ann/b"))
    assert third.id > second.id + 1


def test_a_failure_after_the_folder_removes_the_folder(
    world: Any, ann: Any, monkeypatch: Any
) -> None:
    from groundswell.hub.repos import making

    def full(*arguments: Any) -> None:
        raise StorageFull

    monkeypatch.setattr(making, "write_description", full)
    with pytest.raises(StorageFull):
        world.repos.create(ann, model("Ann/x"))
    assert world.git.numbers() == []
    monkeypatch.undo()
    assert world.repos.create(ann, model("Ann/x"))


def test_one_of_many_creators_of_one_name_wins(world: Any, ann: Any) -> None:
    results = []

    def create() -> None:
        try:
            results.append(world.repos.create(ann, model("Ann/race")).id)
        except NameTaken as error:
            results.append(error)

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [result for result in results if isinstance(result, int)]
    assert len(winners) == 1
    assert world.git.numbers() == winners


# --- looking ------------------------------------------------------------------------------------


def test_private_and_missing_look_the_same(world: Any, ann: Any) -> None:
    world.repos.create(ann, model("Ann/secret"), Visibility.PRIVATE)
    world.user("bob")
    for principal in (ANONYMOUS, world.as_("bob")):
        errors = []
        for name in ("Ann/secret", "Ann/nothing", "none/none"):
            for action in Action:
                with pytest.raises(RepoNotFound) as caught:
                    world.repos.find(principal, model(name), action)
                errors.append((caught.value.message, caught.value.status, caught.value.code))
        assert len(set(errors)) == 1


def test_a_gate_says_where_to_ask(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/gated"))
    world.repos.update_settings(ann, made.repo_id, gate=Gate.MANUAL)
    world.user("bob")
    for principal, status in ((world.as_("bob"), 403), (ANONYMOUS, 401)):
        assert world.get(principal, "Ann/gated").gate is Gate.MANUAL
        with pytest.raises(GatedRepo) as caught:
            world.repos.find(principal, made.repo_id, Action.READ)
        assert caught.value.status == status
        assert caught.value.code == "GatedRepo"
        assert caught.value.url_path == "Ann/gated"
        assert caught.value.message == (
            "Access to model Ann/gated is restricted and you are not in the authorized list."
        )


def test_closed_repositories_refuse_all_but_admins(world: Any, ann: Any) -> None:
    world.user("root", admin=True)
    made = world.repos.create(ann, model("Ann/x"))
    with pytest.raises(Forbidden):
        world.repos.update_settings(ann, made.repo_id, disabled=True)
    world.repos.update_settings(world.as_("root"), made.repo_id, disabled=True)
    with pytest.raises(DisabledRepo):
        world.repos.auth_check(ann, made.repo_id)
    world.repos.auth_check(world.as_("root"), made.repo_id, write=True)


def test_auth_check_knows_reading_from_writing(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/x"))
    world.user("bob")
    world.repos.auth_check(ANONYMOUS, made.repo_id)
    world.repos.auth_check(ann, made.repo_id, write=True)
    with pytest.raises(Unauthenticated):
        world.repos.auth_check(ANONYMOUS, made.repo_id, write=True)
    with pytest.raises(Forbidden):
        world.repos.auth_check(world.as_("bob"), made.repo_id, write=True)
    granted = world.as_("Ann", TokenRole.FINE_GRAINED, (RepoGrant(made.id, write=False),))
    world.repos.auth_check(granted, made.repo_id)
    with pytest.raises(Forbidden):
        world.repos.auth_check(granted, made.repo_id, write=True)


def test_numbers_find_what_names_find(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/x"), Visibility.PRIVATE)
    assert world.repos.find_by_number(ann, made.id, Action.WRITE) == made
    with pytest.raises(RepoNotFound):
        world.repos.find_by_number(ANONYMOUS, made.id, Action.SEE)
    with pytest.raises(RepoNotFound):
        world.repos.find_by_number(ann, made.id + 1, Action.SEE)


# --- moving -------------------------------------------------------------------------------------


def moved_to(world: Any, principal: Any, name: Any) -> Any:
    with pytest.raises(RepoMoved) as caught:
        world.get(principal, name)
    return f"{caught.value.namespace}/{caught.value.name}"


def test_old_names_redirect_along_a_chain_and_back(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/one"))
    world.repos.move(ann, model("Ann/one"), model("Ann/two"))
    world.repos.move(ann, model("Ann/two"), model("ann/Three"))
    assert moved_to(world, ann, "ann/ONE") == moved_to(world, ann, "Ann/two") == "Ann/Three"
    assert world.get(ANONYMOUS, "Ann/three").id == made.id
    back = world.repos.move(ann, model("Ann/Three"), model("Ann/one"))
    assert back.full_name == "Ann/one"
    assert moved_to(world, ann, "Ann/three") == moved_to(world, ann, "Ann/two") == "Ann/one"


def test_a_move_may_change_the_spelling_only(world: Any, ann: Any) -> None:
    world.repos.create(ann, model("Ann/my-model"))
    assert world.repos.move(ann, model("Ann/my-model"), model("Ann/My-Model"))
    assert world.get(ann, "ann/my-model").full_name == "Ann/My-Model"
    assert world.repos.move(ann, model("Ann/my-model"), model("Ann/My_Model"))
    assert moved_to(world, ann, "Ann/my-model") == "Ann/My_Model"


def test_a_redirect_of_a_hidden_repository_is_hidden(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/a"), Visibility.PRIVATE)
    world.repos.move(ann, made.repo_id, model("Ann/b"))
    with pytest.raises(RepoNotFound):
        world.get(ANONYMOUS, "Ann/a")
    assert moved_to(world, ann, "Ann/a") == "Ann/b"


def test_moving_needs_rights_on_both_sides(world: Any, ann: Any) -> None:
    world.user("bob")
    world.organisation("org", {"Ann": Role.READ})
    world.organisation("team", {"Ann": Role.WRITE})
    ann = world.as_("Ann")
    made = world.repos.create(ann, model("Ann/a"))
    with pytest.raises(Forbidden):
        world.repos.move(world.as_("bob"), made.repo_id, model("bob/a"))
    for target in ("bob/a", "org/a"):
        with pytest.raises(Forbidden):
            world.repos.move(ann, made.repo_id, model(target))
    with pytest.raises(AccountNotFound):
        world.repos.move(ann, made.repo_id, model("nobody/a"))
    with pytest.raises(BadRequest):
        world.repos.move(ann, made.repo_id, model("Ann/a", "dataset"))
    moved = world.repos.move(ann, made.repo_id, model("team/a"))
    assert moved.owner_id == world.ids["team"]
    assert moved_to(world, ANONYMOUS, "Ann/a") == "team/a"


def test_a_move_onto_another_repository_is_refused(world: Any, ann: Any) -> None:
    world.repos.create(ann, model("Ann/a"))
    world.repos.create(ann, model("Ann/b"))
    with pytest.raises(NameTaken):
        world.repos.move(ann, model("Ann/a"), model("Ann/b"))
    assert world.get(ann, "Ann/a").full_name == "Ann/a"


# --- deleting, copying, settings -------------------------------------------------------------------


def link(world: Any, repository_id: Any, sha256: Any, size_bytes: Any = 5) -> None:
    def work(conn: sa.Connection) -> None:
        conn.execute(
            sa.insert(tables.reconstructions).values(
                file_hash=sha256, sha256=sha256, size_bytes=size_bytes, terms=b"", created_at=1
            )
        )
        conn.execute(
            sa.insert(tables.blobs).values(
                sha256=sha256, size_bytes=size_bytes, file_hash=sha256, created_at=1
            )
        )
        conn.execute(
            sa.insert(tables.links).values(
                repository_id=repository_id, sha256=sha256, path="w", linked_at=world.now()
            )
        )

    world.write(work)


def rows_of(world: Any, table: Any, repository_id: Any) -> Any:
    query = sa.select(sa.func.count()).where(table.c.repository_id == repository_id)
    return world.database.read(lambda conn: conn.execute(query).scalar_one())


def test_deletion_removes_links_and_folder_and_leaves_a_tombstone(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/a"), license_id="mit")
    link(world, made.id, "a" * 64)
    world.repos.delete(ann, made.repo_id)
    with pytest.raises(RepoNotFound):
        world.get(ann, "Ann/a")
    with pytest.raises(RepoNotFound):
        world.repos.delete(ann, made.repo_id)
    assert not world.git.exists(made.id)
    for table in (tables.links, tables.repository_tags):
        assert rows_of(world, table, made.id) == 0
    assert rows_of(world, tables.repository_names, made.id) == 1
    with pytest.raises(RepoNotFound):
        world.repos.find_by_number(ann, made.id, Action.SEE)
    world.repos.index(made.id)


def test_a_deletion_that_was_cut_short_is_finished_at_the_next_start(
    world: Any, ann: Any, monkeypatch: Any
) -> None:
    made = world.repos.create(ann, model("Ann/a"))
    kept = world.repos.create(ann, model("Ann/b"))
    monkeypatch.setattr(type(world.git.aside), "put", lambda self, number: None)
    world.repos.delete(ann, made.repo_id)
    monkeypatch.undo()
    assert world.git.exists(made.id)
    assert world.repos.finish_deletions() == 1
    assert world.git.numbers() == [kept.id]
    assert world.repos.finish_deletions() == 0


def test_only_those_who_administer_delete(world: Any, ann: Any) -> None:
    world.user("bob")
    world.organisation("org", {"Ann": Role.CONTRIBUTOR, "bob": Role.CONTRIBUTOR})
    made = world.repos.create(world.as_("Ann"), model("org/a"))
    with pytest.raises(Forbidden):
        world.repos.delete(world.as_("bob"), made.repo_id)
    with pytest.raises(Unauthenticated):
        world.repos.delete(ANONYMOUS, made.repo_id)
    world.repos.delete(world.as_("Ann"), made.repo_id)


def test_a_copy_has_the_history_and_the_links_and_shares_nothing(world: Any, ann: Any) -> None:
    source = world.repos.create(ann, model("Ann/a"), Visibility.PRIVATE)
    pointer = pointer_text(Pointer("a" * 64, 7))
    world.put(source.id, {"README.md": b"---\nlicense: mit\n---\n", "x.txt": b"x", "w": pointer})
    link(world, source.id, "a" * 64, 7)
    link(world, source.id, "b" * 64, 70)  # of a pull request or branch that is not copied
    world.git.swap_ref(source.id, "refs/heads/other", None, world.git.head(source.id))
    copy = world.repos.duplicate(ann, source.repo_id, model("Ann/copy"))
    assert copy.is_private
    assert copy.card == {"license": "mit"}
    assert copy.used_bytes == 7
    assert copy.head_commit == world.git.head(source.id)
    assert [r.name for r in world.git.references(copy.id)] == ["refs/heads/main"]
    assert rows_of(world, tables.links, copy.id) == 1
    world.repos.delete(ann, source.repo_id)
    assert file_at(world, copy, "x.txt") == b"x"
    assert len(world.git.log(copy.id, copy.head_commit)) == 2


def test_copying_needs_to_read_the_source(world: Any, ann: Any) -> None:
    source = world.repos.create(ann, model("Ann/a"), Visibility.PRIVATE)
    bob = world.user("bob")
    with pytest.raises(RepoNotFound):
        world.repos.duplicate(bob, source.repo_id, model("bob/a"))
    world.repos.update_settings(ann, source.repo_id, visibility=Visibility.PUBLIC, gate=Gate.MANUAL)
    with pytest.raises(GatedRepo):
        world.repos.duplicate(bob, source.repo_id, model("bob/a"))
    kept = world.repos.duplicate(ann, source.repo_id, model("Ann/copy"))
    assert kept.gate is Gate.MANUAL
    world.repos.update_settings(ann, source.repo_id, gate=Gate.OPEN)
    assert world.repos.duplicate(bob, source.repo_id, model("bob/a")).owner_id == world.ids["bob"]
    with pytest.raises(NameTaken):
        world.repos.duplicate(bob, source.repo_id, model("bob/a"))
    with pytest.raises(BadRequest):
        world.repos.duplicate(bob, source.repo_id, model("bob/a", "dataset"))


def test_settings_change_what_is_named_and_nothing_else(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/a"))
    changed = world.repos.update_settings(ann, made.repo_id, visibility=Visibility.PRIVATE)
    assert changed.is_private
    assert changed.gate is Gate.OPEN
    changed = world.repos.update_settings(ann, made.repo_id, settings={"a": 1, "b": [2]})
    assert changed.settings == {"a": 1, "b": [2]}
    assert world.repos.update_settings(ann, made.repo_id, settings={"a": None}).settings == {
        "b": [2]
    }
    with pytest.raises(RepoNotFound):
        world.repos.update_settings(ANONYMOUS, made.repo_id, gate=Gate.AUTO)
    world.repos.update_settings(ann, made.repo_id, visibility=Visibility.PUBLIC)
    with pytest.raises(Unauthenticated):
        world.repos.update_settings(ANONYMOUS, made.repo_id, gate=Gate.AUTO)


def test_every_change_is_recorded(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/a"))
    world.repos.update_settings(ann, made.repo_id, gate=Gate.AUTO)
    world.repos.update_settings(ann, made.repo_id, gate=Gate.AUTO)
    world.repos.move(ann, made.repo_id, model("Ann/b"))
    world.repos.delete(ann, model("Ann/b"))
    query = sa.select(tables.events.c.type).order_by(tables.events.c.id)
    types = world.database.read(lambda conn: conn.execute(query).scalars().all())
    assert types == [
        "repository.created",
        "repository.changed",
        "repository.moved",
        "repository.deleted",
    ]


# --- counting and indexing -----------------------------------------------------------------------


def test_downloads_are_added_up_and_written_at_the_end(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/a"))
    threads = [
        threading.Thread(target=lambda: [world.repos.count_download(made.id) for _ in range(50)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.get(ann, "Ann/a").downloads == 0
    world.repos.close()
    assert world.get(ann, "Ann/a").downloads == 200


def test_downloads_are_written_after_a_while_by_themselves(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/a"))
    counter = DownloadCounter(world.database, world.now, flush_seconds=0.01)
    counter.count(made.id)
    deadline = time.monotonic() + 10
    while world.get(ann, "Ann/a").downloads == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert world.get(ann, "Ann/a").downloads == 1


def test_downloads_survive_a_full_disk(world: Any, ann: Any, monkeypatch: Any) -> None:
    made = world.repos.create(ann, model("Ann/a"))
    world.repos.count_download(made.id)

    def full(self: Any, work: Any) -> None:
        raise StorageFull

    monkeypatch.setattr(type(world.database), "write", full)
    with pytest.raises(StorageFull):
        world.repos.flush_downloads()
    monkeypatch.undo()
    world.repos.count_download(made.id)
    world.repos.flush_downloads()
    assert world.get(ann, "Ann/a").downloads == 2


def safetensors(parameters: dict[str, int]) -> bytes:
    place = 0
    value: dict[str, Any] = {}
    for number, (dtype, count) in enumerate(parameters.items()):
        size = count * {"F32": 4, "BF16": 2}[dtype]
        value[f"t{number}"] = {
            "dtype": dtype,
            "shape": [count],
            "data_offsets": [place, place + size],
        }
        place += size
    header = json.dumps(value).encode()
    return struct.pack("<Q", len(header)) + header + bytes(place)


def test_the_head_of_main_describes_the_repository(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/a"))
    world.put(
        made.id,
        {
            "README.md": b"---\nlicense: mit\nlanguage: [en, no]\ntags: [chat]\ndatasets: org/d\n"
            b"base_model: org/base\n---\n# Title\n\nA model that talks.\nSee arxiv.org/abs/2401.12345\n",
            "config.json": b'{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "x": 1}',
            "tokenizer_config.json": b'{"chat_template": "{{ x }}", "eos_token": "</s>"}',
            "model.safetensors": safetensors({"BF16": 6, "F32": 2}),
        },
    )
    found = world.get(ann, "Ann/a")
    assert found.library_name == "transformers"
    assert found.pipeline_tag == "text-generation"
    assert found.description == "A model that talks. See arxiv.org/abs/2401.12345"
    assert found.facts["safetensors"] == {"parameters": {"BF16": 6, "F32": 2}, "total": 8}
    assert found.parameter_count == 8
    assert found.facts["config"]["architectures"] == ["LlamaForCausalLM"]
    assert found.facts["config"]["tokenizer_config"]["chat_template"] == "{{ x }}"
    assert found.facts["transformersInfo"] == {
        "auto_model": "AutoModelForCausalLM",
        "pipeline_tag": "text-generation",
        "processor": "AutoTokenizer",
    }
    assert "faults" not in found.facts
    assert found.tags == (
        "transformers",
        "safetensors",
        "llama",
        "chat",
        "en",
        "no",
        "dataset:org/d",
        "text-generation",
        "base_model:org/base",
        "arxiv:2401.12345",
        "license:mit",
    )


def test_what_cannot_be_read_is_a_fault_and_nothing_worse(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/a"))
    world.put(
        made.id,
        {
            "README.md": b"---\n&a [*a]\n---\n",
            "config.json": b"[" * 100_000,
            "tokenizer_config.json": b"\xff",
            "model.safetensors": b"\xff" * 20,
            "m.gguf": b"GGUF",
        },
    )
    found = world.get(ann, "Ann/a")
    assert found.card is None
    assert found.facts["faults"].keys() == {
        "README.md",
        "config.json",
        "tokenizer_config.json",
        "model.safetensors",
        "m.gguf",
    }
    assert found.tags == ("gguf", "safetensors")


def test_text_that_no_database_holds_is_cleaned(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/a"))
    config = b'{"architectures": ["A\\u0000ForCausalLM"], "model_type": "x\\ud800y", "auto_map": {"\\udc00": NaN}}'
    tokenizer = b'{"chat_template": "\\ud800\\u0000"}'
    world.put(made.id, {"config.json": config, "tokenizer_config.json": tokenizer})
    found = world.get(ann, "Ann/a")
    assert "x?y" in found.tags
    json.dumps(found.facts, ensure_ascii=False, allow_nan=False).encode()


def test_a_damaged_folder_is_a_fault_too(world: Any, ann: Any, monkeypatch: Any) -> None:
    made = world.repos.create(ann, model("Ann/a"), license_id="mit")

    def broken(*arguments: Any, **options: Any) -> None:
        raise Corrupt

    monkeypatch.setattr(type(world.git), "entries", broken)
    world.repos.index(made.id)
    found = world.get(ann, "Ann/a")
    assert (found.card, found.tags, list(found.facts["faults"])) == (None, (), [""])


def test_shards_are_added_up_and_missing_ones_are_a_fault(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/a"))
    index = {"weight_map": {"a": "w-1.safetensors", "b": "w-2.safetensors"}}
    files = {
        "model.safetensors.index.json": json.dumps(index).encode(),
        "w-1.safetensors": safetensors({"F32": 3}),
    }
    world.put(made.id, files)
    faults = world.get(ann, "Ann/a").facts["faults"]
    assert "w-2.safetensors" in faults["model.safetensors.index.json"]
    world.put(made.id, {"w-2.safetensors": safetensors({"F32": 4, "BF16": 1})})
    found = world.get(ann, "Ann/a")
    assert found.facts["safetensors"] == {"parameters": {"F32": 7, "BF16": 1}, "total": 8}


def test_a_pointer_without_content_is_a_fault(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/a"))
    pointer = (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 100\n"
    )
    world.put(made.id, {"model.safetensors": pointer})
    assert world.get(ann, "Ann/a").facts["faults"] == {"model.safetensors": "Object not found"}


def test_sizes_come_from_the_links(world: Any, ann: Any) -> None:
    made = world.repos.create(ann, model("Ann/a"))
    link(world, made.id, "a" * 64, 100)
    link(world, made.id, "b" * 64, 11)
    world.repos.index(made.id)
    assert world.get(ann, "Ann/a").used_bytes == 111
    link(world, made.id, "c" * 64, 1000)
    world.repos.index(made.id)
    assert world.get(ann, "Ann/a").used_bytes == 1111
    gone = sa.delete(tables.links).where(tables.links.c.sha256 == "b" * 64)
    world.write(lambda conn: conn.execute(gone).rowcount)
    world.repos.index(made.id)
    assert world.get(ann, "Ann/a").used_bytes == 1100
    world.repos.index(made.id)
    assert world.get(ann, "Ann/a").used_bytes == 1100


def test_names_that_are_not_names_cannot_be_parsed_into_repositories() -> None:
    for text in ("a", "a/b/c", "a/", "/b", "a/..", "a/b.git", "a/-b", "a/b\x00"):
        with pytest.raises(BadRequest):
            RepoId.parse(RepoKind.MODEL, text)
