"""Where pages of the hub show things, for doors that tell programs of them.

Knows addresses. Does not know what stands there, nor who may see it.
"""

from __future__ import annotations

from urllib.parse import quote


def article_url(pack: str, revision: str, path: str, start: int = 0, stop: int = 0) -> str:
    """Where an article is shown, with characters [start, stop) of it marked."""
    # Empty parts and dots are cut out of addresses by browsers and proxies.
    is_plain = all(part not in {"", ".", ".."} for part in path.split("/"))
    written = quote(path, safe="/" if is_plain else "")
    url = f"/datasets/{pack}/article/{quote(revision, safe='')}/{written}"
    return f"{url}?start={start}&stop={stop}#quote" if stop > start else url
