"""Run fault experiments and print their figures: ``python -m tests.fault.experiments F2 F3 --long``.

Ends with 1 when any figure misses its criterion.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.fault.experiments import EXPERIMENTS
from tests.fault.experiments.figures import HEAD, Figure, Scale, row
from tests.fault.experiments.site import Site


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fault.experiments")
    parser.add_argument("names", nargs="*", metavar="F1", help=", ".join(EXPERIMENTS))
    parser.add_argument("--long", action="store_true", help="all of each; hours")
    asked = parser.parse_args()
    if unknown := set(asked.names) - EXPERIMENTS.keys():
        parser.error(f"no experiment is called {', '.join(sorted(unknown))}")
    logging.disable()  # the hub parts of this process tell of what is broken on purpose
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    site = Site(folder, is_silent=True)  # some stories are to end badly
    begun = time.monotonic()
    missed = 0
    print(row(HEAD))
    print(row("---" for _ in HEAD), flush=True)
    try:
        for name in asked.names or EXPERIMENTS:
            missed += run(name, site, folder, Scale(asked.long))
    finally:
        site.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{missed} missed their criterion; {time.monotonic() - begun:.0f} s", file=sys.stderr)
    raise SystemExit(bool(missed))


def run(name: str, site: Site, folder: Path, scale: Scale) -> int:
    """Print an experiment's rows as they come; how many missed their criterion."""
    (place := folder / name).mkdir()
    missed = 0
    begun = time.monotonic()
    try:
        for figure in EXPERIMENTS[name](site, place, scale):
            print(row(figure.cells()), flush=True)
            missed += not figure.passed
    except BaseException as error:  # pytest's own failures are no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        traceback.print_exc()
        figure = Figure(
            name, "the experiment ended early", repr(error)[:200], "an end", passed=False
        )
        print(row(figure.cells()), flush=True)
        missed += 1
    print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    return missed


if __name__ == "__main__":
    main()
