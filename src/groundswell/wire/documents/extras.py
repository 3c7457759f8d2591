"""Packages that read some kinds, and that the core does without.

Knows what to install. They are imported when they are needed: this room stands without them.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from groundswell.core.errors import NotServed


def needed(module: str, package: str, what: str) -> ModuleType:
    """A module of the ``ask`` extra.

    Raises:
        NotServed: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        message = (
            f"Reading {what} takes the package {package}, which is not installed here:"
            " pip install 'groundswell[ask]'"
        )
        raise NotServed(message) from error
