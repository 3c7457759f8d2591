"""Documents of strangers become articles in a process that is shut in and can be ended."""

from __future__ import annotations

from groundswell.ask.packs.parsing.parser import Parser, Unreadable

__all__ = ["Parser", "Unreadable"]
