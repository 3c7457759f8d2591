"""Files of office programs, read as articles: texts, sheets and slides in zip archives of XML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from groundswell.wire.documents.normal import bad
from groundswell.wire.documents.office.opendocument import CONTENT, read_opendocument
from groundswell.wire.documents.office.sheets import WORKBOOK, read_sheets
from groundswell.wire.documents.office.slides import PRESENTATION, read_slides
from groundswell.wire.documents.office.word import DOCUMENT, read_word
from groundswell.wire.documents.packed import Packed
from groundswell.wire.documents.values import Article

OFFICE_BYTES_MAX: Final = 128 * 1024 * 1024

__all__ = ["OFFICE_BYTES_MAX", "read_office"]


def read_office(path: str, data: bytes) -> Iterator[Article]:
    """The article of an office file, by what is in it.

    Raises:
        Malformed: broken, too large once unpacked, or no office file.
    """
    packed = Packed(path, data)
    for part, read in (
        (DOCUMENT, read_word),
        (WORKBOOK, read_sheets),
        (PRESENTATION, read_slides),
        (CONTENT, read_opendocument),
    ):
        if part in packed:
            yield from read(path, packed)
            return
    bad(path, "it is a zip archive, and none of an office program")
