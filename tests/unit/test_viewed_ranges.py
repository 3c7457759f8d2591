"""The one file that a reader sees: threads of its engine read at the same time."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from groundswell.hub.viewing.one_file import Ranges
from groundswell.hub.viewing.pipe import Ended, Pipe

CONTENT = bytes(range(256)) * 16_384  # 4 MiB


def _serve(pipe: Pipe, told: list[object]) -> None:
    """What a hub does, and slowly: what is asked meanwhile waits."""
    try:
        while True:
            said = pipe.receive()
            if "read" not in said:
                told.append(said)
                pipe.send({"next": len(told)})
                continue
            start, stop = said["read"]
            time.sleep(0.001)
            pipe.send_bytes(CONTENT[start:stop])
    except Ended:
        return


def test_ranges_come_to_the_thread_that_asked_for_them() -> None:
    """DuckDB reads ahead on a thread of its own while the one that asked for rows tells them."""
    here, there = socket.socketpair()
    told: list[object] = []
    hub = threading.Thread(target=_serve, args=(Pipe(there), told))
    hub.start()
    with here, there:
        ranges = Ranges(Pipe(here), len(CONTENT))

        def read(number: int) -> bool:
            start, length = number * 50_021 % (len(CONTENT) - 300_000), 1 + number * 997 % 300_000
            return ranges.read(start, start + length) == CONTENT[start : start + length]

        def tell(number: int) -> bool:
            return bool(ranges.tell_last({"answer": number})["next"])

        with ThreadPoolExecutor(8) as threads:
            right = threads.map(read, range(300))
            answered = threads.map(tell, range(30))
            assert all(right)
            assert all(answered)
        here.shutdown(socket.SHUT_RDWR)
        hub.join()
    assert len(told) == 30
