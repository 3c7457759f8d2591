"""``python -m bench [group …]``: measure, print the table, write ``bench/out/*.json``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench import (
    asking,
    asking_scale,
    commits,
    footprint,
    integrity,
    pages,
    prose,
    reads,
    rows,
    scale,
    transfers,
    viewers,
)
from bench.servers import hub

GROUPS = {
    "footprint": footprint.measure,
    "commits": commits.measure,
    "integrity": integrity.measure,
    "pages": pages.measure,
    "reads": reads.measure,
    "scale": scale.measure,
    "transfers": transfers.measure,
    "viewers": viewers.measure,
}

# Not of `make bench`: they take long.
LONG = {"prose": prose.measure}
# And no hub.
ALONE = {"asking": asking.measure, "asking-scale": asking_scale.measure}


def main(names: list[str]) -> None:
    """Each group on a fresh hub, so that one cannot slow the next."""
    everything = []
    for name in names or list(GROUPS):
        with tempfile.TemporaryDirectory(prefix="groundswell-bench-") as scratch:
            folder = Path(scratch)
            if name in ALONE:
                measured = ALONE[name](None, folder)
            else:
                with hub(folder) as running:
                    measured = (GROUPS | LONG)[name](running, folder)
        rows.write(name, measured)
        everything += measured
        print(f"# {name}\n{rows.show(measured)}\n", flush=True)
    print(rows.show(everything))


if __name__ == "__main__":
    main(sys.argv[1:])
