"""What `test_without_a_network` runs where there is no network but the machine's own loopback:

    unshare --net -- python -m tests.security.offline_story FOLDER

A hub is served there, given a model and a folder of notes, and asked by every way it answers: the
terminal beside it, its own addresses, its pages. What was said is printed as one JSON object.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Final

from huggingface_hub import HfApi

from tests.live import LiveHub, serving, swell, token_of
from tests.packaged import SMOLLM2, smollm2

SIOCGIFFLAGS: Final = 0x8913
SIOCSIFFLAGS: Final = 0x8914
IFF_UP: Final = 1
MODEL: Final = "ada/smol"
PACK: Final = "ada/notes"
QUESTION: Final = "What is the highest mountain in Kenya?"
SECONDS: Final = 120
NOTES: Final = """# Mount Kenya

Mount Kenya is the highest mountain in Kenya. It rises 5,199 metres above the sea.
"""


def raise_loopback() -> None:
    """In a network of its own, even 127.0.0.1 is down until somebody raises it."""
    with socket.socket() as any_socket:
        asked = struct.pack("16sh", b"lo", 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(any_socket, SIOCGIFFLAGS, asked), 16)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | IFF_UP))


def out_of_here() -> str:
    """What becomes of a word to an address that is not this machine's."""
    with socket.socket() as outward:
        try:
            outward.connect(("192.0.2.1", 80))
        except OSError as error:
            return error.strerror or "refused"
    return "connected"


def publish(hub: LiveHub, folder: Path) -> None:
    api = HfApi(hub.url, token=token_of("ada"))
    api.create_repo(MODEL)
    api.upload_file(path_or_fileobj=smollm2(), path_in_repo=SMOLLM2, repo_id=MODEL)
    notes = folder / "notes"
    notes.mkdir()
    (notes / "kenya.md").write_text(NOTES, encoding="utf-8")
    swell(hub.data, "pack", "build", str(notes), "-o", PACK, "--title", "Notes", "--public")


def call(hub: LiveHub, path: str, body: dict[str, Any] | None = None) -> str:
    headers = {"Authorization": f"Bearer {token_of('ada')}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"{hub.url}{path}", data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        text: str = answer.read().decode()
    return text


def ask(hub: LiveHub, folder: Path) -> dict[str, Any]:
    """The answers, by who gave them."""
    receipt = str(folder / "receipt.json")
    asked = [QUESTION, "--pack", PACK]
    told = {
        "terminal": swell(hub.data, "ask", *asked),
        "prose": swell(hub.data, "ask", *asked, "--model", MODEL, "--receipt", receipt),
        "verified": swell(hub.data, "ask", "--verify", receipt),
        "run": swell(
            hub.data, "run", MODEL, "--prompt", "Say hello.", "--max-tokens", "8", "--quiet"
        ),
    }
    told["/v1/ask"] = call(hub, "/v1/ask", {"question": QUESTION, "packs": [PACK]})
    talk = [{"role": "user", "content": "Say hello."}]
    chat = {"model": MODEL, "messages": talk, "max_tokens": 8}
    said = json.loads(call(hub, "/v1/chat/completions", chat))
    told["chat"] = said["choices"][0]["message"]["content"]
    told["page"] = call(hub, f"/ask?{urllib.parse.urlencode({'q': QUESTION, 'pack': PACK})}")
    return told


def main(folder: Path) -> None:
    raise_loopback()
    told: dict[str, Any] = {"out of here": out_of_here()}
    with serving(folder / "data", people=True) as hub:
        publish(hub, folder)
        told |= ask(hub, folder)
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
