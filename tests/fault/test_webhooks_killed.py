"""A hub that is killed between what happened and telling of it tells of it after its next start."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

from tests.clients.stage import ask_json
from tests.live import serving
from tests.security.receivers import answer, receiving

FAR = "127.0.0.2"
ALLOW = {"SWELL_OUTBOUND_ALLOW": f"{FAR}/32"}


def names(heard: list[bytes]) -> list[str]:
    return [json.loads(each.partition(b"\r\n\r\n")[2])["repo"]["name"] for each in heard]


def test_what_happened_before_a_kill_is_told_after_it(tmp_path: Path) -> None:
    """Killed at once after the answer; then with a receiver that keeps the hub waiting."""
    data = tmp_path / "data"
    stuck = [True]

    def act(peer: object, request: bytes) -> None:
        if stuck[0]:
            time.sleep(10)
        answer("200 OK")(peer, request)  # type: ignore[arg-type]

    with receiving(act, FAR) as far:
        with serving(data, environment=ALLOW) as live:
            token = live.admin_token
            body = {"url": far.url(), "watched": [{"type": "user", "name": "admin"}]}
            made = ask_json(live, "POST", "/api/settings/webhooks", body, token=token)
            assert made.status == 200, made.body
            told = ask_json(live, "POST", "/api/repos/create", {"name": "first"}, token=token)
            assert told.status == 200
            live.stop(signal.SIGKILL)
        with serving(data, environment=ALLOW) as live:
            assert set(names(far.wait(1))) == {"admin/first"}
            live.stop(signal.SIGKILL)  # while the receiver has not answered
        stuck[0] = False
        with serving(data, environment=ALLOW) as live:
            assert ask_json(live, "POST", "/api/repos/create", {"name": "second"}, token=token).status == 200  # fmt: skip
            deadline = time.monotonic() + 30
            while "admin/second" not in names(list(far.heard)):
                assert time.monotonic() < deadline, "the next ones go on at once"
                time.sleep(0.1)
            assert live.stop() == 0
        ids = {each.partition(b"Delivery: ")[2][:24] for each in far.heard}
        assert len(ids) == 2
