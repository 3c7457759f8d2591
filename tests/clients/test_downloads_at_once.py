"""Many download at the same time: each gets its own bytes, whatever pace it has."""

import hashlib
import http.client
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.live import LiveHub, token_of

SIZE = 9 * 1024 * 1024 + 12_345
READERS = 12


def _digest(hub: LiveHub, path: str, pause_seconds: float) -> str:
    wire = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=60)
    wire.request("GET", path, headers={"Authorization": f"Bearer {token_of('ada')}"})
    answer = wire.getresponse()
    assert answer.status == 200
    hasher = hashlib.sha256()
    while piece := answer.read(700_000):
        hasher.update(piece)
        time.sleep(pause_seconds)
    wire.close()
    return hasher.hexdigest()


def test_each_reader_gets_its_own_bytes(
    live_hub: LiveHub, ada: Any, new_name: Callable[..., str]
) -> None:
    """All of them are served from the same memory, one step after the other."""
    repo = new_name()
    ada.create_repo(repo, private=True)
    contents = [os.urandom(SIZE) for _ in range(3)]
    for number, content in enumerate(contents):
        ada.upload_file(
            path_or_fileobj=content, path_in_repo=f"{number}.safetensors.bin", repo_id=repo
        )

    def read(number: int) -> None:
        which = number % len(contents)
        path = f"/{repo}/resolve/main/{which}.safetensors.bin"
        found = _digest(live_hub, path, 0.02 if number % 2 else 0.0)
        assert found == hashlib.sha256(contents[which]).hexdigest(), number

    for _ in range(3):  # the first time every chunk is checked, and read another way
        with ThreadPoolExecutor(READERS) as readers:
            list(readers.map(read, range(READERS)))
