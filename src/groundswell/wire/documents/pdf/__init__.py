"""PDF, read as articles: text by page, put together again from printed lines."""

from __future__ import annotations

from groundswell.wire.documents.pdf.reader import PDF_BYTES_MAX, read_pdf

__all__ = ["PDF_BYTES_MAX", "read_pdf"]
