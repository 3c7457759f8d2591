"""Sign-offs as git writes them."""

from __future__ import annotations

import pytest

from groundswell.wire.git.sign_off import is_signed_off, signers

MESSAGE = "Add a file\n\nWhy.\n\nCo-authored-by: Bob <bob@x>\nSigned-off-by: Ann Lee <ann@x>\n"


@pytest.mark.parametrize(
    ("name", "email", "signed"),
    [
        ("Ann Lee", "ann@x", True),
        ("someone", "ANN@x", True),
        ("ann lee", "other@y", True),
        ("Bob", "bob@x", False),
        ("", "", False),
    ],
)
def test_the_author_signs(name: str, email: str, signed: bool) -> None:
    assert is_signed_off(MESSAGE, name, email) is signed


def test_signers_are_told_once_and_in_order() -> None:
    text = "a\n\nsigned-off-by: B <b@x>\r\nSigned-off-by: A <a@x>\nSigned-off-by: B <b@x>"
    assert signers(text) == [("B", "b@x"), ("A", "a@x")]
    assert signers("Signed-off-by: nobody\nxSigned-off-by: A <a@x>\nSigned-off-by: <a@x>") == []


def test_a_long_message_is_read_at_once() -> None:
    assert signers("Signed-off-by: " + "a " * 100_000) == []
    assert signers("Signed-off-by:" + " \t" * 100_000 + "<") == []
