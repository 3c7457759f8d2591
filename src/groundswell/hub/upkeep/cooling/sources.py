"""Where the tensors of a file lie in xorbs, and which other files may be their base.

Knows cards and rights: a base has the same owner, or anybody may read it, so that nothing of
what somebody may not read ever shows in what he stores. Does not know frames.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from groundswell.core.errors import BlobNotFound, Corrupt, Malformed
from groundswell.core.values import Gate, RepoKind, Visibility
from groundswell.hub.blobs.links import Links
from groundswell.hub.cards import words
from groundswell.hub.upkeep.premises import Premises
from groundswell.store.tables import links, repositories
from groundswell.wire.tensors import TensorPlace, tensor_places

ENDINGS: Final = (".safetensors", ".gguf")
_FILES_KEPT: Final = 16
_FILES_OF_BASE_MAX: Final = 64
_ANCESTORS_MAX: Final = 4
_EARLIER_MAX: Final = 16


class Run(NamedTuple):
    """Bytes of a file that lie in one xorb, one after the other."""

    file_start: int
    size_bytes: int
    xorb: str
    raw_start: int


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One file with tensors: where its bytes lie, and its tensors in order and by name."""

    sha256: str
    runs: Sequence[Run]
    places: Sequence[TensorPlace]
    tensors: dict[str, TensorPlace]

    def run_at(self, offset: int) -> Run:
        """The rest of the run that holds the byte at ``offset`` of the file."""
        run = self.runs[bisect_right(self.runs, offset, key=lambda run: run.file_start) - 1]
        skip = offset - run.file_start
        return Run(offset, run.size_bytes - skip, run.xorb, run.raw_start + skip)


class Sources:
    """Files by repository and content, and the candidates for their bases."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._links = Links(premises.database, premises.clock)
        self._kept: OrderedDict[str, WeightsFile | None] = OrderedDict()

    def file(self, repository_id: int, sha256: str) -> WeightsFile | None:
        """A content that the repository holds; None when it has no tensors or cannot be read."""
        if sha256 not in self._kept:
            try:
                self._kept[sha256] = self._open(repository_id, sha256)
            except (BlobNotFound, Corrupt, Malformed):
                self._kept[sha256] = None
            while len(self._kept) > _FILES_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(sha256)
        return self._kept[sha256]

    def bases(self, repository_id: int, sha256: str, linked_at: int) -> Iterator[WeightsFile]:
        """What the file may be a difference to, the likeliest first: files of the repositories
        that cards name, up to four steps back, then earlier files of its own repository.
        """
        for number, content in self._candidates(repository_id, sha256, linked_at):
            if content != sha256:
                found = self.file(number, content)
                if found is not None:
                    yield found

    def _candidates(
        self, repository_id: int, sha256: str, linked_at: int
    ) -> Iterator[tuple[int, str]]:
        row = self._repository(repositories.c.id == repository_id)
        seen = {repository_id}
        parent = row
        for _ in range(_ANCESTORS_MAX):
            parent = self._parent(row, parent)
            if parent is None or parent.id in seen:
                break
            seen.add(parent.id)
            for content in self._contents(links.c.repository_id == parent.id, _FILES_OF_BASE_MAX):
                yield parent.id, content
        earlier = sa.and_(
            links.c.repository_id == repository_id,
            sa.tuple_(links.c.linked_at, links.c.sha256) < sa.tuple_(linked_at, sha256),
        )
        for content in self._contents(earlier, _EARLIER_MAX):
            yield repository_id, content

    def _parent(self, reader: sa.Row[Any] | None, row: sa.Row[Any] | None) -> sa.Row[Any] | None:
        """The first base that a card names, if it is here and may be one for ``reader``."""
        if row is None or reader is None:
            return None
        for name in words((row.card or {}).get("base_model")):
            namespace, _, short = name.partition("/")
            found = self._repository(
                sa.and_(
                    repositories.c.kind == RepoKind.MODEL.value,
                    repositories.c.namespace == namespace,
                    repositories.c.name == short,
                )
            )
            if found is not None and (found.owner_id == reader.owner_id or _is_open(found)):
                return found
        return None

    def _repository(self, which: sa.ColumnElement[bool]) -> sa.Row[Any] | None:
        query = sa.select(repositories).where(which, repositories.c.deleted_at.is_(None)).limit(1)
        return self._premises.database.read(lambda conn: conn.execute(query).one_or_none())

    def _contents(self, which: sa.ColumnElement[bool], most: int) -> Sequence[str]:
        query = sa.select(links.c.sha256).where(which, is_weights())
        query = query.order_by(links.c.linked_at, links.c.sha256).limit(most)
        return self._premises.database.read(lambda conn: conn.execute(query).scalars().all())

    def _open(self, repository_id: int, sha256: str) -> WeightsFile | None:
        plan = self._links.plan(repository_id, sha256)
        runs: list[Run] = []
        place = 0
        for term in plan.terms:
            index = self._premises.indexes.get_promised(term.xorb_hash).index
            start, _ = index.raw_range(term.chunk_start, term.chunk_stop)
            last = runs[-1] if runs else None
            if last and last.xorb == term.xorb_hash and last.raw_start + last.size_bytes == start:
                runs[-1] = last._replace(size_bytes=last.size_bytes + term.raw_size_bytes)
            else:
                runs.append(Run(place, term.raw_size_bytes, term.xorb_hash, start))
            place += term.raw_size_bytes

        def read_at(offset: int, size: int) -> bytes:
            return b"".join(self._premises.reading.content(plan.terms, offset, offset + size))

        places = tensor_places(read_at, plan.size_bytes)
        if not places:
            return None
        return WeightsFile(sha256, runs, places, {each.name: each for each in places})


def is_weights() -> sa.ColumnElement[bool]:
    """Links of files that may hold tensors."""
    return sa.or_(*(links.c.path.like(f"%{ending}") for ending in ENDINGS))


def _is_open(row: sa.Row[Any]) -> bool:
    """Whether anybody may read the repository."""
    is_public: bool = row.visibility == Visibility.PUBLIC.value
    return is_public and row.gate == Gate.OPEN.value and not row.disabled
