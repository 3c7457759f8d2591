"""S17: a server that can be made to ask for something.

The story: an address in a card, a mirror, an avatar, a webhook, an LFS answer makes the server
itself send a request: to the metadata service of a cloud, to a database that trusts the network it
is in, to the attacker, who then knows its address and its token. Gitea 1.17.2 let the remote
choose the clone's address after it had been checked.

This hub asks nobody anything unless a person made it: a webhook, or letters by the server that its
operator named. So it is watched from outside: a whole life, from its first start over uploads, cards full of addresses, git, signing in and a device, to its end,
with every connect() of it and of everything that it starts on record. There is none but to Unix
sockets.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.live import serving
from tests.security.packs import Pack, accepted, fetch, gives_pack, push_new
from tests.security.target import Target, bearer, commit, csrf_in, publish, regular

CARD = b"""---
license: mit
base_model: https://evil.example/model
datasets: [http://169.254.169.254/latest/meta-data]
thumbnail: http://evil.example/thumb.png
widget: [{src: "http://127.0.0.1:1/x"}]
library_name: transformers
---
# Hello
![x](http://evil.example/pixel.png) <img src="http://169.254.169.254/"> [x](gopher://evil.example)
<iframe src="http://evil.example"></iframe> <link rel="stylesheet" href="//evil.example/x.css">
"""


def everything(target: Target) -> None:
    """What people do with a hub, with addresses of elsewhere wherever a text is taken."""
    admin = target.admin
    repo = target.repository(admin, "admin", "busy")
    publish(admin, repo, "model.bin", b"large " * 100_000)
    lines = [
        regular("README.md", CARD),
        regular(
            "config.json",
            b'{"auto_map": {"a": "http://evil.example--x.Y"}, "_name_or_path": "http://evil.example"}',
        ),
        regular(".gitmodules", b'[submodule "x"]\n\tpath = x\n\turl = http://evil.example/x.git\n'),
        regular(".lfsconfig", b"[lfs]\n\turl = http://evil.example/lfs\n"),
        regular("model.safetensors.index.json", b'{"weight_map": {"a": "http://evil.example/w"}}'),
    ]
    assert commit(admin, repo, *lines).status == 200
    for path in (f"/{repo}", f"/{repo}/tree/main", f"/{repo}/blob/main/README.md", f"/api/models/{repo}", "/", "/models?search=http://evil.example",
                 f"/{repo}/resolve/main/model.bin", "/login?next=http://evil.example", f"/api/models/{repo}?expand=cardData",
                 f"/api/models/{repo}/xet-read-token/main", f"/{repo}/commits/main", "/metrics", "/readyz"):  # fmt: skip
        answer = admin(
            "GET", path, None, {"Referer": "http://evil.example", "Origin": "http://evil.example"}
        )
        assert answer.status in {200, 303}, path
    body = {"content": CARD.decode(), "repoType": "model"}
    assert admin.json("POST", "/api/validate-yaml", body).status == 200
    pack = Pack()
    made = pack.file_commit(b"notes", b"see http://evil.example")
    assert accepted(push_new(admin, repo, made, pack))
    assert gives_pack(fetch(admin, repo, made))
    for body in (
        {"title": "http://evil.example", "description": "![x](http://evil.example/x.png)"},
        {"title": "pr", "pullRequest": True},
    ):
        assert admin.json("POST", f"/api/models/{repo}/discussions", body).status == 200
    copy = {"repository": "admin/copied"}
    assert admin.json("POST", f"/api/models/{repo}/duplicate", copy).status == 200
    anybody = target.caller()
    assert (
        anybody.form("/oauth/device", {"client_id": "http://evil.example", "scope": "x"}).status
        == 200
    )
    assert target.live.admin_password is not None
    browser = target.sign_in("admin", target.live.admin_password)
    fields = {
        "csrf": csrf_in(browser("GET", "/settings/tokens/new").text),
        "name": "http://evil.example",
        "role": "read",
    }
    assert browser.form("/settings/tokens/new", fields).status == 200
    assert target.caller(bearer("hf_" + "x" * 34))("GET", "/api/whoami-v2").status == 401


def connects(trace: str) -> list[str]:
    """Every connect and every datagram of a trace that is not to a Unix socket."""
    calls = re.findall(r"(?:connect|sendto|sendmsg|sendmmsg)\([^\n]*sa_family=[^\n]*", trace)
    return [call for call in calls if "AF_UNIX" not in call and "AF_NETLINK" not in call]


def test_a_whole_life_without_one_connection(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    assert strace is not None, "apt-get install strace"
    record = tmp_path / "trace"
    wrapper = tmp_path / "python"
    wrapper.write_text(
        f'#!/bin/sh\nexec {strace} -D -f -q -e trace=connect,sendto,sendmsg,sendmmsg -e signal=none -o {record} {sys.executable} "$@"\n'
    )
    wrapper.chmod(0o755)  # with -D the tracer stands beside the hub, and signals reach the hub
    plain, sys.executable = sys.executable, str(wrapper)
    try:
        life = serving(tmp_path / "data")
        with life as live:
            sys.executable = plain
            target = Target(live)
            everything(target)
            for each in target.callers:
                each.close()
    finally:
        sys.executable = plain
    deadline = time.monotonic() + 20
    trace = ""
    while not re.search(rf"^{live.process.pid} +\+\+\+ exited", trace, re.MULTILINE):
        assert time.monotonic() < deadline, trace[-500:]
        time.sleep(0.1)
        trace = record.read_text(errors="replace")
    assert connects(trace) == []


def test_the_watch_would_see_one(tmp_path: Path) -> None:
    """The control: one connection to this machine is on record."""
    record = tmp_path / "trace"
    code = "import socket; socket.socket().connect_ex(('127.0.0.1', 1))"
    command = [
        "strace",
        "-f",
        "-qq",
        "-e",
        "trace=connect,sendto",
        "-o",
        str(record),
        sys.executable,
        "-c",
        code,
    ]
    subprocess.run(command, check=True, timeout=30)
    assert len(connects(record.read_text())) == 1


# Before it grants an upload past itself, a hub tries what its own object storage refuses: the address
# is the settings', and it is asked as a client would ask it. A model's process is asked by a path.
# `swell run --hub URL`, `swell compare` and `swell mcp` are clients of that hub, and of no other.
ASKS_ITS_OWN = {
    "http.client": [
        "groundswell/ask/runtime/exchange.py",
        "groundswell/cli/_calling.py",
        "groundswell/cli/_talking.py",
        "groundswell/cli/mcp.py",
        "groundswell/store/bucket/staging.py",
    ],
    "urllib.request": ["groundswell/cli/_calling.py", "groundswell/cli/mcp.py"],
}
# What people ask it to tell others leaves by one room, which test_ssrf.py attacks.
ASKS_OTHERS = {
    "httpcore2": [
        "groundswell/store/outbound/client.py",
        "groundswell/store/outbound/network.py",
    ]
}
# Letters to people go to the one server that the settings name, which is not asked without one.
SENDS_MAIL = {"smtplib": ["groundswell/store/smtp.py"]}


@pytest.mark.parametrize(
    "word",
    [
        "urllib.request",
        "http.client",
        "requests",
        "httpx",
        "httpx2",
        "httpcore2",
        "aiohttp",
        "urllib3",
        "smtplib",
        "ftplib",
    ],
)
def test_no_client_of_the_network_is_in_the_code(word: str) -> None:
    """What could ask is not even there."""
    source = Path(__file__).resolve().parents[2] / "src"
    pattern = re.compile(rf"^\s*(?:import|from)\s+{re.escape(word)}\b", re.MULTILINE)
    found = [
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if pattern.search(path.read_text())
    ]
    assert sorted(found) == {**ASKS_ITS_OWN, **ASKS_OTHERS, **SENDS_MAIL}.get(word, [])
