"""Record what a client sends when it uploads generated files: xorbs and the shard, as they travel.

Run it with the Python of an environment that holds the ``hf_xet`` release to record::

    python make.py <folder for the recordings>
    python make.py <folder> --local    # what the client's own local store writes (1.8.0)

A throw-away server on a free port of this machine stores each body and says yes. Nothing leaves
the machine, and every byte recorded is made from the fixed seeds below.
"""

from __future__ import annotations

import importlib.metadata
import json
import random
import shutil
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import hf_xet

NEVER = 4102444800  # 2100-01-01


def generated_files() -> dict[str, bytes]:
    """The uploaded content: incompressible, text, floating-point-like, empty, tiny."""
    seeded = random.Random(20)
    noise = seeded.randbytes(60_000)
    floats = bytearray(40_000)
    floats[0::4] = seeded.randbytes(10_000)
    floats[1::4] = seeded.randbytes(10_000)
    floats[2::4] = bytes(seeded.choice(b"\x10\x11\x12") for _ in range(10_000))
    floats[3::4] = b"\x3f" * 10_000
    text = b"".join(b"line %d of the text\n" % (n * n) for n in range(12_000))
    return {
        "noise": noise,
        "text": text,
        "floats": bytes(floats),
        "repeated": noise[:20_000] * 8,
        "empty": b"",
        "tiny": b"ten bytes.",
        "zeros": bytes(300_000),
    }


class Recorder(BaseHTTPRequestHandler):
    """Stores the body of each POST under its kind and hash."""

    protocol_version = "HTTP/1.1"
    folder: Path

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "grant" in self.path or "telemetry" in self.path:
            self.answer(404, b"")
        elif "xorb" in self.path:
            (self.folder / f"{self.path.rsplit('/', 1)[-1]}.xorb").write_bytes(body)
            self.answer(200, b'{"was_inserted":true}')
        elif self.path.startswith("/v2/"):
            self.answer(404, b"")
        else:
            (self.folder / "upload.shard").write_bytes(body)
            self.answer(200, b'{"result":1}')

    def do_PUT(self) -> None:
        self.do_POST()

    def do_GET(self) -> None:
        self.answer(404, b"")

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def upload(files: dict[str, bytes], endpoint: str) -> list[Any]:
    token = ("token", NEVER)
    found: list[Any] = hf_xet.upload_bytes(
        list(files.values()), endpoint, token, lambda: token, None, "model"
    )
    return found


def record_network(files: dict[str, bytes], folder: Path) -> list[Any]:
    Recorder.folder = folder
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        return upload(files, f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()


def record_local(files: dict[str, bytes], folder: Path) -> list[Any]:
    with tempfile.TemporaryDirectory() as store:
        uploaded = upload(files, f"local://{store}")
        for xorb in Path(store).glob("**/default.*"):
            if not xorb.name.endswith(".tagset"):
                shutil.copyfile(xorb, folder / f"{xorb.name.removeprefix('default.')}.xorb")
        for shard in Path(store).glob("**/shards/*.mdb"):
            shutil.copyfile(shard, folder / "upload.shard")
        return uploaded


def main(folder: Path, *, is_local: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    files = generated_files()
    uploaded = record_local(files, folder) if is_local else record_network(files, folder)
    facts = {
        "hf_xet": importlib.metadata.version("hf_xet"),
        "files": {
            name: {"hash": found.hash, "size": len(content)}
            for (name, content), found in zip(files.items(), uploaded, strict=True)
        },
    }
    (folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), is_local="--local" in sys.argv)
