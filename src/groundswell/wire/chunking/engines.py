"""Which engines this installation has, and the best of them."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from typing import Final, Literal, TypeAlias, cast

from groundswell.wire.chunking import plain, vectors
from groundswell.wire.chunking.rule import Engine

EngineName: TypeAlias = Literal["numba", "numpy", "plain"]

# Imported by name when first used, since numba alone takes most of a second.
_COMPILED_MODULE: Final = "groundswell.wire.chunking.compiled"


@functools.cache
def available_engines() -> tuple[EngineName, ...]:
    """The engines that can run here, fastest first."""
    has_numba = importlib.util.find_spec("numba") is not None
    return ("numba", "numpy", "plain") if has_numba else ("numpy", "plain")


def best_engine() -> EngineName:
    """The fastest engine that can run here."""
    return available_engines()[0]


@functools.cache
def load_engine(name: EngineName) -> Engine:
    """The engine of that name.

    Raises:
        ModuleNotFoundError: when it is ``numba`` and the ``fast`` extra is not installed.
    """
    if name == "numba":
        return cast("Engine", importlib.import_module(_COMPILED_MODULE).scan)
    return vectors.scan if name == "numpy" else plain.scan
