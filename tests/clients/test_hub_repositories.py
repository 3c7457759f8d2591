"""huggingface_hub 2.4: repositories are made, changed, moved, copied and deleted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.stage import ask, ask_json, noise, sha256, watching
from tests.live import LiveHub, token_of

KINDS = ("model", "dataset", "space")
FOLDERS = {"model": "models", "dataset": "datasets", "space": "spaces"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_repository_lives_from_creation_to_deletion(
    kind: str, hf: Any, ada: Any, nobody: Any, new_name: Callable[..., str]
) -> None:
    name = new_name()
    options = {"space_sdk": "static"} if kind == "space" else {}

    url = ada.create_repo(name, repo_type=kind, **options)

    assert isinstance(url, hf.RepoUrl)
    assert (url.repo_id, url.repo_type, url.endpoint) == (name, kind, ada.endpoint)
    files = nobody.list_repo_files(name, repo_type=kind)
    assert ".gitattributes" in files
    assert ("README.md" in files) == (kind == "space")
    first = ada.list_repo_commits(name, repo_type=kind)
    assert [each.title for each in first] == ["initial commit"]
    assert nobody.repo_exists(name, repo_type=kind)
    ada.delete_repo(name, repo_type=kind)
    assert not nobody.repo_exists(name, repo_type=kind)
    assert not ada.repo_exists(name, repo_type=kind)
    with pytest.raises(hf.errors.RepositoryNotFoundError):
        ada.delete_repo(name, repo_type=kind)
    ada.delete_repo(name, repo_type=kind, missing_ok=True)


def test_the_kinds_have_names_of_their_own(ada: Any, new_name: Callable[..., str]) -> None:
    name = new_name()
    for kind in ("model", "dataset"):
        ada.create_repo(name, repo_type=kind)
    ada.upload_file(
        path_or_fileobj=b"x", path_in_repo="only-here.txt", repo_id=name, repo_type="dataset"
    )
    assert not ada.file_exists(name, "only-here.txt")
    assert ada.file_exists(name, "only-here.txt", repo_type="dataset")


def test_creating_again_is_a_conflict_that_exist_ok_forgives(hf: Any, ada: Any, repo: str) -> None:
    with pytest.raises(hf.errors.HfHubHTTPError) as told:
        ada.create_repo(repo)
    assert told.value.response.status_code == 409
    again = ada.create_repo(repo, exist_ok=True)
    assert again.repo_id == repo


def test_a_name_without_namespace_is_the_owners(
    hf: Any, ada: Any, new_name: Callable[..., str]
) -> None:
    name = new_name().partition("/")[2]
    assert ada.create_repo(name).repo_id == f"ada/{name}"


def test_an_organisations_members_create_in_it_and_others_do_not(
    hf: Any, bob: Any, eve: Any, new_name: Callable[..., str]
) -> None:
    name = new_name("guild")
    assert bob.create_repo(name).repo_id == name
    assert bob.model_info(name).author == "guild"
    with pytest.raises(hf.errors.HfHubHTTPError) as told:
        eve.create_repo(new_name("guild"))
    assert told.value.response.status_code == 403


def test_nobody_creates_in_anothers_name_or_with_a_reading_token(
    hf: Any, live_hub: LiveHub, eve: Any, new_name: Callable[..., str]
) -> None:
    with pytest.raises(hf.errors.HfHubHTTPError) as told:
        eve.create_repo(new_name("ada"))
    assert told.value.response.status_code == 403
    reader = hf.HfApi(token=token_of("ada", "read"))
    with pytest.raises(hf.errors.HfHubHTTPError) as told:
        reader.create_repo(new_name("ada"))
    assert told.value.response.status_code == 403
    with pytest.raises(hf.errors.HfHubHTTPError) as told:
        hf.HfApi(token=False).create_repo("ada/x")
    assert told.value.response.status_code == 401


@pytest.mark.parametrize("name", ["ada/a b", "ada/.git", "ada/x.git", "ada/a--b", "ada/ä"])
def test_names_that_could_mislead_are_refused(live_hub: LiveHub, name: str) -> None:
    owner, _, short = name.partition("/")
    answer = ask_json(
        live_hub,
        "POST",
        "/api/repos/create",
        {"name": short, "organization": owner},
        token=token_of("ada"),
    )
    assert 400 <= answer.status < 500, answer.body
    assert answer.json()["error"]
    assert answer.headers["X-Error-Message"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_moved_repository_answers_under_its_old_name(
    kind: str,
    hf: Any,
    live_hub: LiveHub,
    ada: Any,
    new_repo: Callable[..., str],
    new_name: Callable[..., str],
) -> None:
    old, new = new_repo(kind), new_name()
    content = noise(5000, "moved")
    ada.upload_file(
        path_or_fileobj=content, path_in_repo="weights.bin", repo_id=old, repo_type=kind
    )

    ada.move_repo(old, new, repo_type=kind)

    for name in (old, new):
        found = ada.repo_info(name, repo_type=kind)
        assert found.id == new
        path = ada.hf_hub_download(name, "weights.bin", repo_type=kind)
        assert Path(path).read_bytes() == content
    answer = ask(live_hub, "GET", f"/api/{FOLDERS[kind]}/{old}/tree/main?recursive=true")
    assert answer.status == 307
    assert f"{new}/tree/main?recursive=true" in answer.headers["Location"]
    with pytest.raises(hf.errors.HfHubHTTPError):
        ada.create_repo(new, repo_type=kind, space_sdk="static" if kind == "space" else None)


def test_a_move_onto_a_taken_name_says_so(hf: Any, ada: Any, new_repo: Callable[..., str]) -> None:
    one, other = new_repo(), new_repo()
    with pytest.raises(hf.errors.HfHubHTTPError, match="already exists") as told:
        ada.move_repo(one, other)
    assert told.value.response.status_code == 409


def test_a_repository_moves_into_an_organisation(
    ada: Any, bob: Any, new_repo: Callable[..., str], new_name: Callable[..., str]
) -> None:
    old, new = new_repo(), new_name("guild")
    ada.move_repo(old, new)
    assert bob.repo_info(old).id == new
    bob.upload_file(path_or_fileobj=b"by bob", path_in_repo="b.txt", repo_id=old)


def test_visibility_changes_who_sees(hf: Any, ada: Any, eve: Any, nobody: Any, repo: str) -> None:
    assert nobody.repo_exists(repo)
    ada.update_repo_settings(repo, private=True)
    assert ada.model_info(repo).private is True
    assert not nobody.repo_exists(repo)
    assert not eve.repo_exists(repo)
    ada.update_repo_settings(repo, visibility="public")
    assert nobody.model_info(repo).private is False


def test_a_private_repository_is_not_there_for_others(
    hf: Any, ada: Any, eve: Any, nobody: Any, new_repo: Callable[..., str], tmp_path: Path
) -> None:
    hidden = new_repo(private=True)
    ada.upload_file(path_or_fileobj=b"secret", path_in_repo="a.bin", repo_id=hidden)
    for other in (eve, nobody):
        for act in (
            lambda api: api.model_info(hidden),
            lambda api: api.list_repo_files(hidden),
            lambda api: list(api.list_repo_tree(hidden)),
            lambda api: api.get_paths_info(hidden, ["a.bin"]),
            lambda api: api.list_repo_refs(hidden),
            lambda api: api.list_repo_commits(hidden),
            lambda api: api.auth_check(hidden),
            lambda api: api.snapshot_download(hidden, cache_dir=tmp_path),
        ):
            with pytest.raises(hf.errors.RepositoryNotFoundError):
                act(other)
        with pytest.raises(hf.errors.RepositoryNotFoundError):
            other.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=hidden)
        with pytest.raises((hf.errors.RepositoryNotFoundError, hf.errors.LocalEntryNotFoundError)):
            other.hf_hub_download(hidden, "a.bin", cache_dir=tmp_path)
        url = hf.hf_hub_url(hidden, "a.bin")
        with pytest.raises(hf.errors.RepositoryNotFoundError):
            hf.get_hf_file_metadata(url, token=other.token)


def test_missing_and_private_cannot_be_told_apart(
    live_hub: LiveHub, ada: Any, new_repo: Callable[..., str]
) -> None:
    hidden = new_repo(private=True)
    for token in (None, token_of("eve")):
        for path in ("api/models/{}", "api/models/{}/tree/main", "{}/resolve/main/README.md"):
            one, other = (
                ask(live_hub, "GET", "/" + path.format(name), token=token)
                for name in (hidden, "ada/was-never-there")
            )
            assert (one.status, one.headers["X-Error-Code"]) == (
                other.status,
                other.headers["X-Error-Code"],
            )
            assert one.status == (401 if token is None else 404)
            assert one.headers["X-Error-Code"] == "RepoNotFound"
            assert sorted(one.headers.keys()) == sorted(other.headers.keys())


def test_a_gated_repository_shows_itself_and_keeps_its_files(
    hf: Any, ada: Any, eve: Any, nobody: Any, repo: str, tmp_path: Path
) -> None:
    ada.upload_file(path_or_fileobj=noise(4000, 1), path_in_repo="w.bin", repo_id=repo)
    ada.upload_file(
        path_or_fileobj=b"---\nlicense: mit\n---\n# Hi\n", path_in_repo="README.md", repo_id=repo
    )
    for gate in ("auto", "manual"):
        ada.update_repo_settings(repo, gated=gate)
        assert eve.model_info(repo).gated == gate
        assert "w.bin" in eve.list_repo_files(repo)
        for other, status in ((eve, 403), (nobody, 401)):
            asked = f"Visit {ada.endpoint}/{repo} to ask for access"
            with pytest.raises(hf.errors.GatedRepoError, match=asked) as told:
                hf.get_hf_file_metadata(hf.hf_hub_url(repo, "w.bin"), token=other.token)
            assert told.value.response.status_code == status
            with pytest.raises(hf.errors.GatedRepoError):
                other.auth_check(repo)
            item = other.get_paths_info(repo, ["w.bin"])[0]
            assert set(item.lfs.sha256) == {"*"}
            assert not item.xet_hash or set(item.xet_hash) == {"*"}
        with pytest.raises(hf.errors.GatedRepoError):
            eve.hf_hub_download(repo, "w.bin", cache_dir=tmp_path / gate)
        with pytest.raises(hf.errors.GatedRepoError):
            eve.snapshot_download(repo, cache_dir=tmp_path / gate, allow_patterns="*.bin")
        assert eve.hf_hub_download(repo, "README.md", cache_dir=tmp_path / gate)
        assert ada.hf_hub_download(repo, "w.bin", cache_dir=tmp_path / "ada")
    ada.update_repo_settings(repo, gated=False)
    assert eve.hf_hub_download(repo, "w.bin", cache_dir=tmp_path / "open")


def test_auth_check_tells_reading_from_writing(
    hf: Any, ada: Any, eve: Any, nobody: Any, repo: str
) -> None:
    ada.auth_check(repo)
    ada.auth_check(repo, write=True)
    eve.auth_check(repo)
    nobody.auth_check(repo)
    for other in (eve, nobody, hf.HfApi(token=token_of("ada", "read"))):
        with pytest.raises(hf.errors.HfHubHTTPError) as told:
            other.auth_check(repo, write=True)
        assert told.value.response.status_code in (401, 403)


def test_settings_are_for_owners(hf: Any, eve: Any, repo: str) -> None:
    with pytest.raises(hf.errors.HfHubHTTPError) as told:
        eve.update_repo_settings(repo, private=True)
    assert told.value.response.status_code == 403
    with pytest.raises(hf.errors.HfHubHTTPError):
        eve.delete_repo(repo)
    assert eve.repo_exists(repo)


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_a_duplicate_has_every_file_and_moves_no_byte(
    kind: str,
    live_hub: LiveHub,
    ada: Any,
    new_repo: Callable[..., str],
    new_name: Callable[..., str],
) -> None:
    source, target = new_repo(kind), new_name()
    contents = {"big.bin": noise(300_000, "dup"), "dir/small.txt": b"small\n"}
    for path, content in contents.items():
        ada.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=source, repo_type=kind)

    with watching(live_hub) as seen:
        made = ada.duplicate_repo(source, target, repo_type=kind)

    assert made.repo_id == target
    assert seen.received_bytes < 10_000
    for path, content in contents.items():
        copy = ada.hf_hub_download(target, path, repo_type=kind)
        assert Path(copy).read_bytes() == content
    ada.delete_repo(source, repo_type=kind)
    item = ada.get_paths_info(target, ["big.bin"], repo_type=kind)[0]
    assert item.lfs.sha256 == sha256(contents["big.bin"])


def test_a_private_repository_is_not_duplicated_by_others(
    hf: Any, eve: Any, new_repo: Callable[..., str], new_name: Callable[..., str]
) -> None:
    hidden = new_repo(private=True)
    with pytest.raises(hf.errors.RepositoryNotFoundError):
        eve.duplicate_repo(hidden, new_name("eve"))


def test_repositories_are_listed_with_their_storage(ada: Any, repo: str) -> None:
    ada.upload_file(path_or_fileobj=noise(20_000, 1), path_in_repo="a.bin", repo_id=repo)
    listed = {each.id: each for each in ada.list_user_repos()}
    assert listed[repo].type == "model"


def test_whoami_tells_all_that_clients_read(hf: Any, ada: Any, bob: Any) -> None:
    me = ada.whoami()
    assert (me["name"], me["type"], me["fullname"]) == ("ada", "user", "Ada")
    assert me["auth"]["accessToken"]["displayName"] == "all"
    assert me["auth"]["accessToken"]["role"] == "write"
    assert {each["name"]: each["roleInOrg"] for each in me["orgs"]} == {"guild": "admin"}
    assert bob.whoami()["orgs"][0]["roleInOrg"] == "write"
    reader = hf.HfApi(token=token_of("ada", "read")).whoami()
    assert reader["auth"]["accessToken"]["role"] == "read"
    with pytest.raises(hf.errors.HfHubHTTPError, match="Invalid user token") as told:
        hf.HfApi(token="hf_" + "n" * 34).whoami()
    assert told.value.response.status_code == 401


def test_a_wrong_token_is_not_taken_for_a_missing_repository(hf: Any, repo: str) -> None:
    with pytest.raises(hf.errors.HfHubHTTPError) as told:
        hf.HfApi(token="hf_" + "n" * 34).model_info(repo)
    assert told.value.response.status_code == 401
    assert not isinstance(told.value, hf.errors.RepositoryNotFoundError)
    assert "Invalid credentials in Authorization header" in str(told.value)


def test_members_of_an_organisation(nobody: Any) -> None:
    assert {each.username for each in nobody.list_organization_members("guild")} == {"ada", "bob"}
