"""One xorb cut into pieces and written as a cold xorb.

Knows how tensors of a file meet the xorb's bytes and the bytes of its bases. Does not know when a
cold xorb replaces a plain one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final, NamedTuple

from groundswell.hub.upkeep.cooling.sources import Run, WeightsFile
from groundswell.store.ports import ColdBlobs, Spooled
from groundswell.wire.cold_xorb import BASES_MAX, PIECE_BYTES_MAX, ColdXorbBuilder
from groundswell.wire.hashing import hash_from_hex
from groundswell.wire.tensors import (
    BYTES,
    Layout,
    TensorPlace,
    encode_frame,
    is_base_for,
)
from groundswell.wire.xorb import XorbIndex

# Shorter pieces against a base would cost more in headers than they gain.
_AGAINST_BYTES_MIN: Final = 4096

MayBe = Callable[[str], bool]
"""Whether a xorb may be a base."""


class Against(NamedTuple):
    """Bytes of a base: so many from ``raw_start`` of a xorb."""

    xorb: str
    raw_start: int
    size_bytes: int
    layout: Layout


class Cut(NamedTuple):
    """A piece to be: raw bytes [start, stop) of the xorb."""

    start: int
    stop: int
    layout: Layout
    against: Against | None
    tensor: str


class Stopped(Exception):
    """The run was broken off."""


class XorbEncoder:
    """Writes one xorb of one file."""

    def __init__(
        self,
        store: ColdBlobs,
        key: str,
        index: XorbIndex,
        file: WeightsFile,
        bases: Sequence[WeightsFile],
        may_be_base: MayBe,
    ) -> None:
        self._store = store
        self._key = key
        self._index = index
        self._file = file
        self._bases = bases
        self._may_be_base = may_be_base
        self._useless: set[tuple[str, str]] = set()
        self._tried: set[tuple[str, str]] = set()

    def write(self, spooled: Spooled, is_stopping: Callable[[], bool]) -> list[str]:
        """Write all of the cold xorb; the xorbs that it needs.

        Raises:
            Stopped: it should end.
            Corrupt: the xorb or a base is broken.
        """
        builder = ColdXorbBuilder(self._index)
        spooled.write(builder.head)
        for cut in self._cuts():
            if is_stopping():
                raise Stopped
            plain = self._store.read_raw(self._key, cut.start, cut.stop)
            frame, against = self._frame(cut, plain, len(builder.bases))
            if against is None:
                spooled.write(builder.add(frame, len(plain)))
            else:
                base = hash_from_hex(against.xorb)
                spooled.write(builder.add(frame, len(plain), base, against.raw_start))
        spooled.write(builder.finish())
        return builder.bases

    def _frame(self, cut: Cut, plain: bytes, base_count: int) -> tuple[bytes, Against | None]:
        against = cut.against
        if against is None or base_count >= BASES_MAX:
            return encode_frame(plain, cut.layout), None
        place = (cut.tensor, against.xorb)
        if place in self._useless:
            return encode_frame(plain, cut.layout), None
        stop = against.raw_start + against.size_bytes
        base = self._store.read_raw(against.xorb, against.raw_start, stop, as_base=True)
        frame = encode_frame(plain, cut.layout, base, against.layout)
        if place not in self._tried:
            # A name in common is a guess: the first piece shows whether it was right.
            self._tried.add(place)
            alone = encode_frame(plain, cut.layout)
            if len(alone) <= len(frame):
                self._useless.add(place)
                return alone, None
        return frame, against

    def _cuts(self) -> Iterator[Cut]:
        """The whole xorb in pieces, in order."""
        place = 0
        for run in self._runs():
            yield from _bytes(place, run.raw_start)
            yield from self._of_run(run)
            place = run.raw_start + run.size_bytes
        yield from _bytes(place, self._index.raw_bytes)

    def _runs(self) -> list[Run]:
        """Where the file lies in the xorb, in the xorb's order, nothing twice."""
        found: list[Run] = []
        place = 0
        mine = (run for run in self._file.runs if run.xorb == self._key)
        for run in sorted(mine, key=lambda run: run.raw_start):
            skip = max(place - run.raw_start, 0)
            if skip < run.size_bytes:
                start, size = run.raw_start + skip, run.size_bytes - skip
                found.append(Run(run.file_start + skip, size, run.xorb, start))
                place = start + size
        return found

    def _of_run(self, run: Run) -> Iterator[Cut]:
        shift = run.raw_start - run.file_start
        place, end = run.file_start, run.file_start + run.size_bytes
        for tensor in self._file.places:
            if tensor.stop <= place or tensor.start >= end:
                continue
            record = tensor.layout.record_bytes
            start = max(tensor.start, place)
            start += -(start - tensor.start) % record
            stop = min(tensor.stop, end)
            stop -= (stop - tensor.start) % record
            if start >= stop:
                continue
            yield from _bytes(place + shift, start + shift)
            yield from self._of_tensor(tensor, start, stop, shift)
            place = stop
        yield from _bytes(place + shift, end + shift)

    def _of_tensor(self, tensor: TensorPlace, start: int, stop: int, shift: int) -> Iterator[Cut]:
        """Bytes [start, stop) of the file, which are whole records of the tensor."""
        record = tensor.layout.record_bytes
        step = PIECE_BYTES_MAX // record * record
        while start < stop:
            end = min(start + step, stop)
            against, size = self._against(tensor, start, end)
            end = start + size
            yield Cut(start + shift, end + shift, tensor.layout, against, tensor.name)
            start = end

    def _against(self, tensor: TensorPlace, start: int, stop: int) -> tuple[Against | None, int]:
        """The base of a piece, and how much of the piece it reaches for."""
        record = tensor.layout.record_bytes
        for file in self._bases:
            other = file.tensors.get(tensor.name)
            if other is None or not is_base_for(other.layout, tensor.layout):
                continue
            width = other.layout.record_bytes
            begin = other.start + (start - tensor.start) // record * width
            count = min((stop - start) // record, (other.stop - begin) // width)
            if count <= 0:
                continue
            run = file.run_at(begin)
            if run.xorb == self._key or not self._may_be_base(run.xorb):
                continue
            fitting = min(count, run.size_bytes // width)
            if fitting * record < min(_AGAINST_BYTES_MIN, stop - start):
                # Up to where the next run of the base begins, the piece stands alone.
                return None, min(-(-run.size_bytes // width), (stop - start) // record) * record
            against = Against(run.xorb, run.raw_start, fitting * width, other.layout)
            return against, fitting * record
        return None, stop - start


def _bytes(start: int, stop: int) -> Iterator[Cut]:
    """Bytes that are no tensor's."""
    for place in range(start, stop, PIECE_BYTES_MAX):
        yield Cut(place, min(place + PIECE_BYTES_MAX, stop), BYTES, None, "")


def share_of_tensors(index: XorbIndex, file: WeightsFile, key: str) -> float:
    """How much of a xorb the tensors of the file are."""
    mine: Collection[Run] = [run for run in file.runs if run.xorb == key]
    covered = 0
    for tensor in file.places:
        for run in mine:
            start = max(tensor.start, run.file_start)
            covered += max(min(tensor.stop, run.file_start + run.size_bytes) - start, 0)
    return covered / index.raw_bytes
