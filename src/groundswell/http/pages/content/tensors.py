"""Weights: the tensors of a file, by name, type, shape and layer; and of all files of an index."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from typing import Any, Final

from groundswell.core.errors import EntryNotFound, Malformed
from groundswell.core.values import size_text
from groundswell.http.pages.content.place import Place
from groundswell.http.pages.repositories import place
from groundswell.http.pages.views import (
    BinaryContent,
    Content,
    PendingContent,
    Share,
    TensorRow,
    TensorsContent,
)
from groundswell.http.tables import table_now
from groundswell.hub.viewing import TENSORS_ON_PAGE, Question
from groundswell.wire.safetensors import parse_index

INDEX_BYTES_MAX: Final = 2 << 20
FILES_MAX: Final = 64
FIND_CHARACTERS_MAX: Final = 200
TYPES_SHOWN: Final = 8
_WHOLE: Final = 1000


def tensors_content(where: Place) -> Content:
    """The tensors of one file."""
    find = where.asked.query.get("find", "")[:FIND_CHARACTERS_MAX].strip()
    first = where.number("row")
    question = _question(where.path, where.size_bytes, find, first)
    found = table_now(where.asked.hub, where.located, question, where.wait_seconds)
    if found is None:
        return PendingContent(where.link(find=find, row=first), "This header")
    if "error" in found:
        size = size_text(where.size_bytes)
        return BinaryContent(f"Weights: {size}. The header cannot be read: {found['error']}")
    rows = tuple(TensorRow(*row) for row in found["tensors"])
    before, after = max(0, first - TENSORS_ON_PAGE), first + TENSORS_ON_PAGE
    _, tensors, count, size_bytes = found["whole"]
    return TensorsContent(
        here=where.here,
        find=find,
        tensor_count=tensors,
        parameter_count=count,
        size_bytes=size_bytes,
        types=_shares(found["types"][:TYPES_SHOWN], size_bytes),
        groups=_shares(found["groups"], size_bytes, where),
        groups_left_out=found["groups_left_out"],
        rows=rows,
        first=first,
        matched=found["matched"],
        newer_url=where.link(find=find, row=before) if first else None,
        older_url=where.link(find=find, row=after) if after < found["matched"] else None,
        pairs=tuple((name, value) for name, value in found["pairs"]),
    )


def _question(path: str, size_bytes: int, find: str = "", first: int = 0) -> Question:
    form = "gguf" if path.lower().endswith(".gguf") else "safetensors"
    return Question("tensors", form, size_bytes, offset=first, limit=TENSORS_ON_PAGE, text=find)


def _shares(
    sums: Iterable[Sequence[Any]], whole_bytes: int, where: Place | None = None
) -> tuple[Share, ...]:
    """Each with its part of the whole; with a place, a link to the tensors that it names."""
    found: list[Share] = []
    start = 0
    for name, tensors, count, size_bytes in sums:
        share = size_bytes * _WHOLE // whole_bytes if whole_bytes else 0
        url = where.link(find=f"{name}.") if where is not None and tensors > 1 else None
        found.append(Share(name, tensors, count, size_bytes, share, start, url))
        start += share
    return tuple(found)


def index_content(where: Place) -> Content | None:
    """All files of a sharded model, added up; None when this is no such index."""
    if where.size_bytes > INDEX_BYTES_MAX:
        return None
    try:
        names = parse_index(where.read(0, INDEX_BYTES_MAX))
    except Malformed:
        return None
    folder = posixpath.dirname(where.path)
    files: list[Sequence[Any]] = []
    types: dict[str, list[int]] = {}
    for name in names[:FILES_MAX]:
        found = _summary(where, posixpath.join(folder, name))
        if found is None:
            return PendingContent(where.link(), "These headers")
        if "error" in found:
            return BinaryContent(f"{name[:200]}: {found['error']}")
        files.append([name, *found["whole"][1:]])
        for kind, *figures in found["types"]:
            sums = types.setdefault(kind, [0, 0, 0])
            types[kind] = [one + other for one, other in zip(sums, figures, strict=True)]
    whole = [sum(each[at] for each in files) for at in (1, 2, 3)]
    by_size = sorted(types.items(), key=lambda item: (-item[1][2], item[0]))
    return TensorsContent(
        here=where.here,
        find="",
        tensor_count=whole[0],
        parameter_count=whole[1],
        size_bytes=whole[2],
        types=_shares([[kind, *sums] for kind, sums in by_size[:TYPES_SHOWN]], whole[2]),
        groups=(),
        groups_left_out=0,
        rows=(),
        first=0,
        matched=0,
        newer_url=None,
        older_url=None,
        pairs=(),
        files=_files(where, folder, files, whole[2]),
        files_left=max(0, len(names) - FILES_MAX),
    )


def _files(
    where: Place, folder: str, files: Sequence[Sequence[Any]], whole_bytes: int
) -> tuple[Share, ...]:
    return tuple(
        Share(
            name,
            tensors,
            count,
            size_bytes,
            size_bytes * _WHOLE // whole_bytes if whole_bytes else 0,
            url=place(where.head, "blob", where.revision, posixpath.join(folder, name)),
        )
        for name, tensors, count, size_bytes in files
    )


def _summary(where: Place, path: str) -> dict[str, Any] | None:
    """What one file of the index holds; ``{"error": …}`` when it is not there."""
    hub = where.asked.hub
    try:
        located = hub.content.locate(where.repository, where.located.commit, path)
    except EntryNotFound:
        return {"error": "it is not in this repository."}
    question = _question(path, located.entry.size_bytes)
    return table_now(hub, located, question, where.wait_seconds)
