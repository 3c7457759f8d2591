"""A whole hub on PostgreSQL and an object storage: real clients, and nothing left in its folder.

`make clients-stores` runs every test of the clients on the same stores.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract import object_storage, postgresql
from tests.live import LiveHub, serving, swell, token_of

JOURNEY = textwrap.dedent(
    """
    import hashlib, os, pathlib, sys
    from huggingface_hub import HfApi, hf_hub_download, snapshot_download
    home, repo = pathlib.Path(sys.argv[1]), sys.argv[2]
    folder = home / "model"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("---\\nlicense: mit\\ntags: [quiet]\\n---\\n# A model\\n")
    weights = hashlib.shake_128(repo.encode()).digest(24 << 20)
    (folder / "model.safetensors").write_bytes(weights)
    api = HfApi()
    api.create_repo(repo)
    api.upload_folder(repo_id=repo, folder_path=folder)
    got = pathlib.Path(snapshot_download(repo, local_dir=home / "got", force_download=True))
    assert (got / "model.safetensors").read_bytes() == weights
    assert [m.id for m in api.list_models(search=repo.partition("/")[2][:6])] == [repo]
    assert repo in [m.id for m in api.list_models(filter="quiet", author="ada")]
    api.create_discussion(repo, title="What is it?")
    assert [d.title for d in api.get_repo_discussions(repo)] == ["What is it?"]
    api.delete_file("model.safetensors", repo_id=repo)
    old = api.list_repo_commits(repo)[1].commit_id
    again = hf_hub_download(repo, "model.safetensors", revision=old, local_dir=home / "old")
    assert pathlib.Path(again).read_bytes() == weights
    """
)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Path, str]]:
    with postgresql.server() as folder, object_storage.seaweedfs() as endpoint:
        yield folder, endpoint


def settle(data: Path, servers: tuple[Path, str], name: str, *, signed: bool) -> Path:
    """A data folder whose settings name a database and a bucket of its own."""
    folder, endpoint = servers
    data.mkdir(parents=True)
    url = postgresql.fresh_url(folder, name)
    lines = [f'database_url = "{url}"', *object_storage.settings(endpoint, name, signed=signed)]
    (data / "swell.toml").write_text("\n".join([*lines, ""]))
    return data


def journey(hub: LiveHub, home: Path, repo: str, **environment: str) -> None:
    """Publish, fetch, search, discuss and delete with huggingface_hub."""
    done = subprocess.run(
        [sys.executable, "-c", JOURNEY, str(home), repo],
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith("HF_")},
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": token_of("ada"),
            "HF_HOME": str(home / "cache"),
            "HF_XET_HIGH_PERFORMANCE": "0",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]


def routes(hub: LiveHub) -> list[object]:
    return [each.get("route") for each in hub.records()]


@pytest.mark.parametrize("signed", [True, False])
def test_a_model_goes_in_and_comes_out(
    servers: tuple[Path, str], tmp_path: Path, signed: bool
) -> None:
    data = settle(tmp_path / "data", servers, f"whole{signed:d}", signed=signed)
    with serving(data, people=True) as hub:
        journey(hub, tmp_path / "xet", "ada/through-xet")
        # With signed addresses no client sends a xorb to the hub, or gets a byte of one from it.
        assert ("xet records" in routes(hub)) is not signed
        assert ("xet xorb" in routes(hub)) is not signed
        assert ("xet commit" in routes(hub)) is signed
        journey(hub, tmp_path / "lfs", "ada/without-xet", HF_HUB_DISABLE_XET="1")
    assert not (data / "groundswell.db").exists()
    assert not any((data / "xorbs").iterdir())
    assert not any((data / "shards").iterdir())
    assert not any((data / "spool").iterdir())
    assert "0 errors" in swell(data, "fsck", "--deep")


def test_a_hub_does_not_begin_with_a_wrong_key(servers: tuple[Path, str], tmp_path: Path) -> None:
    data = settle(tmp_path / "data", servers, "keyless", signed=False)
    settings = data / "swell.toml"
    settings.write_text(settings.read_text().replace(object_storage.SECRET_ACCESS_KEY, "guessed"))
    with pytest.raises(AssertionError, match="refuses its key"), serving(data):
        pass
