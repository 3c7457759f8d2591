"""How a model is named in one word: ``org/name[@rev][:file or quantisation]``.

The same in the API, on the command line and on pages. ``remote:NAME`` is a model of the other
runtime. Knows spelling only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from groundswell.core.errors import InvalidName, RepoNotFound
from groundswell.core.values import RepoId, RepoKind

NAME_CHARACTERS_MAX: Final = 1024
REMOTE: Final = "remote:"
# What programs for other hubs write where they leave the choice.
LATEST: Final = "latest"


@dataclass(frozen=True, slots=True)
class ModelName:
    """A name, taken apart. ``wanted`` is a file or a quantisation; "" leaves the choice."""

    repo_id: RepoId
    revision: str = "main"
    wanted: str = ""


def parse_name(text: str) -> ModelName:
    """Take a name apart. Colons cannot be in names or revisions, so the first one ends them.

    Raises:
        RepoNotFound: no repository can have that name.
    """
    head, _, wanted = text[:NAME_CHARACTERS_MAX].partition(":")
    names, _, revision = head.partition("@")
    try:
        repo_id = RepoId.parse(RepoKind.MODEL, names.removeprefix("models/"))
    except InvalidName as error:
        raise RepoNotFound from error
    return ModelName(repo_id, revision or "main", "" if wanted == LATEST else wanted)
