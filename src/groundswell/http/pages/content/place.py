"""The file that a page shows, as every way of showing it needs it: its bytes and its address."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from groundswell.http.pages.door import Asked, with_query
from groundswell.http.pages.views import RepoHead
from groundswell.http.tables import PAGE_SECONDS
from groundswell.hub.content import Located
from groundswell.hub.repos import Repository

NUMBER_MAX = 2**53


@dataclass(frozen=True, slots=True)
class Place:
    """A located file and what is asked of it. ``here`` is the page's path; ``kept`` are fields that
    every address on the page carries.
    """

    asked: Asked
    repository: Repository
    head: RepoHead
    revision: str
    located: Located
    here: str
    kept: tuple[tuple[str, str], ...] = ()
    began: float = field(default_factory=time.monotonic)

    @property
    def wait_seconds(self) -> float:
        """How long the page may still wait: one measure for all that it asks."""
        return max(0.0, self.began + PAGE_SECONDS - time.monotonic())

    @property
    def path(self) -> str:
        """Of the file."""
        return self.located.entry.path

    @property
    def size_bytes(self) -> int:
        """Of the content."""
        return self.located.entry.size_bytes

    @property
    def wants_source(self) -> bool:
        """Whether the file's own text is asked for."""
        return self.asked.query.get("view") == "source"

    def read(self, start: int, stop: int) -> bytes:
        """Bytes [start, stop) of the content, cut at its end. For small ranges only."""
        return self.asked.hub.content.read_range(self.located, start, stop)

    def number(self, name: str, maximum: int = NUMBER_MAX) -> int:
        """A whole number of the query; 0 for anything else."""
        text = self.asked.query.get(name, "")
        if not (text.isascii() and text.isdigit()) or len(text) > 16:
            return 0
        return min(int(text), maximum)

    def link(self, **fields: object) -> str:
        """The page's address with these fields; what is None or 0 is left out."""
        told = {name: str(value) for name, value in fields.items() if value}
        return with_query(self.here, **dict(self.kept), **told)
