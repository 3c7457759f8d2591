"""What every test shares: no test speaks to the world outside this machine."""

import ipaddress
import sys
from collections.abc import Iterator

import pytest

from tests import stores
from tests.live import LiveHub, serving


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--stores=postgresql,s3``: live hubs stand on these instead of SQLite and a folder."""
    parser.addoption("--stores", default="", help="postgresql, s3 or both, for live hubs")


@pytest.fixture(scope="session", autouse=True)
def _stores(request: pytest.FixtureRequest) -> Iterator[None]:
    with stores.running(stores.Stores.parse(request.config.getoption("--stores"))):
        yield


def _is_local(host: object) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name is None or name in ("", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(name).partition("%")[0])
    except ValueError:
        return str(name).endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _refuse_the_world(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a path is a Unix socket
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not _is_local(host):
        msg = f"a test reached for {host!r}: tests speak only to this machine"
        raise PermissionError(msg)


# An audit hook also sees libraries that do not go through the socket module's classes. It cannot
# be removed, which is as it should be.
sys.addaudithook(_refuse_the_world)


@pytest.fixture(scope="session")
def live_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHub]:
    """One running hub for the whole run, with the people of tests/live.py."""
    with serving(tmp_path_factory.mktemp("hub") / "data", people=True) as hub:
        yield hub
