"""What LFS clients write and read (Hub API 7)."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.core.errors import BlobNotFound, Malformed, TooLarge
from groundswell.wire.lfs import (
    Action,
    BatchRequest,
    LfsObject,
    ObjectAnswer,
    Operation,
    multipart_header,
    parse_batch,
    parse_completion,
    parse_object,
    write_batch,
    write_error,
)

OID = "ab" * 32
OBJECT = {"oid": OID, "size": 3}


@pytest.mark.parametrize(
    ("extra", "transfers", "ref"),
    [
        ({}, ("basic",), None),
        (
            {"hash_algo": "sha256", "transfers": ["basic", "multipart"]},
            ("basic", "multipart"),
            None,
        ),
        ({"hash_algo": "sha_256", "transfers": ["basic", "xet"]}, ("basic", "xet"), None),
        ({"ref": {"name": "refs/heads/main"}, "transfers": []}, ("basic",), "refs/heads/main"),
        ({"ref": None}, ("basic",), None),
    ],
)
def test_batches_as_clients_write_them(
    extra: dict[str, Any], transfers: tuple[str, ...], ref: str | None
) -> None:
    parsed = parse_batch({"operation": "upload", "objects": [OBJECT], **extra})
    assert parsed == BatchRequest(Operation.UPLOAD, transfers, (LfsObject(OID, 3),), ref)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"operation": "delete", "objects": []},
        {"operation": "upload"},
        {"operation": "upload", "objects": {}},
        {"operation": "upload", "objects": [], "hash_algo": "md5"},
        {"operation": "upload", "objects": [], "transfers": "basic"},
        {"operation": "upload", "objects": [], "transfers": [1]},
        {"operation": "upload", "objects": [{"oid": OID.upper(), "size": 1}]},
        {"operation": "upload", "objects": [{"oid": OID}]},
        {"operation": "upload", "objects": [{"oid": OID, "size": True}]},
        {"operation": "upload", "objects": [{"oid": OID, "size": -1}]},
        {"operation": "upload", "objects": [{"oid": OID, "size": 2**63}]},
        {"operation": "upload", "objects": [{"oid": "../../etc", "size": 1}]},
        {"operation": ["upload"], "objects": []},
    ],
)
def test_what_is_no_batch(value: Any) -> None:
    with pytest.raises(Malformed):
        parse_batch(value)


def test_a_batch_is_bounded() -> None:
    parse_batch({"operation": "upload", "objects": [OBJECT] * 1000})
    with pytest.raises(TooLarge):
        parse_batch({"operation": "upload", "objects": [OBJECT] * 1001})


def test_completions() -> None:
    parts = [{"partNumber": 2, "etag": '"b"'}, {"partNumber": 1, "etag": "a"}]
    assert parse_completion({"oid": OID, "parts": parts}) == ["a", "b"]
    assert parse_completion({"parts": []}) == []


@pytest.mark.parametrize(
    "parts",
    [
        None,
        [1],
        [{"partNumber": 1}],
        [{"partNumber": "1", "etag": "a"}],
        [{"partNumber": True, "etag": "a"}],
        [{"partNumber": 2, "etag": "a"}],
        [{"partNumber": 0, "etag": "a"}],
        [{"partNumber": 1, "etag": "a"}] * 2,
        [{"partNumber": 1, "etag": "a"}] * 10_001,
    ],
)
def test_what_is_no_completion(parts: Any) -> None:
    with pytest.raises(Malformed):
        parse_completion({"parts": parts})


def test_answers() -> None:
    action = Action("http://hub/x", {"a": "b"}, 60)
    told = write_batch(
        "basic",
        [
            ObjectAnswer(LfsObject(OID, 3), {"upload": action}),
            ObjectAnswer(LfsObject(OID, 3), {}),
            ObjectAnswer(LfsObject(OID, 3), {}, BlobNotFound()),
        ],
    )
    assert told == {
        "transfer": "basic",
        "hash_algo": "sha256",
        "objects": [
            {
                **OBJECT,
                "authenticated": True,
                "actions": {
                    "upload": {"href": "http://hub/x", "header": {"a": "b"}, "expires_in": 60}
                },
            },
            OBJECT,
            {**OBJECT, "error": {"code": 404, "message": "Object not found"}},
        ],
    }
    assert write_error(BlobNotFound(), "id") == {"message": "Object not found", "request_id": "id"}


def test_the_header_of_an_upload_in_parts_holds_nothing_else() -> None:
    header = multipart_header(100, [f"http://hub/{number}" for number in range(1, 12)])
    assert header.pop("chunk_size") == "100"
    assert list(header) == [f"{number:05}" for number in range(1, 12)]
    assert list(header.values()) == [f"http://hub/{number}" for number in range(1, 12)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["operation", "objects", "oid", "size", "transfers", "ref", "parts", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_value_breaks_a_parser(value: Any) -> None:
    for parse in (parse_batch, parse_object, parse_completion):
        with contextlib.suppress(Malformed):
            parse(value)  # type: ignore[operator]
