"""Markdown to HTML that is safe to put into a page of the hub."""

from groundswell.wire.markdown.links import ID_PREFIX, LinkBase
from groundswell.wire.markdown.mentions import MENTIONS_MAX, mentioned
from groundswell.wire.markdown.references import linked
from groundswell.wire.markdown.render import (
    MARKDOWN_LENGTH_MAX,
    Heading,
    Rendered,
    plain,
    render,
)
from groundswell.wire.markdown.sanitise import sanitise

__all__ = [
    "ID_PREFIX",
    "MARKDOWN_LENGTH_MAX",
    "MENTIONS_MAX",
    "Heading",
    "LinkBase",
    "Rendered",
    "linked",
    "mentioned",
    "plain",
    "render",
    "sanitise",
]
