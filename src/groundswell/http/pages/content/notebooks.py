"""Notebooks: cells and outputs as they were saved."""

from __future__ import annotations

from groundswell.http.pages.content.place import Place
from groundswell.http.pages.views import (
    BinaryContent,
    Content,
    NotebookCell,
    NotebookContent,
    NotebookOutput,
    PendingContent,
)
from groundswell.http.rendering import renderer
from groundswell.wire.markdown import LinkBase
from groundswell.wire.notebooks import NOTEBOOK_BYTES_MAX


def notebook_content(where: Place) -> Content | None:
    """The notebook; None when the file is none and is better shown as text."""
    if where.size_bytes > NOTEBOOK_BYTES_MAX:
        return BinaryContent(f"This notebook is larger than {NOTEBOOK_BYTES_MAX >> 20} MiB.")
    folder = where.path.rpartition("/")[0]
    base = LinkBase(where.head.url, where.revision, folder, where.asked.base_url)
    text = where.read(0, NOTEBOOK_BYTES_MAX).decode("utf-8", "replace")
    found = renderer().notebook(text, base, where.located.etag)
    if found is None:
        return PendingContent(where.link(), "This notebook")
    if "fault" in found:
        return None
    cells = tuple(
        NotebookCell(
            cell["kind"],
            cell["html"],
            cell["count"],
            tuple(_output(each["kind"], each["content"]) for each in cell["outputs"]),
        )
        for cell in found["cells"]
    )
    return NotebookContent(found["language"], cells, found["left_out"])


def _output(kind: str, content: str) -> NotebookOutput:
    """An output: what the renderer calls HTML it has sanitised."""
    return NotebookOutput(kind, "", content) if kind == "html" else NotebookOutput(kind, content)
