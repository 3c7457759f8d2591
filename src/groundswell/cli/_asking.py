"""What the verbs share that ask: whether it is installed."""

from __future__ import annotations

import importlib.util

from groundswell.core.errors import NotServed


def need_ask() -> None:
    """Nothing when what asking needs is installed.

    Raises:
        NotServed: it is not; the message says how to get it.
    """
    if any(importlib.util.find_spec(name) is None for name in ("tantivy", "selectolax")):
        raise NotServed("Asking needs some packages more: pip install 'groundswell[ask]'")
