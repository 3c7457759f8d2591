"""Reads go on two threads, in order, and are helped when they stand still."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from groundswell.http import threads
from groundswell.http.logs import REQUEST_ID


@pytest.fixture(autouse=True)
def running() -> Iterator[None]:
    threads.start_threads(4, 1)
    yield
    threads.stop_threads()


def test_answers_and_errors_come_back_to_who_asked() -> None:
    class Odd(BaseException):
        pass

    def fail(error: BaseException) -> None:
        raise error

    async def ask() -> None:
        REQUEST_ID.set("mine")
        assert await threads.hop_briefly(REQUEST_ID.get) == "mine"
        assert await threads.hop_briefly(lambda: None) is None
        with pytest.raises(ZeroDivisionError):
            await threads.hop_briefly(lambda: 1 // 0)
        with pytest.raises(Odd):
            await threads.hop_briefly(fail, Odd())
        assert await threads.hop_briefly(max, 3, 4) == 4  # the threads are alive

    asyncio.run(ask())


def test_no_more_than_two_run_at_a_time() -> None:
    lock, running, most = threading.Lock(), 0, 0

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.001)
        with lock:
            running -= 1

    async def crowd() -> None:
        await asyncio.gather(*(threads.hop_briefly(work) for _ in range(40)))

    asyncio.run(crowd())
    assert most <= threads.BRIEF_THREADS


def test_what_is_not_brief_does_not_hold_others_up() -> None:
    go_on = threading.Event()

    async def crowd() -> None:
        slow = [asyncio.create_task(threads.hop_briefly(go_on.wait, 30)) for _ in range(3)]
        await asyncio.sleep(0.01)
        async with asyncio.timeout(10):
            assert await threads.hop_briefly(lambda: "quick") == "quick"
        assert not any(task.done() for task in slow)
        go_on.set()
        assert all(await asyncio.gather(*slow))

    asyncio.run(crowd())


def test_who_no_longer_waits_is_passed_over() -> None:
    go_on = threading.Event()

    async def leave() -> None:
        task = asyncio.create_task(threads.hop_briefly(go_on.wait, 30))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        assert await threads.hop_briefly(lambda: 1) == 1

    asyncio.run(leave())
