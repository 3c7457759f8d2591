"""Forms as they come over the wire, and where they may send people."""

import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.core.errors import Forbidden, Malformed, TooLarge
from groundswell.core.values import size_text
from groundswell.http.pages.door import local_path, with_query
from groundswell.http.pages.multipart import FormReader
from groundswell.http.pages.wording import ago, breakable, initials, quantity, tint

BODY = (
    b'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\ntoken\r\n'
    b'--b\r\nContent-Disposition: form-data; name="folder"\r\n\r\na/b\r\n'
    b'--b\r\nContent-Disposition: form-data; name="files"; filename="C:\\x\\\xc3\xa9 %22q%22.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\none\r\n--not the end\r\n\r\n"
    b'--b\r\nContent-Disposition: form-data; name="files"; filename="two"\r\n\r\n\r\n--b--\r\n'
)
CONTENT_TYPE = "multipart/form-data; boundary=b"


class OnDisk:
    def __init__(self, folder: str) -> None:
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            self.path = file.name
        self.is_gone = False

    @property
    def size_bytes(self) -> int:
        return Path(self.path).stat().st_size

    def write(self, data: Any) -> None:
        with open(self.path, "ab") as file:
            file.write(data)

    def settle(self) -> None:
        pass

    def discard(self) -> None:
        self.is_gone = True


def read(body: bytes, folder: Path, step: int = 1 << 16, kind: str = CONTENT_TYPE) -> Any:
    made: list[OnDisk] = []

    def spool() -> OnDisk:
        made.append(OnDisk(str(folder)))
        return made[-1]

    def check(fields: dict[str, str]) -> None:
        if fields.get("csrf") != "token":
            raise Forbidden

    reader = FormReader(spool, check)
    try:
        reader.begin(kind)
        source = io.BytesIO(body)
        while piece := source.read(step):
            reader.feed(piece)
        fields, files = reader.finish()
        return fields, [(file.name, file.read(), file.sample(2)) for file in files]
    finally:
        reader.discard()
        assert all(each.is_gone for each in made)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 50, 1 << 16])
def test_a_form_is_read_in_pieces_of_any_size(tmp_path: Path, step: int) -> None:
    fields, files = read(BODY, tmp_path, step)
    assert fields == {"csrf": "token", "folder": "a/b"}
    assert files == [('é "q".txt', b"one\r\n--not the end\r\n", b"on"), ("two", b"", b"")]


def test_no_file_is_kept_before_the_form_is_known_to_be_ours(tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        read(BODY.replace(b"token", b"forged"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_form_that_stops_or_is_none_is_refused(tmp_path: Path) -> None:
    for cut in range(0, len(BODY) - 8, 5):
        with pytest.raises((Malformed, Forbidden)):
            read(BODY[:cut], tmp_path)
    for kind in (
        "",
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=" + "x" * 300,
    ):
        with pytest.raises(Malformed):
            read(BODY, tmp_path, kind=kind)


def test_fields_headers_and_parts_are_bounded(tmp_path: Path) -> None:
    start = b'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n'
    with pytest.raises(TooLarge):
        read(start + b"x" * 100_000 + b"\r\n--b--\r\n", tmp_path)
    with pytest.raises((TooLarge, Malformed)):
        read(b"--b\r\nX: " + b"y" * 10_000 + b"\r\n\r\n\r\n--b--\r\n", tmp_path)
    with pytest.raises(TooLarge):
        read((start + b"token\r\n") * 1_001 + b"--b--\r\n", tmp_path)


@given(st.text(max_size=60))
def test_a_form_sends_nobody_to_another_host(text: str) -> None:
    path = local_path(text)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert not any(c in path for c in "\r\n\t\\ ")


def test_words_for_values() -> None:
    assert [size_text(n) for n in (0, 999, 1_000, 98_300_000, 999_999, 10**12)] == [
        "0 B",
        "999 B",
        "1 kB",
        "98.3 MB",
        "1 MB",
        "1 TB",
    ]
    assert [quantity(n) for n in (7, 12_345, 134_515_008)] == ["7", "12.3k", "135M"]
    assert ago(0, 3_600_000_000 * 5) == "5 hours ago"
    assert ago(10**18, 0) == "just now"
    assert initials("ada-lovelace") == "AL"
    assert tint("Ada") == tint("ada")
    assert breakable("<b>-x") == "&lt;b&gt;-<wbr>x"
    assert with_query("/x", a="1 2", b=None, c="") == "/x?a=1%202"
