"""Citations: where a quoted sentence stands, so that anybody can look, now and later.

``hub://NAMESPACE/NAME@COMMIT/ARTICLE#char=START,STOP`` names characters of an article's text in a
pack at one commit (RFC 5147 writes fragments of plain text so). With the quote's sha256 it can be
checked without trust. A pack that lies in a plain folder has ``file://NAME@FINGERPRINT/…`` in
its place. Does not know how a pack is found or read.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote

from groundswell.core.errors import Malformed

# A path may have 4,096 bytes, each of which may be written as three characters.
CITATION_CHARACTERS_MAX: Final = 16_384
_FORM: Final = re.compile(
    r"(hub|file)://([^@#?]{1,800})@([0-9a-f]{40,64})/([^#?]{1,12300})#char=(\d{1,9}),(\d{1,9})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Citation:
    """Characters [start, stop) of an article, in a pack at a commit.

    Attributes:
        pack: ``namespace/name`` of the dataset, or the name of a folder's pack.
        revision: the commit, 40 hexadecimal digits; of a folder, the sha256 of its pack.json.
        article: the article's path in the pack.
        start: first character, counted in Unicode code points of the article's text.
        stop: the one after the last.
        sha256: of the quoted characters in UTF-8.
    """

    pack: str
    revision: str
    article: str
    start: int
    stop: int
    sha256: str

    @property
    def address(self) -> str:
        """The citation as one line."""
        scheme = "hub" if len(self.revision) == 40 else "file"
        pack, article = quote(self.pack, safe="/"), quote(self.article, safe="/")
        return f"{scheme}://{pack}@{self.revision}/{article}#char={self.start},{self.stop}"

    def as_json(self) -> dict[str, Any]:
        """For receipts and answers."""
        return {
            "address": self.address,
            "pack": self.pack,
            "revision": self.revision,
            "article": self.article,
            "start": self.start,
            "stop": self.stop,
            "sha256": self.sha256,
        }

    def holds(self, text: str) -> bool:
        """Whether these characters of an article's text are the quoted ones."""
        return span_sha256(text[self.start : self.stop]) == self.sha256


def span_sha256(quoted: str) -> str:
    """What a citation holds of the characters that it quotes."""
    return hashlib.sha256(quoted.encode()).hexdigest()


def parse_citation(address: str, sha256: str) -> Citation:
    """The citation of an address and the hash beside it.

    Raises:
        Malformed: it is not one.
    """
    found = _FORM.fullmatch(address) if len(address) <= CITATION_CHARACTERS_MAX else None
    if found is None or not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise Malformed(
            "citation", "it is not hub://PACK@COMMIT/ARTICLE#char=START,STOP and a hash"
        )
    scheme, pack, revision, article, start, stop = found.groups()
    if len(revision) != (40 if scheme == "hub" else 64) or int(start) >= int(stop):
        raise Malformed("citation", "its commit or its characters cannot be")
    return Citation(unquote(pack), revision, unquote(article), int(start), int(stop), sha256)
