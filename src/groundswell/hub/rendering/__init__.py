"""Stored text made fit for a page, in a process of its own that can be stopped.

Text comes from strangers, and a parser or a regular expression that meets the wrong text may run
for minutes while it holds the interpreter. So the work happens in a small worker process with
limits on time and memory; when it does not answer, the text is shown as it is written.
"""

from __future__ import annotations

from groundswell.hub.rendering.service import Renderer

__all__ = ["Renderer"]
