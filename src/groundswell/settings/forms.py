"""How values are written that are more than a number or a word.

Knows how each is read, and what is wrong with one. Does not know which setting it is for.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode


def _split(value: object) -> object:
    """Several values in one text, as the environment and flags write them."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        ipaddress.ip_network(text)
    return texts


def _inside(entries: tuple[str, ...]) -> tuple[str, ...]:
    for entry in entries:
        try:
            ipaddress.ip_network(entry)
        except ValueError as error:
            if not re.fullmatch(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?", entry):
                msg = f"{entry!r} is neither a host's name nor a network such as 10.0.0.0/8"
                raise ValueError(msg) from error
    return entries


def origin(url: str | None) -> str | None:
    """An address of a server, without a slash at its end."""
    if url is None or url == "":
        return None
    scheme, separator, rest = url.rstrip("/").partition("://")
    if separator == "" or scheme not in {"http", "https"} or not rest or "@" in rest:
        msg = "must be http://host or https://host, with a port or path where there is one"
        raise ValueError(msg)
    return url.rstrip("/")


def accel_prefix_path(path: str | None) -> str | None:
    """A path that is no repository's."""
    if path is None or path == "":
        return None
    # A first character that no name begins with: such a location hides nobody's repositories.
    if not re.fullmatch(r"/\.[A-Za-z0-9._-]*", path):
        msg = "must be a path such as /.stored: a slash, a dot, letters and digits"
        raise ValueError(msg)
    return path


Inside = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_inside)]
Networks = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_networks)]


def base_address(url: str | None) -> str | None:
    """An address below which others lie, without a slash at its end."""
    if url is None or url == "":
        return None
    if not re.fullmatch(r"https?://[^/@?#\s]+(/[^@?#\s]*)?", url):
        msg = "must be http://host/path or https://host/path"
        raise ValueError(msg)
    return url.rstrip("/")
