"""One flipped bit at rest: reading it is an error or a broken connection, never a whole answer with
wrong bytes; and ``swell fsck --deep`` finds it.
"""

from __future__ import annotations

import http.client
import random
import subprocess
from pathlib import Path

import pytest

from tests.clients.stage import Answer, client_environment
from tests.fault.nursery import Nursery
from tests.fault.rig import ADA, Uploads, damage, read
from tests.live import LiveHub

FLIPS = 6


def flip(file: Path, rng: random.Random) -> tuple[int, bytes]:
    """Flip one bit of a file; its place and the byte that was there."""
    file.chmod(0o600)
    content = bytearray(file.read_bytes())
    place = rng.randrange(len(content))
    before = bytes(content[place : place + 1])
    content[place] ^= 1 << rng.randrange(8)
    file.write_bytes(content)
    return place, before


def mend(file: Path, place: int, before: bytes) -> None:
    content = bytearray(file.read_bytes())
    content[place : place + 1] = before
    file.write_bytes(content)


def try_to_read(hub: LiveHub, repo: str, path: str) -> Answer | None:
    """The answer, None when the connection broke."""
    try:
        return read(hub, repo, path)
    except (OSError, http.client.HTTPException):
        return None


@pytest.fixture(params=["xorb", "object"])
def kept(
    request: pytest.FixtureRequest, data: Path, tmp_path: Path, nursery: Nursery
) -> tuple[Uploads, str, list[Path]]:
    """An upload, and the files in which its bytes lie."""
    way = {"xorb": "lfs", "object": "small"}[request.param]
    uploads = Uploads(tmp_path)
    before = set(data.rglob("*"))
    with nursery.serving(data, "--quiet") as hub:
        uploads.prepare(hub, (way,))
        uploads.upload(hub, way)
    files = [path for path in set(data.rglob("*")) - before if path.is_file()]
    if way == "lfs":
        found = [path for path in files if path.parent.parent.name == "xorbs"]
    else:
        found = [path for path in files if path.parent.parent.name == "objects"]
        found = [max(found, key=lambda path: path.stat().st_size)]
    assert found
    return uploads, way, found


@pytest.mark.timeout(240)
def test_a_flipped_bit_never_leaves(
    kept: tuple[Uploads, str, list[Path]], data: Path, nursery: Nursery
) -> None:
    uploads, way, files = kept
    rng = random.Random(5)
    repo = uploads.repo(way)
    ((path, content),) = uploads.acknowledged[repo].items()
    for _ in range(FLIPS):
        file = rng.choice(files)
        place, before = flip(file, rng)
        with nursery.serving(data, "--quiet") as hub:
            answer = try_to_read(hub, repo, path)
            if answer is not None:
                # A bit that no reader needs (in a footer, say) may go unnoticed by readers.
                right = answer.status == 200 and answer.body == content
                assert right or answer.status >= 500, (answer.status, file, place)
        assert damage(data, deep=True) != [], f"fsck does not see byte {place} of {file.name}"
        mend(file, place, before)
    with nursery.serving(data) as hub:
        uploads.verify(hub)
    assert damage(data, deep=True) == []


def test_a_flipped_bit_is_not_cloned(data: Path, tmp_path: Path, nursery: Nursery) -> None:
    uploads = Uploads(tmp_path)
    with nursery.serving(data, "--quiet") as hub:
        uploads.prepare(hub, ("small",))
        before = set(data.rglob("*"))
        uploads.upload(hub, "small")
        fresh = [path for path in set(data.rglob("*")) - before if path.is_file()]
        blobs = [path for path in fresh if path.parent.parent.name == "objects"]
    flip(max(blobs, key=lambda path: path.stat().st_size), random.Random(9))
    with nursery.serving(data, "--quiet") as hub:
        address = f"http://ada:{ADA}@127.0.0.1:{hub.port}/{uploads.repo('small')}"
        done = subprocess.run(
            ["git", "clone", "-q", address, tmp_path / "clone"],
            env=client_environment(hub, tmp_path), capture_output=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode != 0
