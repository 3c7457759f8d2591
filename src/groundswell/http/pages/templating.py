"""Templates and static files: read once at start, served under an address that names their content.

Knows where they lie in the package. Does not know what a page shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from groundswell.http.pages.views import Shell, View
from groundswell.http.pages.wording import FILTERS

STATIC_PREFIX: Final = "/-/static"
SCRIPT_TYPE: Final = "text/javascript; charset=utf-8"
_MEDIA_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": SCRIPT_TYPE,
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file of the stylesheet, scripts and pictures."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """All of them. ``version`` changes when any of them does, so that browsers may keep them."""

    by_name: dict[str, StaticFile]
    version: str

    def url(self, name: str) -> str:
        """Address of a file; KeyError for one that does not exist."""
        assert name in self.by_name, name
        return f"{STATIC_PREFIX}/{self.version}/{name}"


@lru_cache(maxsize=1)
def static_files() -> StaticFiles:
    """The files of this package's ``static`` folder."""
    found: dict[str, StaticFile] = {}
    digest = hashlib.sha256()
    for file in sorted(files("groundswell.http.pages").joinpath("static").iterdir(), key=str):
        ending = file.name.rpartition(".")[2]
        if ending in _MEDIA_TYPES:
            content = file.read_bytes()
            found[file.name] = StaticFile(content, _MEDIA_TYPES[ending])
            digest.update(file.name.encode() + b"\0" + content + b"\0")
    return StaticFiles(found, digest.hexdigest()[:16])


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates: everything is escaped, and an unknown name is an error."""
    made = Environment(
        loader=PackageLoader("groundswell.http.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(FILTERS)
    made.globals["static"] = static_files().url
    return made


def pieces(view: View, shell: Shell) -> Iterator[str]:
    """The page as HTML, piece by piece: what a view makes while it is shown is awaited there."""
    return environment().get_template(view.template).generate({"view": view, "shell": shell})


def render(view: View, shell: Shell) -> str:
    """The whole page as HTML."""
    return environment().get_template(view.template).render({"view": view, "shell": shell})
