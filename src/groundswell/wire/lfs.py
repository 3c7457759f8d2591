"""Git LFS: the batch API, verify and multipart completion, as JSON values (Hub API 7).

Knows how clients write requests and read answers, quirks included. Does not know which objects
exist, who may have them, or how a URL is signed.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from groundswell.core.errors import GroundswellError, Malformed, TooLarge
from groundswell.core.values import is_sha256

MEDIA_TYPE: Final = "application/vnd.git-lfs+json"
OBJECTS_MAX: Final = 1000
SIZE_BYTES_MAX: Final = 2**63 - 1
_PARTS_MAX: Final = 10_000
_NAMES_MAX: Final = 16
# JavaScript clients write the second form.
_HASH_ALGORITHMS: Final = frozenset({"sha256", "sha_256"})
_PART_DIGITS: Final = 5


class Operation(enum.StrEnum):
    """What a batch is for."""

    UPLOAD = "upload"
    DOWNLOAD = "download"


@dataclass(frozen=True, slots=True)
class LfsObject:
    """One object of a batch."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """What a client asks for: objects, the ways it can send or fetch them, the ref it is about."""

    operation: Operation
    transfers: tuple[str, ...]
    objects: tuple[LfsObject, ...]
    ref: str | None


@dataclass(frozen=True, slots=True)
class Action:
    """Where to send or fetch an object. ``expires_in_seconds`` counts from now."""

    href: str
    header: Mapping[str, str]
    expires_in_seconds: int


@dataclass(frozen=True, slots=True)
class ObjectAnswer:
    """What a client is to do with one object: nothing when there are no actions."""

    object: LfsObject
    actions: Mapping[str, Action]
    error: GroundswellError | None = None


def parse_batch(value: Any) -> BatchRequest:  # noqa: ANN401 - JSON
    """A batch request.

    Raises:
        Malformed: not one.
        TooLarge: more than 1000 objects.
    """
    fields = _object(value, "batch request")
    try:
        operation = Operation(fields.get("operation", ""))
    except ValueError as error:
        raise Malformed("batch request", '"operation" is "upload" or "download"') from error
    if str(fields.get("hash_algo", "sha256")) not in _HASH_ALGORITHMS:
        raise Malformed("batch request", '"hash_algo" can only be "sha256"')
    transfers = fields.get("transfers") or ["basic"]
    if not isinstance(transfers, list) or not all(isinstance(name, str) for name in transfers):
        raise Malformed("batch request", '"transfers" is a list of names')
    objects = fields.get("objects")
    if not isinstance(objects, list):
        raise Malformed("batch request", '"objects" is a list')
    if len(objects) > OBJECTS_MAX:
        msg = f"A batch may name {OBJECTS_MAX} objects."
        raise TooLarge(msg)
    ref = fields.get("ref")
    name = ref.get("name") if isinstance(ref, dict) else None
    return BatchRequest(
        operation=operation,
        transfers=tuple(transfers[:_NAMES_MAX]),
        objects=tuple(parse_object(each) for each in objects),
        ref=name if isinstance(name, str) else None,
    )


def parse_object(value: Any) -> LfsObject:  # noqa: ANN401 - JSON
    """``{oid, size}``: one object of a batch, or what a client wants verified.

    Raises:
        Malformed: not one.
    """
    fields = _object(value, "object")
    sha256, size_bytes = fields.get("oid"), fields.get("size")
    if not isinstance(sha256, str) or not is_sha256(sha256):
        raise Malformed("object", '"oid" is a sha256 of 64 lower-case hexadecimal digits')
    if isinstance(size_bytes, bool) or not isinstance(size_bytes, int):
        raise Malformed("object", '"size" is a whole number')
    if not 0 <= size_bytes <= SIZE_BYTES_MAX:
        raise Malformed("object", '"size" is out of bounds')
    return LfsObject(sha256, size_bytes)


def parse_completion(value: Any) -> list[str]:  # noqa: ANN401 - JSON
    """The ETags of the parts in order, from the completion of a multipart upload.

    Raises:
        Malformed: parts are missing, named twice, or not named as they should be.
    """
    parts = _object(value, "completion").get("parts")
    if not isinstance(parts, list) or len(parts) > _PARTS_MAX:
        raise Malformed("completion", f'"parts" is a list of at most {_PARTS_MAX}')
    etags: dict[int, str] = {}
    for part in parts:
        fields = _object(part, "part")
        number, etag = fields.get("partNumber"), fields.get("etag")
        if isinstance(number, bool) or not isinstance(number, int) or not isinstance(etag, str):
            raise Malformed("part", '"partNumber" is a number and "etag" a string')
        if number in etags:
            raise Malformed("part", f"number {number} is named twice")
        etags[number] = etag.strip().strip('"')
    if sorted(etags) != list(range(1, len(etags) + 1)):
        raise Malformed("completion", "the parts are not numbered from 1 without a gap")
    return [etags[number] for number in sorted(etags)]


def write_batch(transfer: str, answers: Sequence[ObjectAnswer]) -> dict[str, Any]:
    """The answer to a batch request."""
    objects = [_write_answer(answer) for answer in answers]
    return {"transfer": transfer, "objects": objects, "hash_algo": "sha256"}


def multipart_header(part_bytes: int, part_urls: Sequence[str]) -> dict[str, str]:
    """The ``header`` of a multipart upload: the transfer agent reads every value in it, in order,
    so there is nothing else in it.
    """
    urls = {f"{number:0{_PART_DIGITS}}": url for number, url in enumerate(part_urls, 1)}
    return {"chunk_size": str(part_bytes), **urls}


def write_error(error: GroundswellError, request_id: str) -> dict[str, Any]:
    """The body of an error that concerns the whole request."""
    message = f"{error.message} {error.hint}".strip()
    return {"message": message, "request_id": request_id}


def _write_answer(answer: ObjectAnswer) -> dict[str, Any]:
    told: dict[str, Any] = {"oid": answer.object.sha256, "size": answer.object.size_bytes}
    if answer.error is not None:
        return {**told, "error": {"code": answer.error.status, "message": answer.error.message}}
    if answer.actions:
        # The hrefs carry their own right: git-lfs is to send no credential of its own there.
        told["authenticated"] = True
        told["actions"] = {
            name: {
                "href": action.href,
                "header": dict(action.header),
                "expires_in": action.expires_in_seconds,
            }
            for name, action in answer.actions.items()
        }
    return told


def _object(value: Any, where: str) -> dict[str, Any]:  # noqa: ANN401 - JSON
    if not isinstance(value, dict):
        raise Malformed(where, "an object is expected")
    return value
