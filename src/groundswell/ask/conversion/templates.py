"""The repository's chat template, byte for byte, wherever it keeps it.

Knows the places. A template is a program: it is carried, and never run here.
"""

from __future__ import annotations

import re
from typing import Final

from groundswell.ask.conversion.source import TEMPLATE, TEMPLATE_JSON, TOKENIZER_CONFIG, Folder
from groundswell.ask.conversion.values import refusal

DEFAULT: Final = "default"
_NAMED_MAX: Final = 16
_NAME: Final = re.compile(r"[a-z0-9_]{1,40}")


def templates_of(folder: Folder) -> dict[str, str]:
    """Every template by its name; ``default`` is the one that is used.

    Raises:
        BadRequest: what stands there is no template.
    """
    own = folder.text(TEMPLATE)
    if own is not None:
        try:
            return {DEFAULT: own.decode("utf-8")}
        except UnicodeDecodeError as error:
            raise refusal(f"{TEMPLATE} is not UTF-8") from error
    for name in (TEMPLATE_JSON, TOKENIZER_CONFIG):
        value = folder.object(name).get("chat_template")
        if isinstance(value, str):
            return {DEFAULT: value}
        if isinstance(value, list):
            return _named(name, value)
    return {}


def _named(file: str, values: list[object]) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in values[:_NAMED_MAX]:
        name, text = (
            (value.get("name"), value.get("template")) if isinstance(value, dict) else (None, None)
        )
        if not isinstance(name, str) or not isinstance(text, str) or not _NAME.fullmatch(name):
            raise refusal(f"{file}: its chat templates are not named texts")
        found[name] = text
    return found
