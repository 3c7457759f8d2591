"""docs/deploy.md as the tests take it: its blocks, with other addresses and paths."""

from __future__ import annotations

import re
from typing import Final

from tests.docs.documents import FENCE, text

PATH: Final = "docs/deploy.md"
_LOCATION: Final = re.compile(r"^    location / \{.*?^    \}\n", re.DOTALL | re.MULTILINE)


def blocks(language: str) -> list[str]:
    """The code blocks of that language, in order."""
    return [block for found, block in FENCE.findall(text(PATH)) if found == language]


def block(language: str, start: str) -> str:
    """The one of them that begins with these words, or has a line that does."""
    (found,) = [
        each for each in blocks(language) if re.search(f"^ *{re.escape(start)}", each, re.MULTILINE)
    ]
    return found


def adapted(block: str, changes: dict[str, str]) -> str:
    """A block with other words. Each of those that are replaced has to stand in it."""
    for old, new in changes.items():
        assert old in block, f"{PATH} does not say {old!r} any more"
        block = block.replace(old, new)
    return block


def server() -> str:
    """nginx before one hub."""
    return block("nginx", "server {")


def sending_server() -> str:
    """The same, with the locations of stored bytes."""
    return server().rstrip().removesuffix("}") + block("nginx", "location /.stored") + "}\n"


def several_servers() -> str:
    """nginx before several workers."""
    instead = block("nginx", "proxy_pass http://groundswell;")
    whole, count = _LOCATION.subn(lambda _: instead, server())
    assert count == 1
    return block("nginx", "upstream") + whole
