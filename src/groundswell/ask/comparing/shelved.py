"""Results that lie beside their set in a dataset of the hub: listed, read, and judged again.

Knows files and commits. Does not know rights: whoever found the dataset did. What is kept follows
from contents alone, so that it is never what somebody may read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from groundswell.ask.comparing.reading import Result, read_result
from groundswell.ask.comparing.results import FOLDER, differences
from groundswell.core.errors import EntryNotFound, Malformed, RevisionNotFound
from groundswell.core.recent import Recent
from groundswell.core.values import EntryKind
from groundswell.hub.content import Content, Located
from groundswell.hub.repos import Repository
from groundswell.wire.questions import MANIFEST, QUESTIONS, Item, unpack_items

BRANCH: Final = "main"
# What a page reads: three models on some 5,000 questions. Larger results are for the terminal.
SHOWN_BYTES_MAX: Final = 4 << 20
QUESTIONS_SHOWN_BYTES_MAX: Final = 8 << 20
LISTED_MAX: Final = 200
# Judging again takes a second or two for as much as this, of answers and of what is accepted.
COMPARED_MAX: Final = 10_000
# And for as much as this of questions times pairs, whose intervals are calculated again.
CALCULATED_MAX: Final = 4_000
DIFFERENCES_MAX: Final = 10
_KEPT: Final = 1_000
_ID: Final = re.compile(r"[0-9a-f]{16}", re.ASCII)
_TOO_LARGE: Final = "it is larger than is shown here; download it instead"


@dataclass(frozen=True, slots=True)
class Outline:
    """What a list says of a result; ``fault`` says why it cannot be read."""

    id: str
    sentences: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    asked: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of judging again: ``differences`` are none where all follows; ``why_not`` says why
    it was not done.
    """

    differences: tuple[str, ...] = ()
    why_not: str = ""


class Comparisons:
    """The results beside sets. Thread-safe."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._outlines: Recent[tuple[str, str], Outline] = Recent(_KEPT)
        self._checked: Recent[tuple[str, str], Checked] = Recent(_KEPT)

    def are_there(self, repository: Repository) -> bool:
        """Whether the dataset is a set with a folder of results."""
        try:
            items = self._content.paths_info(repository, BRANCH, [MANIFEST, FOLDER])
        except RevisionNotFound:
            return False
        kinds = {item.entry.path: item.entry.kind for item in items}
        return MANIFEST in kinds and kinds.get(FOLDER) is EntryKind.DIRECTORY

    def listed(self, repository: Repository) -> tuple[list[tuple[str, int | None]], bool]:
        """(id, when it was committed) of results, the newest first, and whether there are more.

        When is known only where it was found in time.
        """
        try:
            page = self._content.tree(repository, BRANCH, FOLDER, limit=2 * LISTED_MAX, expand=True)
        except (EntryNotFound, RevisionNotFound):
            return [], False
        found: list[tuple[str, int | None]] = []
        for item in page.items:
            name, ending = posixpath.splitext(posixpath.basename(item.entry.path))
            if ending == ".json" and _ID.fullmatch(name) and item.entry.kind is EntryKind.FILE:
                last = item.last_commit
                found.append((name, None if last is None else last.time))
        found.sort(key=lambda each: (-(each[1] or 0), each[0]))
        return found[:LISTED_MAX], len(found) > LISTED_MAX or page.next_cursor is not None

    def outline(self, repository: Repository, result_id: str) -> Outline:
        """What a list says of one. Raises EntryNotFound: it is gone meanwhile."""
        located = self._located(repository, BRANCH, _path(result_id))
        key = (located.etag, result_id)
        known = self._outlines.get(key)
        if known is None:
            known = self._outlines.put(key, self._outline(located, result_id))
        return known

    def one(self, repository: Repository, result_id: str) -> tuple[Result, Located]:
        """A result, and where it lies.

        Raises:
            EntryNotFound: there is none of this id.
            Malformed: the file is no result, another one, or larger than is shown.
        """
        if not _ID.fullmatch(result_id):
            raise EntryNotFound(result_id)
        try:
            located = self._located(repository, BRANCH, _path(result_id))
        except RevisionNotFound as error:
            raise EntryNotFound(result_id) from error
        return self._read(located, result_id), located

    def questions(
        self, repository: Repository, result: Result
    ) -> tuple[Sequence[Item], Located | None, str]:
        """The questions that were asked, where they lie, and "" or why there are none: of the
        set's commit that the result names, or of its newest where the dataset has no such commit.
        """
        for revision in (result.set_commit, BRANCH):
            try:
                located = self._located(repository, revision, QUESTIONS) if revision else None
            except (EntryNotFound, RevisionNotFound):
                continue
            if located is None:
                continue
            if located.entry.size_bytes > QUESTIONS_SHOWN_BYTES_MAX:
                return (), None, "its questions are more than are read here"
            data = self._content.read_range(located, 0, located.entry.size_bytes)
            try:
                return unpack_items(data), located, ""
            except Malformed as error:
                return (), None, f"its questions cannot be read: {error.message}"
        return (), None, "its questions are not in this dataset"

    def checked(
        self, result: Result, where: Located, items: Sequence[Item], questions: Located
    ) -> Checked:
        """Judge the answers again, as `swell compare --check` does."""
        key = (where.etag, questions.etag)
        known = self._checked.get(key)
        if known is None:
            known = self._checked.put(key, _checked(result, items))
        return known

    # --- inside -------------------------------------------------------------------------------

    def _located(self, repository: Repository, revision: str, path: str) -> Located:
        return self._content.locate(repository, revision, path)

    def _read(self, located: Located, result_id: str) -> Result:
        if located.entry.size_bytes > SHOWN_BYTES_MAX:
            raise Malformed("result", _TOO_LARGE)
        result = read_result(self._content.read_range(located, 0, located.entry.size_bytes))
        if result.id != result_id:
            raise Malformed("result", "its id is not its name")
        return result

    def _outline(self, located: Located, result_id: str) -> Outline:
        try:
            result = self._read(located, result_id)
        except Malformed as error:
            return Outline(result_id, fault=error.why)
        sentences = tuple(pair.sentence for pair in result.pairs)
        labels = tuple(model.label for model in result.models)
        return Outline(result_id, sentences, labels, result.asked)


def _path(result_id: str) -> str:
    return f"{FOLDER}/{result_id}.json"


def _checked(result: Result, items: Sequence[Item]) -> Checked:
    answers = {item.id: len(item.answers) for item in items}
    compared = sum(2 + answers.get(item_id, 0) for item_id, _ in result.answers)
    models = len(result.models)
    pairs = models * (models - 1) // 2
    if compared * models > COMPARED_MAX or result.asked * pairs > CALCULATED_MAX:
        return Checked(why_not="it has more answers than are judged here")
    try:
        found = differences(dict(result.told), items)
        # Halves of characters can be written in JSON and on no page.
        shown = [each[:300].encode("utf-8", "replace").decode() for each in found]
        return Checked(tuple(shown[:DIFFERENCES_MAX]))
    except Malformed as error:
        return Checked((f"It cannot be judged again: {error.why}.",))
