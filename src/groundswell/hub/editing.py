"""Changing one text file where it is read: opened, changed, saved as a commit or a proposal.

Knows what a form of the web can carry unharmed, and that somebody else may be faster. Does not know
forms. Large files whose content is text are edited like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from groundswell.core.errors import BadRequest, Conflict, EntryNotFound, TooLarge
from groundswell.core.values import (
    AddBlob,
    AddRegular,
    CommitHeader,
    DeleteEntry,
    Operation,
    Principal,
    check_path,
)
from groundswell.hub.blobs import Blobs
from groundswell.hub.blobs.passes import dedup_domain
from groundswell.hub.commits import Commits, Committed, PreuploadFile, UploadMode
from groundswell.hub.content import Content, Located
from groundswell.hub.repos import Repository
from groundswell.store.git import TextDiff, text_diff

EDITED_BYTES_MAX: Final = 512 * 1024
_SAMPLE_BYTES: Final = 512


@dataclass(frozen=True, slots=True)
class OpenText:
    """A text file as it stands at a commit. Lines of ``text`` end with a line feed, those of the
    file with ``ending``.
    """

    commit: str
    path: str
    text: str
    ending: str

    def data(self, text: str) -> bytes:
        """The bytes of the file, if it said this."""
        return _encoded(text, self.ending)


class Editing:
    """Edits in repositories that ``Repos.find`` gave for this principal with CONTRIBUTE."""

    def __init__(self, content: Content, commits: Commits, blobs: Blobs) -> None:
        self._content = content
        self._commits = commits
        self._blobs = blobs

    def open(self, repository: Repository, revision: str, path: str) -> OpenText:
        """The text of a file.

        Raises:
            RevisionNotFound, EntryNotFound: there is no such file.
            BadRequest: not a text, or one that a form would change without being asked.
            TooLarge: more than ``EDITED_BYTES_MAX``.
        """
        located = self._content.locate(repository, revision, path)
        if located.entry.size_bytes > EDITED_BYTES_MAX:
            msg = f"Files of at most {EDITED_BYTES_MAX // 1024} KiB can be edited here."
            raise TooLarge(msg)
        data = self._content.read_range(located, 0, EDITED_BYTES_MAX)
        return _opened(located, data)

    def compare(self, before: OpenText | None, text: str) -> TextDiff:
        """What an edit changes, line by line."""
        old = "" if before is None else before.text
        return text_diff(_encoded(old, "\n"), _encoded(text, "\n"))

    def save(
        self,
        principal: Principal,
        repository: Repository,
        revision: str,
        header: CommitHeader,
        before: OpenText | None,
        path: str,
        text: str,
        *,
        create_pr: bool,
    ) -> Committed:
        """Commit what a file says now; ``before`` None makes a new one, another path moves it.

        Raises:
            BadRequest: nothing changed, or a path that cannot be.
            Conflict: the file changed since it was opened, or another one is in the way.
            TooLarge: more than ``EDITED_BYTES_MAX``.
            RevisionNotFound: no such branch. Other errors are those of ``Commits.commit``.
        """
        check_path(path)
        data = _encoded(text, "\n" if before is None else before.ending)
        if len(data) > EDITED_BYTES_MAX:
            msg = f"Files of at most {EDITED_BYTES_MAX // 1024} KiB can be edited here."
            raise TooLarge(msg)
        operations: list[Operation] = []
        if before is not None:
            self._check_unchanged(repository, revision, before)
            if path == before.path and data == before.data(before.text):
                raise BadRequest("Nothing was changed.")
            if path != before.path:
                operations.append(DeleteEntry(before.path))
        if before is None or path != before.path:
            self._check_free(repository, revision, path)
        operations.append(self._operation(principal, repository, revision, path, data))
        return self._commits.commit(
            principal, repository, revision, header, operations, create_pr=create_pr
        )

    def _check_unchanged(self, repository: Repository, revision: str, before: OpenText) -> None:
        try:
            now = self._content.raw(repository, revision, before.path)
        except EntryNotFound as error:
            raise Conflict(
                f"{before.path} was deleted meanwhile. Your text is kept here."
            ) from error
        then = self._content.raw(repository, before.commit, before.path)
        if now.entry.oid != then.entry.oid:
            raise Conflict(f"{before.path} was changed meanwhile. Your text is kept here.")

    def _check_free(self, repository: Repository, revision: str, path: str) -> None:
        if repository.head_commit is None:
            return
        if self._content.paths_info(repository, revision, [path]):
            raise Conflict(f"{path} is already there.")

    def _operation(
        self, principal: Principal, repository: Repository, revision: str, path: str, data: bytes
    ) -> Operation:
        told = PreuploadFile(path, data[:_SAMPLE_BYTES], len(data))
        mode = self._commits.preupload(principal, repository, revision, [told])[0].mode
        if mode is not UploadMode.LFS:
            return AddRegular(path, data)
        assert principal.account_id is not None, "signed in"
        spooled = self._blobs.spool()
        try:
            spooled.write(data)
            spooled.settle()
            domain = dedup_domain(principal, repository)
            blob = self._blobs.ingest(domain, repository.id, principal.account_id, spooled)
        finally:
            spooled.discard()
        return AddBlob(path, blob.sha256, blob.size_bytes)


def _encoded(text: str, ending: str) -> bytes:
    return text.replace("\n", ending).encode("utf-8")


def _opened(located: Located, data: bytes) -> OpenText:
    """A form sends texts of UTF-8 without zero bytes, and each line's end as it likes: so a file
    must be such a text, and its lines must all end the same way.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest("This file is not a text in UTF-8: it cannot be edited here.") from error
    if "\0" in text:
        raise BadRequest("This file is not a text: it cannot be edited here.")
    ending = "\r\n" if "\r\n" in text else "\n"
    plain = text.replace("\r\n", "\n")
    if "\r" in plain or plain.replace("\n", ending) != text:
        raise BadRequest("Lines of this file end in different ways: a browser would change them.")
    return OpenText(located.commit, located.entry.path, plain, ending)
