"""A chunk that was found whole is believed to be so for a while, and no longer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from groundswell.core.errors import Corrupt
from groundswell.core.values import Term
from groundswell.hub.blobs.indexes import TRUST_SECONDS, Indexes
from groundswell.hub.blobs.reading import Reading
from groundswell.store.disk import DiskStore
from groundswell.store.ports import Kind
from groundswell.wire.xorb import Scheme, serialize_footer
from tests.hub.blobs.world import noise, pack

CONTENT = noise(300_000)


def rot(path: Path) -> None:
    """As a disk does it: nothing but the content tells."""
    figures = path.stat()
    data = bytearray(path.read_bytes())
    data[5_000] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    os.utime(path, ns=(figures.st_atime_ns, figures.st_mtime_ns))


@pytest.mark.parametrize("scheme", [Scheme.NONE, Scheme.LZ4])
@pytest.mark.parametrize("way", ["content", "records"])
def test_what_rots_after_it_was_read_is_found_when_trust_ends(
    tmp_path: Path, scheme: Scheme, way: str
) -> None:
    packed = pack(CONTENT, scheme)
    store = DiskStore(tmp_path)
    store.put(Kind.XORB, packed.key, packed.records + serialize_footer(packed.index))
    seconds = 0.0
    found: list[str] = []
    indexes = Indexes(store, on_fault=lambda key, what: found.append(what), now=lambda: seconds)
    reading = Reading(store, indexes)
    term = Term(packed.key, 0, len(packed.index), len(CONTENT))

    def read() -> bytes:
        if way == "content":
            return b"".join(reading.content([term], 0, len(CONTENT)))
        return b"".join(reading.records(packed.key, 0, packed.index.physical_bytes))

    before = read()
    rot(next(tmp_path.glob("xorbs/*/*")))
    seconds = TRUST_SECONDS - 1
    read()  # it may be wrong: nothing tells of it
    assert found == []
    seconds = TRUST_SECONDS
    with pytest.raises(Corrupt):
        read()
    assert len(found) == 1
    assert "chunk 0" in found[0]
    assert len(before) >= len(CONTENT)
    store.close()
