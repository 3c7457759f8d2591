"""A signal to stop is heard whatever else wakes the hub at that moment."""

import signal
import subprocess
import sys

SCRIPT = """
import asyncio, os, sys
from groundswell.http.server import tell_when_to_stop

async def main():
    stopped = asyncio.Event()
    tell_when_to_stop(stopped.set)
    loop = asyncio.get_running_loop()
    for _ in range(5000):  # as many threads that have something to say, while the loop is busy
        loop.call_soon_threadsafe(int)
    os.kill(os.getpid(), int(sys.argv[1]))
    async with asyncio.timeout(10):
        await stopped.wait()
    print("stopped")

asyncio.run(main())
"""


def test_a_signal_among_thousands_of_wake_ups_is_not_lost() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(int(number))],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.stdout == "stopped\n", run.stderr


def test_a_signal_at_rest_is_heard() -> None:
    script = SCRIPT.replace("range(5000)", "range(0)").replace(
        "os.kill(os.getpid(), int(sys.argv[1]))",
        "loop.run_in_executor(None, os.kill, os.getpid(), int(sys.argv[1]))",
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(int(signal.SIGTERM))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stdout == "stopped\n", run.stderr
