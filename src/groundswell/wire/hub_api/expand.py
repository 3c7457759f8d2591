"""What ``expand`` may ask of a repository, and what is told without it (Hub API, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from groundswell.core.errors import BadRequest
from groundswell.core.values import RepoKind

# xetEnabled: huggingface_hub before 1.0 asks for it before it uploads a large folder;
# gitalyUid: huggingface.js may.
EXPANDABLE: Final[dict[RepoKind, tuple[str, ...]]] = {
    RepoKind.MODEL: (
        "author",
        "baseModels",
        "cardData",
        "childrenModelCount",
        "config",
        "createdAt",
        "disabled",
        "downloads",
        "downloadsAllTime",
        "evalResults",
        "gated",
        "gitalyUid",
        "gguf",
        "inference",
        "inferenceProviderMapping",
        "lastModified",
        "library_name",
        "likes",
        "mask_token",
        "model-index",
        "pipeline_tag",
        "private",
        "resourceGroup",
        "safetensors",
        "sha",
        "siblings",
        "spaces",
        "tags",
        "transformersInfo",
        "trendingScore",
        "usedStorage",
        "widgetData",
        "xetEnabled",
    ),
    RepoKind.DATASET: (
        "author",
        "cardData",
        "citation",
        "createdAt",
        "description",
        "disabled",
        "downloads",
        "downloadsAllTime",
        "gated",
        "gitalyUid",
        "lastModified",
        "likes",
        "mainSize",
        "paperswithcode_id",
        "private",
        "resourceGroup",
        "sha",
        "siblings",
        "tags",
        "trendingScore",
        "usedStorage",
        "xetEnabled",
    ),
    RepoKind.SPACE: (
        "author",
        "cardData",
        "createdAt",
        "datasets",
        "disabled",
        "gitalyUid",
        "lastModified",
        "likes",
        "models",
        "private",
        "region",
        "resourceGroup",
        "runtime",
        "sdk",
        "sha",
        "siblings",
        "subdomain",
        "tags",
        "trendingScore",
        "usedStorage",
        "xetEnabled",
    ),
    RepoKind.KERNEL: (
        "author",
        "createdAt",
        "downloads",
        "gated",
        "lastModified",
        "likes",
        "private",
        "sha",
        "siblings",
        "tags",
        "usedStorage",
    ),
}

# What the info of one repository tells when nothing in particular is asked for.
TOLD: Final[dict[RepoKind, tuple[str, ...]]] = {
    RepoKind.MODEL: (
        "author",
        "cardData",
        "config",
        "createdAt",
        "disabled",
        "downloads",
        "gated",
        "gguf",
        "lastModified",
        "library_name",
        "likes",
        "mask_token",
        "model-index",
        "pipeline_tag",
        "private",
        "safetensors",
        "sha",
        "siblings",
        "spaces",
        "tags",
        "transformersInfo",
        "usedStorage",
        "widgetData",
    ),
    RepoKind.DATASET: (
        "author",
        "cardData",
        "citation",
        "createdAt",
        "description",
        "disabled",
        "downloads",
        "gated",
        "lastModified",
        "likes",
        "paperswithcode_id",
        "private",
        "sha",
        "siblings",
        "tags",
        "usedStorage",
    ),
    RepoKind.SPACE: (
        "author",
        "cardData",
        "createdAt",
        "datasets",
        "disabled",
        "lastModified",
        "likes",
        "models",
        "private",
        "runtime",
        "sdk",
        "sha",
        "siblings",
        "subdomain",
        "tags",
        "usedStorage",
    ),
    RepoKind.KERNEL: (
        "author",
        "createdAt",
        "downloads",
        "gated",
        "lastModified",
        "likes",
        "private",
        "sha",
    ),
}

# What an item of a list tells; ``full`` adds the second, ``cardData`` and ``config`` themselves.
LISTED: Final[dict[RepoKind, tuple[str, ...]]] = {
    RepoKind.MODEL: (
        "createdAt",
        "downloads",
        "library_name",
        "likes",
        "pipeline_tag",
        "private",
        "tags",
    ),
    RepoKind.DATASET: (
        "author",
        "createdAt",
        "description",
        "disabled",
        "downloads",
        "gated",
        "lastModified",
        "likes",
        "private",
        "sha",
        "tags",
    ),
    RepoKind.SPACE: ("createdAt", "likes", "private", "sdk", "tags"),
    RepoKind.KERNEL: (
        "author",
        "createdAt",
        "downloads",
        "gated",
        "lastModified",
        "likes",
        "private",
        "sha",
    ),
}
LISTED_IN_FULL: Final[dict[RepoKind, tuple[str, ...]]] = {
    RepoKind.MODEL: ("author", "disabled", "gated", "lastModified", "sha", "siblings"),
    RepoKind.DATASET: ("cardData", "citation", "paperswithcode_id", "siblings"),
    RepoKind.SPACE: ("author", "cardData", "datasets", "lastModified", "models", "sha", "siblings"),
    RepoKind.KERNEL: (),
}


def check_expand(kind: RepoKind, names: Sequence[str]) -> tuple[str, ...]:
    """The same names, each once.

    Raises:
        BadRequest: one that this kind does not know, in the words that clients show.
    """
    known = EXPANDABLE[kind]
    for name in names:
        if name not in known:
            options = "|".join(f'"{option}"' for option in known)
            msg = f"Invalid option: expected one of {options}"
            raise BadRequest(msg)
    return tuple(dict.fromkeys(names))
