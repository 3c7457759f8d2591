"""Object storages of one's own: SeaweedFS, which checks signatures, and moto, which is odd.

Both listen on this machine alone and keep what they hold in a temporary folder or in memory.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import obstore
from obstore.store import S3Store as Client

ACCESS_KEY_ID: Final = "hub"
SECRET_ACCESS_KEY: Final = "not much of a secret"
BUCKET: Final = "models"
_START_SECONDS: Final = 60


def _free_ports(count: int) -> list[int]:
    """Ports of which SeaweedFS also needs those 10,000 above."""
    taken: list[socket.socket] = []
    try:
        while len(taken) < count:
            one = socket.socket()
            one.bind(("127.0.0.1", 0))
            if one.getsockname()[1] < 50_000:
                taken.append(one)
            else:
                one.close()
        return [one.getsockname()[1] for one in taken]
    finally:
        for one in taken:
            one.close()


@contextmanager
def _running(*command: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            yield process
        finally:
            process.kill()  # nothing that it holds is kept
            process.wait()


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return  # it answers, and wants a signature
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer:\n{log.read_text(errors='replace')[-4000:]}")


def settings(endpoint: str, prefix: str, *, signed: bool = False) -> list[str]:
    """Lines of `swell.toml` for a hub there; ``signed`` sends Xet downloads past the hub."""
    lines = [
        f'storage_url = "s3://{BUCKET}/{prefix}"',
        f'storage_endpoint = "{endpoint}"',
        f'storage_access_key_id = "{ACCESS_KEY_ID}"',
        f'storage_secret_access_key = "{SECRET_ACCESS_KEY}"',
    ]
    return [*lines, f'storage_public_endpoint = "{endpoint}"'] if signed else lines


def make_bucket(endpoint: str, bucket: str) -> None:
    """A bucket, by the one request that object stores have no word for."""
    import boto3

    boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
    ).create_bucket(Bucket=bucket)


@contextmanager
def seaweedfs() -> Iterator[str]:
    """SeaweedFS with one key pair and the bucket; its endpoint."""
    folder = Path(tempfile.mkdtemp(prefix="groundswell-s3-"))
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    pair = {"accessKey": ACCESS_KEY_ID, "secretKey": SECRET_ACCESS_KEY}
    identity = {"name": "hub", "credentials": [pair], "actions": actions}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    master, volume, filer, s3 = _free_ports(4)
    weed = Path(sys.executable).with_name("weed")
    command = [
        *(str(weed), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        *("-volume.max=100", "-master.volumeSizeLimitMB=64", "-volume.preStopSeconds=0"),
        "-master.telemetry=false",  # it would report to its makers
        *(f"-master.port={master}", f"-volume.port={volume}", "-filer", f"-filer.port={filer}"),
        *("-s3", f"-s3.port={s3}", f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0"),
        # Its ports that have a fixed number: two of these servers would not start at once.
        "-s3.port.lance=0",
    ]
    try:
        with _running(*command, log=folder / "log") as process:
            endpoint = f"http://127.0.0.1:{s3}"
            _await(f"{endpoint}/status", process, folder / "log")
            _await_volumes(endpoint, folder / "log")
            yield endpoint
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _await_volumes(endpoint: str, log: Path) -> None:
    """Its parts find each other a moment after the first of them answers."""
    make = Client(
        BUCKET,
        config={
            "endpoint": endpoint,
            "region": "us-east-1",
            "access_key_id": ACCESS_KEY_ID,
            "secret_access_key": SECRET_ACCESS_KEY,
        },
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            make_bucket(endpoint, BUCKET)
            obstore.put(make, "first", b"is it there?")
            obstore.delete(make, "first")
        except Exception:  # whatever it answers while it starts
            if time.monotonic() > deadline:
                raise AssertionError(log.read_text(errors="replace")[-4000:]) from None
            time.sleep(0.2)
        else:
            return


@contextmanager
def moto() -> Iterator[str]:
    """moto's server, with the bucket; its endpoint. It checks no signatures."""
    folder = Path(tempfile.mkdtemp(prefix="groundswell-moto-"))
    (port,) = _free_ports(1)
    server = str(Path(sys.executable).with_name("moto_server"))
    try:
        with _running(server, f"-p{port}", log=folder / "log") as process:
            endpoint = f"http://127.0.0.1:{port}"
            _await(f"{endpoint}/moto-api/", process, folder / "log")
            make_bucket(endpoint, BUCKET)
            yield endpoint
    finally:
        shutil.rmtree(folder, ignore_errors=True)
