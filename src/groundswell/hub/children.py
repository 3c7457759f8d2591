"""Processes of the hub's own: how one of its modules is started, and what it sees of the hub.

Knows the command and the environment. Does not know what the process is shut in by
(`viewing.confinement`), nor how one talks with it.
"""

from __future__ import annotations

import os
import sys
from typing import Final

# It needs to find Python's packages and nothing else: secrets of the hub stand there too.
_NAMES: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LANG")


def command_of(module: str) -> list[str]:
    """What starts a module as a program, in the Python that runs here."""
    return [sys.executable, "-m", module]


def bare_environment() -> dict[str, str]:
    """What a process of the hub's own needs of the hub's environment."""
    return {name: os.environ[name] for name in _NAMES if name in os.environ}
