"""Frames through a pipe: each arrives as it was sent, however they travel together."""

import socket
import threading

import pytest

from groundswell.hub.viewing.pipe import Ended, Pipe

SIZES = (0, 1, 3, 0, 65_532, 65_536, 65_537, 5, 1 << 20, 3 << 20, 7, 0)


def test_frames_that_travel_together_arrive_one_by_one() -> None:
    frames = [bytes([number]) * size for number, size in enumerate(SIZES)]
    here, there = socket.socketpair()
    with here, there:
        sending = threading.Thread(target=Pipe(there).send_all, args=(frames,))
        sending.start()
        pipe = Pipe(here)
        assert [pipe.receive_bytes(3 << 20) for _ in frames] == frames
        sending.join()
        Pipe(there).send({"a": "é"})
        assert pipe.receive() == {"a": "é"}
        Pipe(there).send_all(())
        there.sendall(b"\0\0\0\x05only")
        there.close()
        with pytest.raises(Ended):
            pipe.receive_bytes(10)


def test_a_frame_that_says_more_than_it_may_is_not_waited_for() -> None:
    here, there = socket.socketpair()
    with here, there:
        there.sendall(b"\xff\xff\xff\xff")
        with pytest.raises(Ended):
            Pipe(here).receive_bytes(100)
