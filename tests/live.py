"""A real hub for tests: `swell serve` in a process of its own, on a port that it picked.

`live_hub` (tests/conftest.py) is one such hub for the whole run, with the people of `PEOPLE`;
tests that stop, break or fill a hub start their own with `serving`.
"""

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.stores import Stores

START_SECONDS = 30
STOP_SECONDS = 30


def token_of(name: str, role: str = "write") -> str:
    """The token that the imported user of this name has: "hf_" and 34 letters, as clients want."""
    return "hf_" + (name + role).ljust(34, "x")


# Who there is on the live hub. Tests name repositories after themselves, so they share it.
PEOPLE = {
    "users": [
        {
            "name": name,
            "fullname": name.title(),
            "email": f"{name}@example.org",
            "password": f"correct horse {name}",
            "tokens": [
                {"name": "all", "value": token_of(name), "role": "write"},
                {"name": "look", "value": token_of(name, "read"), "role": "read"},
            ],
        }
        for name in ("ada", "bob", "eve")
    ],
    "organisations": [
        {
            "name": "guild",
            "fullname": "The Guild",
            "members": [{"user": "ada", "role": "admin"}, {"user": "bob", "role": "write"}],
        }
    ],
}


@dataclass
class LiveHub:
    """A running hub. ``log`` grows with every line that it writes."""

    url: str
    data: Path
    process: subprocess.Popen[str]
    admin_token: str | None = None
    admin_password: str | None = None
    log: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def records(self) -> list[dict[str, object]]:
        """What the hub logged, as objects."""
        return [json.loads(line) for line in list(self.log) if line.startswith("{")]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(STOP_SECONDS)


def swell(data: Path, *arguments: str, text: str | None = None) -> str:
    """What a verb prints, run beside whatever serves the folder."""
    done = subprocess.run(
        [sys.executable, "-m", "groundswell.cli", *arguments, "--data", str(data)],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextlib.contextmanager
def serving(
    data: Path,
    *flags: str,
    people: bool = False,
    environment: dict[str, str] | None = None,
    is_behind: bool = False,
) -> Iterator[LiveHub]:
    """A hub on this folder, until the block ends. ``people`` imports `PEOPLE` once it runs.
    ``is_behind``: the address that it tells is that of a proxy, which need not run yet.
    """
    Stores.prepare(data)
    process = subprocess.Popen(
        [sys.executable, "-m", "groundswell.cli", "serve", f"--data={data}", "--port=0", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    hub = LiveHub("", data, process)
    ready: queue.Queue[str | None] = queue.Queue()

    def follow() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            hub.log.append(line.rstrip("\n"))
            if found := re.search(r"answers at (\S+)", line):
                hub.url = found[1]
            if found := re.search(r"password (\S+)", line):
                hub.admin_password = found[1]
            if found := re.search(r"^\s+token (\S+)", line):
                hub.admin_token = found[1]
            ready.put(line)
        ready.put(None)

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    try:
        while not hub.url:
            if ready.get(timeout=START_SECONDS) is None:
                raise AssertionError("the hub did not start:\n" + "\n".join(hub.log))
        if not is_behind:
            with urllib.request.urlopen(f"{hub.url}/healthz", timeout=10) as answer:
                assert answer.status == 200
        if people:
            file = data.parent / f"{data.name}-people.json"
            file.write_text(json.dumps(PEOPLE), encoding="utf-8")
            swell(data, "accounts", "import", str(file))
        yield hub
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        follower.join()
        assert process.stdout is not None
        process.stdout.close()
