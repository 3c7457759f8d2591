"""Where the links and pictures of a document lead, once it stands on a page of the hub.

Knows the document's place: its repository, revision and folder. Does not know what is there.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

ID_PREFIX: Final = "md-"

# Addresses of films and sounds that are attached to discussions.
ATTACHED: Final = re.compile(
    r"/uploads/[0-9a-f]{32}\.(?:(?P<film>mp4|mov|webm)|mp3|wav|ogg|flac)", re.ASCII
)

_URL_LENGTH_MAX: Final = 2_000
_SCHEMES: Final = {"http", "https", "mailto"}
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_FRAGMENT = re.compile(r"[^\w\-.:]")


@dataclass(frozen=True, slots=True)
class LinkBase:
    """Where a document stands.

    ``repository_url`` is the path of the repository's page (``/ns/name``), empty for a text that
    belongs to no revision; ``revision`` is unquoted; ``folder`` is that of the document, "" for
    the root. ``origin`` is the hub's own ``scheme://host``, whose absolute links count as ours.
    ``refers``: what people write to each other, in which ``@name`` and ``#3`` are links.
    """

    repository_url: str = ""
    revision: str = "main"
    folder: str = ""
    origin: str = ""
    refers: bool = False

    def link(self, url: str) -> str | None:
        """The target of an ``<a href>``, or None when it leads nowhere it may."""
        return self._rewrite(url, "blob")

    def picture(self, url: str) -> str | None:
        """The source of an ``<img>``: same-origin path, absolute foreign URL, or None."""
        rewritten = self._rewrite(url, "resolve")
        return None if rewritten is None or rewritten.startswith(("mailto:", "#")) else rewritten

    def player(self, url: str) -> str | None:
        """The source of a film or sound: only what was attached to a discussion of this hub."""
        rewritten = self._rewrite(url, "resolve")
        return rewritten if rewritten is not None and ATTACHED.fullmatch(rewritten) else None

    def _rewrite(self, url: str, door: str) -> str | None:
        url = url.strip()
        # Browsers drop tabs and line ends inside URLs and read "\" as "/": neither is a link.
        if not url or len(url) > _URL_LENGTH_MAX or _CONTROL.search(url):
            return None
        if self.origin and url.startswith(f"{self.origin}/"):
            url = "/" + url.removeprefix(self.origin).lstrip("/")
        if url.startswith("//"):
            url = f"https:{url}"
        try:
            parts = urlsplit(url)
        except ValueError:
            return None
        if parts.scheme or parts.netloc:
            return url if parts.scheme.lower() in _SCHEMES else None
        if ":" in parts.path.split("/", 1)[0]:
            return None
        if not parts.path:
            return fragment_link(parts.fragment)
        if parts.path.startswith("/"):
            return url
        return self._within(parts.path, parts.fragment, door)

    def _within(self, path: str, fragment: str, door: str) -> str | None:
        if not self.repository_url:
            return None
        full = posixpath.normpath(posixpath.join("/", self.folder, unquote(path)))[1:]
        depth = 0
        for segment in posixpath.join(self.folder, unquote(path)).split("/"):
            depth += -1 if segment == ".." else segment not in {"", "."}
            if depth < 0:
                return None
        if full in {"", "."}:
            return f"{self.repository_url}/tree/{quote(self.revision, safe='')}"
        target = f"{self.repository_url}/{door}/{quote(self.revision, safe='')}/{quote(full)}"
        return target + (fragment_link(fragment) or "" if fragment and door == "blob" else "")


def fragment_link(fragment: str) -> str | None:
    """A link inside the document, to the prefixed id; line anchors (``#L10``) stay."""
    cleaned = _FRAGMENT.sub("", unquote(fragment))[:200]
    if not cleaned:
        return None
    if re.fullmatch(r"L[0-9]+", cleaned) or cleaned.startswith(ID_PREFIX):
        return f"#{cleaned}"
    return f"#{ID_PREFIX}{cleaned}"
