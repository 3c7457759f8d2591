"""How long SmolLM2-135M takes from safetensors to GGUF, and how much memory that is.

Run as ``python -m bench.converting``. The folder is made from the package's weights, as tests make
it; it is read from memory, so that the figures are of converting alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from groundswell.ask.conversion import Converter, Folder, Making, source_of
from groundswell.ask.derivatives import Derivatives, HubFile
from groundswell.core.values import BytesPlan
from tests.hub.hf_folders import smol_folder

QUANTISATIONS = ("Q8_0", "Q6_K", "Q4_K_M", "Q4_0", "F16")
SLACK_BYTES = 8 << 20


def main() -> None:
    """Print a row for each quantisation."""
    folder = smol_folder()
    files = tuple(
        (name, HubFile(name, hashlib.sha256(content).hexdigest(), len(content), BytesPlan(content)))
        for name, content in folder.items()
    )
    sizes = {name: len(content) for name, content in folder.items()}
    source = source_of(Folder(sizes, lambda name, start, stop: folder[name][start:stop]))
    print("| quantisation | seconds | MB made | most MB of memory |")
    print("|---|---|---|---|")
    for name in QUANTISATIONS:
        making = Making(files, name, source.size_bytes(name) + SLACK_BYTES, name)
        began = time.monotonic()
        peaks: list[int] = []
        with _made(making, peaks) as path:
            seconds, size = time.monotonic() - began, path.stat().st_size
        print(f"| {name} | {seconds:.1f} | {size / 1e6:.0f} | {max(peaks) / 1000:.0f} |")


@contextlib.contextmanager
def _made(making: Making, peaks: list[int]) -> Iterator[Path]:
    """The file; what its process had in memory at most is put into ``peaks``, in KiB."""
    with tempfile.TemporaryDirectory() as root:
        derivatives = Derivatives(Path(root), lambda *_: iter(()))
        converter = Converter(derivatives)

        def look(_done_bytes: int) -> None:
            process = converter._process  # noqa: SLF001 - looked at from outside
            assert process is not None
            status = Path(f"/proc/{process.pid}/status").read_text("ascii")
            peaks.append(int(status.partition("VmHWM:")[2].split()[0]))

        with converter.made(making, look) as path:
            yield path


if __name__ == "__main__":
    main()
