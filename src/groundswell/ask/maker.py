"""The process in which the hub builds a pack: it is told what of on standard input, and tells how
far it is on standard output. It ends when standard input does.

It can read the programs of this machine and write one folder; it has no network. Documents are
parsed in a further process, which can do nothing at all.

It stands outside `builds`, so that it imports nothing of the hub before it is shut in.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any, Final

from groundswell.hub.viewing.confinement import bind, bounds, leave_network, lock_folders

# Of addresses, of each process; whoever started it watches what is in memory together.
_ADDRESSES_MAX: Final = 12 << 30
_FILE_BYTES_MAX: Final = 16 << 30
_NICE: Final = 10
_ANYBODY_ELSE_FIRST: Final = 1000
_TOLD_MAX: Final = 20

Json = dict[str, Any]


def main() -> None:
    """Build, tell, end."""
    orders: Json = json.loads(sys.stdin.readline())
    work = Path(orders["work"])
    _step_back()
    _shut_in(work)
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        tell(_made(orders, work))
    except OSError as error:
        tell({"error": f"The disk refused it: {error.strerror or error}."})


def tell(value: Json) -> None:
    """One line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=True) + "\n")
    sys.stdout.flush()


def _step_back() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_ANYBODY_ELSE_FIRST), "ascii")
    os.nice(_NICE)
    leave_network()


def _shut_in(work: Path) -> None:
    bind(bounds(_ADDRESSES_MAX, file_bytes=_FILE_BYTES_MAX))
    programs = ("/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/sys", "/dev")
    ours = (sys.prefix, sys.base_prefix, sys.exec_prefix, *(each for each in sys.path if each))
    readable = [Path(each) for each in dict.fromkeys((*programs, *ours))]
    lock_folders(readable, (work, Path("/dev/null"), Path("/dev/shm")))  # noqa: S108 - semaphores


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(1)


def _made(orders: Json, work: Path) -> Json:
    from groundswell.ask.making import make_pack  # noqa: PLC0415 - read when shut in
    from groundswell.ask.packs.building import Options  # noqa: PLC0415
    from groundswell.ask.packs.progress import Tally  # noqa: PLC0415
    from groundswell.ask.packs.sources import CopiedSource, Source, ZimSource  # noqa: PLC0415
    from groundswell.core.errors import GroundswellError  # noqa: PLC0415

    def progress(tally: Tally) -> None:
        counts = [tally.documents, tally.total, tally.articles, tally.size_bytes]
        tell({"tally": counts})

    sources: list[Source] = []
    for kind, said in orders["sources"]:
        if kind == "zim":
            sources.append(ZimSource(Path(said["path"])))
        else:
            sources.append(CopiedSource(Path(said["root"]), said["name"]))
    options = Options(processes=1, **orders["options"])
    try:
        report = make_pack(sources, work / "pack", options, progress).report
    except GroundswellError as error:
        return {"error": error.message}
    left_out = [[each.path, each.why] for each in report.unreadable[:_TOLD_MAX]]
    return {
        "articles": report.counts.articles,
        "passages": report.counts.passages,
        "left_out": left_out,
        "left_out_count": report.unreadable_count,
    }


if __name__ == "__main__":
    main()
