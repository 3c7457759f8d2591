"""Older releases, and today's without hf_xet, walk the same journey as today's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import Environment
from tests.clients.stage import SCRIPTS, client_environment, noise, run, sha256, watching
from tests.live import LiveHub, token_of

old = pytest.mark.old

# What each environment must have said on the wire, and must not have said. With hf_xet, large
# files go to /xet/…; in which dialect tells that this really is that release.
DIALECTS = {
    "current": ([r"/v1/xorbs/default/", r"/v2/shards$", r"/v2/reconstructions/"], []),
    "no-xet": ([r"info/lfs/objects/batch$", r"^PUT "], [r"/xorbs/", r"/shards", r"reconstruction"]),
    "xet-1.7": ([r"/v1/xorbs/default/", r"/v2/shards$"], [r"/xorb-grants/"]),
    "hub-1.19": ([r"/v1/xorbs/default/", r"/v1/shards$", r"/v2/reconstructions/"], [r"grants"]),
    "hub-1.3": (
        [r"/v1/xorbs/default/", r"(?<!/v[12])/shards$", r"/v1/reconstructions/"],
        [r"grants"],
    ),
    "hub-0.36": (
        [r"(?<!/v1)/xorbs/default/", r"(?<!/v[12])/shards$", r"(?<!/v[12])/reconstructions/"],
        [r"/v1/"],
    ),
}


@pytest.mark.parametrize(
    "name",
    [
        "current",
        "no-xet",
        *(pytest.param(each, marks=old) for each in ("xet-1.7", "hub-1.19", "hub-1.3", "hub-0.36")),
    ],
)
def test_a_release_walks_the_whole_journey(
    name: str,
    live_hub: LiveHub,
    clients: Callable[[str], Environment],
    new_name: Callable[..., str],
    home: Path,
) -> None:
    client = clients(name)
    repo = new_name()
    environment = client_environment(live_hub, home, token_of("ada"))

    with watching(live_hub) as seen:
        printed = run(client.program, SCRIPTS / "journey.py", repo, home, env=environment)

    told = json.loads(printed.splitlines()[-1])
    assert told["version"] == client.versions["huggingface_hub"]
    assert told["sha256"] == sha256(noise(700_001, 700_001))
    spoken, unspoken = DIALECTS[name]
    for pattern in spoken:
        assert seen.matching(pattern), (pattern, sorted(set(seen.lines)))
    for pattern in unspoken:
        assert not seen.matching(pattern), pattern


@pytest.mark.parametrize(
    "name",
    [*(pytest.param(each, marks=old) for each in ("xet-1.7", "hub-1.19", "hub-1.3", "hub-0.36"))],
)
def test_what_a_release_uploads_today_reads_and_the_other_way_round(
    name: str,
    live_hub: LiveHub,
    clients: Callable[[str], Environment],
    ada: Any,
    repo: str,
    home: Path,
) -> None:
    client = clients(name)
    environment = client_environment(live_hub, home, token_of("ada"))
    program = (
        "import sys, hashlib; from huggingface_hub import HfApi; api = HfApi();"
        "api.upload_file(path_or_fileobj=sys.argv[2], path_in_repo='theirs.bin', repo_id=sys.argv[1]);"
        "got = api.hf_hub_download(sys.argv[1], 'ours.bin');"
        "print(hashlib.sha256(open(got, 'rb').read()).hexdigest())"
    )
    ours, theirs = noise(1_500_000, "ours"), noise(1_500_000, "theirs")
    (home / "theirs.bin").write_bytes(theirs)
    ada.upload_file(path_or_fileobj=ours, path_in_repo="ours.bin", repo_id=repo)

    printed = run(client.program, "-c", program, repo, home / "theirs.bin", env=environment)

    assert printed.split()[-1] == sha256(ours)
    got = ada.hf_hub_download(repo, "theirs.bin", cache_dir=home / "today")
    with open(got, "rb") as file:
        assert file.read() == theirs


@pytest.mark.old
def test_an_old_release_resumes_a_half_downloaded_file(
    live_hub: LiveHub, clients: Callable[[str], Environment], ada: Any, repo: str, home: Path
) -> None:
    content = noise(3_000_000, "half")
    ada.upload_file(path_or_fileobj=content, path_in_repo="a.bin", repo_id=repo)
    blobs = home / "hf" / "hub" / f"models--{repo.replace('/', '--')}" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{sha256(content)}.incomplete").write_bytes(content[:2_000_000])
    program = (
        "import sys, hashlib; from huggingface_hub import hf_hub_download;"
        "got = hf_hub_download(sys.argv[1], 'a.bin');"
        "print(hashlib.sha256(open(got, 'rb').read()).hexdigest())"
    )
    environment = client_environment(live_hub, home, token_of("ada"), HF_HUB_DISABLE_XET="1")
    with watching(live_hub) as seen:
        printed = run(clients("hub-0.36").program, "-c", program, repo, env=environment)
    assert printed.split()[-1] == sha256(content)
    got = [each for each in seen.records if each["method"] == "GET" and "/resolve/" in each["path"]]
    assert [(each["status"], each["out"]) for each in got] == [(206, 1_000_000)]
