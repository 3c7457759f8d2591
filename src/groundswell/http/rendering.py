"""The one renderer that all doors share: its worker processes start when first needed."""

from __future__ import annotations

from functools import lru_cache

from groundswell.hub.rendering import Renderer


@lru_cache(maxsize=1)
def renderer() -> Renderer:
    """Markdown and source text to safe HTML, in bounded time."""
    return Renderer()


def close() -> None:
    """End the workers, when there are any."""
    if renderer.cache_info().currsize:
        renderer().close()
