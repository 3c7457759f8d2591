"""Whatever is flipped or cut in a ZIM archive: it is read, or refused as malformed, in bounded time."""

from __future__ import annotations

import contextlib
import struct
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.core.errors import Malformed
from groundswell.wire.zim import Archive, Limits
from tests.unit.zim_files import Made, simple

LIMITS = Limits(cluster_bytes=200_000, content_bytes=200_000, shelf_bytes=200_000)
ARCHIVES = [
    simple(packing=packing, long_offsets=long_offsets).build()
    for packing in (0, 4, 5)
    for long_offsets in (False, True)
]


def everything(data: bytes, steps_max: int = 100_000) -> None:
    """Ask an archive all there is to ask; count what it reads."""
    reads = [0]

    def read(start: int, stop: int) -> bytes:
        reads[0] += 1
        assert reads[0] < steps_max
        assert 0 <= start <= stop <= len(data)
        return data[start:stop]

    try:
        archive = Archive(read, len(data), LIMITS)
    except Malformed:
        return
    for number in range(min(archive.entry_count, 50)):
        with contextlib.suppress(Malformed):
            entry = archive.entry(number)
            assert len(archive.content(entry)) == archive.content_bytes(entry)
            archive.find(entry.path)
    for ask in (
        archive.metadata_names,
        archive.main_page,
        archive.verify,
        lambda: archive.metadata_text("Title"),
        lambda: list(zip(range(50), archive.articles(), strict=False)),
        lambda: list(zip(range(50), archive.by_title(), strict=False)),
        lambda: list(zip(range(50), archive.stored(0, 50), strict=False)),
    ):
        with contextlib.suppress(Malformed):
            ask()


@settings(deadline=None)
@given(st.sampled_from(ARCHIVES), st.data())
def test_flipped_bytes(data: Any, more: Any) -> None:
    changed = bytearray(data)
    for _ in range(more.draw(st.integers(1, 4))):
        place = more.draw(st.integers(0, 79) | st.integers(0, len(data) - 1))
        changed[place] = more.draw(st.integers(0, 255))
    everything(bytes(changed))


@settings(deadline=None)
@given(st.sampled_from(ARCHIVES), st.data())
def test_numbers_written_over(data: Any, more: Any) -> None:
    """Positions and counts that lie, wherever one stands."""
    changed = bytearray(data)
    place = more.draw(st.integers(0, len(data) - 8))
    number = more.draw(
        st.integers(0, len(data) + 20) | st.sampled_from([2**31, 2**32 - 1, 2**63, 2**64 - 1])
    )
    changed[place : place + 8] = struct.pack("<Q", number)
    everything(bytes(changed))


@given(st.sampled_from(ARCHIVES), st.data())
def test_cut_bytes(data: Any, more: Any) -> None:
    start = more.draw(st.integers(0, len(data)))
    stop = more.draw(st.integers(start, len(data)))
    everything(data[:start])
    everything(data[:start] + data[stop:])


@given(st.binary(max_size=200))
def test_junk(data: Any) -> None:
    everything(data)
    everything(b"ZIM\x04" + data)


NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


@settings(deadline=None)
@given(
    st.dictionaries(NAMES, st.binary(max_size=2_000), min_size=1, max_size=20),
    st.sampled_from([0, 4, 5]),
    st.booleans(),
    st.integers(1, 5),
)
def test_whatever_is_written_is_read(
    contents: Any, packing: Any, long_offsets: Any, group: Any
) -> None:
    entries = [("C", name, "", content) for name, content in contents.items()]
    made = Made(entries, packing=packing, long_offsets=long_offsets, per_cluster=group)
    data = made.build()
    archive = Archive(lambda start, stop: data[start:stop], len(data))
    archive.verify()
    for name, content in contents.items():
        entry = archive.find(f"C/{name}")
        assert entry is not None
        assert archive.content(entry) == content
    assert [entry.key for entry in archive.entries()] == sorted(b"C" + n.encode() for n in contents)
