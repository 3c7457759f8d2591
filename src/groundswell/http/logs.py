"""Records of what happened: one JSON object or one line each, on stderr, without secrets.

Knows how a record is written and what is taken out of it. Does not know what is worth recording.
"""

from __future__ import annotations

import contextvars
import json
import logging
import re
import sys
import time
from typing import Any, Final, Literal

REQUEST_ID: Final[contextvars.ContextVar[str]] = contextvars.ContextVar("request_id", default="")

_write_json: Final = json.JSONEncoder(ensure_ascii=False, default=str).encode

# Tokens, and the signatures of URLs that carry their own right.
_SECRET: Final = re.compile(
    r"hf_[A-Za-z0-9]{8,}|(?i:(?:bearer|basic)\s+)[A-Za-z0-9+/=._~-]{8,}"
    r"|(?i:(?:token|signature|sig|password|secret|code)=)[^\s&\"']+"
)


# Whole hashes of chunks and xorbs are rights to content in the Xet protocol: a few digits are
# enough to find a request again.
_HASH: Final = re.compile(r"([0-9a-f]{8})[0-9a-f]{56}")


def redact_path(path: str) -> str:
    """The path of a request, without credentials and with hashes cut short."""
    return _HASH.sub(r"\1…", redact(path))


def redact(text: str) -> str:
    """The text with everything that looks like a credential replaced."""
    return _SECRET.sub("[redacted]", text)


class _JsonFormatter(logging.Formatter):
    """One JSON object for each record."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if request_id := REQUEST_ID.get():
            line["request_id"] = request_id
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return _write_json(line)


class _TextFormatter(logging.Formatter):
    """One line for each record, for people."""

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", {})
        tail = " ".join(f"{name}={value}" for name, value in fields.items())
        text = f"{self.formatTime(record)} {record.levelname.lower()} {record.getMessage()} {tail}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return redact(text.rstrip())


def configure_logs(form: Literal["json", "text"], level: str) -> None:
    """Send every record to stderr in this form. Records of servers and libraries too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if form == "json" else _TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("alembic", "asyncio", "markdown_it"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
