"""The contract of ``BlobStore``, as tests that any adapter must pass.

Knows what ``groundswell.store.ports`` promises. Does not know how an adapter keeps its bytes:
durability and full disks are tested where there are disks.
"""

from __future__ import annotations

import abc
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from groundswell.core.errors import Corrupt
from groundswell.store.ports import BlobStore, Kind


def _key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


@contextmanager
def _raises(expected: type[Exception]) -> Iterator[None]:
    try:
        yield
    except expected:
        return
    msg = f"{expected.__name__} was not raised"
    raise AssertionError(msg)


class BlobStoreContract(abc.ABC):
    """Subclass it, give ``make_store``, and let the test runner collect the rest."""

    @abc.abstractmethod
    def make_store(self) -> BlobStore:
        """A store that holds nothing yet."""

    def test_an_object_reads_back(self) -> None:
        """What was put is what is read, and a second put changes nothing."""
        store = self.make_store()
        assert store.put(Kind.XORB, _key("a"), b"hello") is True
        assert store.put(Kind.XORB, _key("a"), b"other") is False
        with store.open(Kind.XORB, _key("a")) as reader:
            assert reader.size_bytes == 5
            assert reader.read_at(0, 5) == b"hello"
            assert reader.read_at(1, 3) == b"ell"
        assert store.size_bytes(Kind.XORB, _key("a")) == 5

    def test_only_a_store_of_local_files_tells_places(self) -> None:
        """A place names one file of the store's folder, of this object alone."""
        store = self.make_store()
        places = []
        for name in ("a", "b"):
            store.put(Kind.XORB, _key(name), name.encode())
            with store.open(Kind.XORB, _key(name)) as reader:
                places.append(reader.place)
        if store.capabilities.serves_local_files:
            assert places == [f"{Kind.XORB}/{_key(n)[:2]}/{_key(n)}" for n in ("a", "b")]
        else:
            assert places == [None, None]

    def test_what_was_set_aside_is_out_of_reach_and_not_lost(self) -> None:
        """Reads find nothing, the key is free again, and a second time overwrites nothing."""
        store = self.make_store()
        places = []
        for content in (b"first", b"second"):
            store.put(Kind.XORB, _key("a"), content)
            with store.open(Kind.XORB, _key("a")) as reader:
                identity = reader.identity
                places.append(store.set_aside(Kind.XORB, _key("a")))
                if store.capabilities.reads_outlive_deletion:
                    assert reader.read_at(0, len(content)) == content
            with _raises(FileNotFoundError), store.open(Kind.XORB, _key("a")):
                pass
            assert store.put(Kind.XORB, _key("a"), b"healed") is True
            with store.open(Kind.XORB, _key("a")) as reader:
                assert reader.read_at(0, 6) == b"healed"
                assert reader.identity != identity
            store.delete(Kind.XORB, _key("a"))
        assert len(set(places)) == 2
        for place, content in zip(places, (b"first", b"second"), strict=True):
            with store.open_aside(place) as aside:
                assert aside.read_at(0, aside.size_bytes) == content
        for place in (f"{places[0]}.7", "quarantine/../keys", "", f"xorbs/{_key('a')}"):
            with _raises(FileNotFoundError), store.open_aside(place):
                pass
        with _raises(FileNotFoundError):
            store.set_aside(Kind.XORB, _key("a"))

    def test_an_empty_object(self) -> None:
        """Nothing is content too."""
        store = self.make_store()
        assert store.put(Kind.SHARD, _key("empty"), b"")
        assert store.size_bytes(Kind.SHARD, _key("empty")) == 0
        with store.open(Kind.SHARD, _key("empty")) as reader:
            assert reader.read_at(0, 0) == b""

    def test_kinds_are_apart(self) -> None:
        """The same key under two kinds is two objects."""
        store = self.make_store()
        store.put(Kind.XORB, _key("a"), b"xorb")
        assert store.size_bytes(Kind.SHARD, _key("a")) is None
        store.put(Kind.SHARD, _key("a"), b"a shard")
        assert store.size_bytes(Kind.XORB, _key("a")) == 4
        assert store.size_bytes(Kind.SHARD, _key("a")) == 7

    def test_absence(self) -> None:
        """What is not there is said to be so."""
        store = self.make_store()
        assert store.size_bytes(Kind.XORB, _key("a")) is None
        assert store.delete(Kind.XORB, _key("a")) is False
        with _raises(FileNotFoundError), store.open(Kind.XORB, _key("a")):
            pass

    def test_spooled_bytes_become_an_object(self) -> None:
        """Nothing is visible before adoption; everything is after it."""
        store = self.make_store()
        spooled = store.spool(11)
        spooled.write(b"hello ")
        spooled.write(memoryview(b"world"))
        assert spooled.size_bytes == 11
        with open(spooled.path, "rb") as stream:  # noqa: PTH123 - a path of the port is text
            assert stream.read() == b"hello world"
        assert store.size_bytes(Kind.XORB, _key("a")) is None
        assert store.adopt(Kind.XORB, _key("a"), spooled) is True
        spooled.discard()
        with store.open(Kind.XORB, _key("a")) as reader:
            assert reader.read_at(0, 11) == b"hello world"

    def test_adopting_what_is_there(self) -> None:
        """The object that was there first stays."""
        store = self.make_store()
        store.put(Kind.XORB, _key("a"), b"first")
        spooled = store.spool()
        spooled.write(b"again")
        assert store.adopt(Kind.XORB, _key("a"), spooled) is False
        with store.open(Kind.XORB, _key("a")) as reader:
            assert reader.read_at(0, 5) == b"first"

    def test_settled_bytes_are_adopted_or_discarded_like_others(self) -> None:
        """Settling is a matter of resources, and may be done twice."""
        store = self.make_store()
        settled, other = store.spool(), store.spool()
        settled.write(b"settled")
        other.write(b"other")
        settled.settle()
        settled.settle()
        other.settle()
        other.discard()
        assert store.adopt(Kind.XORB, _key("a"), settled) is True
        with store.open(Kind.XORB, _key("a")) as reader:
            assert reader.read_at(0, 7) == b"settled"
        assert store.sweep_spool(-1.0) == 0

    def test_discarded_bytes_are_gone(self) -> None:
        """Discarding is idempotent."""
        store = self.make_store()
        spooled = store.spool()
        spooled.write(b"never mind")
        spooled.discard()
        spooled.discard()
        assert list(store.list_keys(Kind.XORB)) == []
        assert store.sweep_spool(-1.0) == 0

    def test_reading_into_buffers(self) -> None:
        """Buffers of any sizes are filled in order, more of them than one call takes."""
        store = self.make_store()
        content = bytes(range(256)) * 64
        store.put(Kind.XORB, _key("a"), content)
        buffers = [bytearray(size) for size in [0, 1, 7, 1000, 0, *([3] * 2500)]]
        with store.open(Kind.XORB, _key("a")) as reader:
            reader.read_into(5, [memoryview(buffer) for buffer in buffers])
        joined = b"".join(buffers)
        assert joined == content[5 : 5 + len(joined)]

    def test_a_short_object_is_corrupt(self) -> None:
        """A read past the end is an error, never fewer bytes."""
        store = self.make_store()
        store.put(Kind.XORB, _key("a"), b"short")
        with store.open(Kind.XORB, _key("a")) as reader:
            with _raises(Corrupt):
                reader.read_at(0, 6)
            with _raises(Corrupt):
                reader.read_into(4, [memoryview(bytearray(1)), memoryview(bytearray(1))])
            with _raises(Corrupt):
                reader.read_at(100, 1)

    def test_deletion(self) -> None:
        """A deleted object is gone for those who ask now; who reads it may finish."""
        store = self.make_store()
        store.put(Kind.XORB, _key("a"), b"hello")
        with store.open(Kind.XORB, _key("a")) as reader:
            assert store.delete(Kind.XORB, _key("a")) is True
            if store.capabilities.reads_outlive_deletion:
                assert reader.read_at(0, 5) == b"hello"
            else:
                with _raises(Corrupt):
                    reader.read_at(0, 5)
        assert store.size_bytes(Kind.XORB, _key("a")) is None
        with _raises(FileNotFoundError), store.open(Kind.XORB, _key("a")):
            pass
        assert store.put(Kind.XORB, _key("a"), b"fresh") is True
        with store.open(Kind.XORB, _key("a")) as reader:
            assert reader.read_at(0, 5) == b"fresh"

    def test_listing(self) -> None:
        """Keys come in order, and a listing resumes where it stopped."""
        store = self.make_store()
        assert list(store.list_keys(Kind.XORB)) == []
        keys = sorted(_key(str(number)) for number in range(40))
        for key in reversed(keys):
            store.put(Kind.XORB, key, b"x")
        assert list(store.list_keys(Kind.XORB)) == keys
        for position in (0, 17, 39):
            assert list(store.list_keys(Kind.XORB, after=keys[position])) == keys[position + 1 :]

    def test_many_objects_open_at_once(self) -> None:
        """Holding objects open does not run the process out of anything."""
        store = self.make_store()
        for number in range(400):
            store.put(Kind.SHARD, _key(str(number)), str(number).encode())
        for _ in range(2):
            for number in range(400):
                with store.open(Kind.SHARD, _key(str(number))) as reader:
                    assert reader.read_at(0, reader.size_bytes) == str(number).encode()

    def test_many_writers_of_one_key(self) -> None:
        """One of them made the object, and every one of them can rely on it."""
        store = self.make_store()
        outcomes: list[bool] = []
        ready = threading.Barrier(8)

        def put() -> None:
            ready.wait()
            outcomes.append(store.put(Kind.XORB, _key("a"), b"same bytes"))

        threads = [threading.Thread(target=put) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == [False] * 7 + [True]
        with store.open(Kind.XORB, _key("a")) as reader:
            assert reader.read_at(0, 10) == b"same bytes"

    def test_sweeping_the_spool(self) -> None:
        """Bytes that nobody writes to any more go; what was adopted and what is young stays."""
        store = self.make_store()
        store.put(Kind.XORB, _key("a"), b"kept")
        left_behind = store.spool()
        left_behind.write(b"half an upload")
        assert store.sweep_spool(3600.0) == 0
        assert store.sweep_spool(-1.0) == 1
        assert list(store.list_keys(Kind.XORB)) == [_key("a")]
        left_behind.discard()

    def test_free_space_is_a_number_or_unknown(self) -> None:
        """What admission asks before it takes an upload."""
        free_bytes = self.make_store().free_bytes()
        assert free_bytes is None or free_bytes >= 0
