"""Pages of HTML, read as articles: MediaWiki's, Kiwix's, and any other."""

from __future__ import annotations

from groundswell.wire.documents.html.page import decoded_html, licence_of, read_html, read_page

__all__ = ["decoded_html", "licence_of", "read_html", "read_page"]
