"""Shards that are built, read again to make more of them; and files named by their bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from groundswell.wire.documents import Article
from groundswell.wire.packs import Shard, TextShard, text_path, unpack_article


def lines_of(folder: Path, shard: Shard) -> Iterator[bytes]:
    """The articles of a shard as its text has them."""
    path = folder / text_path(shard.text)
    with path.open("rb") as file:
        number = file.fileno()
        size_bytes = path.stat().st_size
        text = TextShard(lambda start, stop: os.pread(number, stop - start, start), size_bytes)
        for frame in text.frames:
            yield from text.read_frame(frame)


def articles_of(folder: Path, shard: Shard) -> Iterator[Article]:
    """The articles of a shard, in their order."""
    yield from map(unpack_article, lines_of(folder, shard))


def write_named(folder: Path, path_of: Callable[[str], str], data: bytes) -> str:
    """Write a file under the name that its bytes give it; the name."""
    name = hashlib.sha256(data).hexdigest()[:32]
    path = folder / path_of(name)
    work = path.with_name(f"{path.name}.{os.getpid()}.part")
    with work.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())  # what is noted as built is there after a power cut
    work.replace(path)
    return name
