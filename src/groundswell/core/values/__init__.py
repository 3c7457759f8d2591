"""The nouns: frozen values that the doors parse and everything below passes along.

Knows what a valid name, path, revision and digest is. Does not know how any of them is stored
or how a protocol spells it.
"""

from groundswell.core.values.content import (
    AddBlob,
    AddRegular,
    BytesPlan,
    CommitHeader,
    CopyEntry,
    DeleteEntry,
    DownloadPlan,
    Entry,
    EntryKind,
    Operation,
    Pointer,
    RecipePlan,
    RecordsPlan,
    Term,
)
from groundswell.core.values.digests import (
    ByteRange,
    check_sha256,
    is_abbreviated_commit_id,
    is_commit_id,
    is_sha256,
)
from groundswell.core.values.names import (
    NAME_LENGTH_MAX,
    REVISION_LENGTH_MAX,
    Gate,
    RepoId,
    RepoKind,
    Visibility,
    check_name,
    check_reference_name,
    confusable_key,
    fold_name,
    is_storable,
)
from groundswell.core.values.paths import (
    PATH_DEPTH_MAX,
    PATH_LENGTH_MAX_BYTES,
    PATH_SEGMENT_LENGTH_MAX_BYTES,
    check_path,
    fold_segment,
)
from groundswell.core.values.principals import (
    ANONYMOUS,
    Principal,
    RepoGrant,
    Role,
    TokenRole,
)
from groundswell.core.values.sizes import parse_size, scaled, size_text

__all__ = [
    "ANONYMOUS",
    "NAME_LENGTH_MAX",
    "PATH_DEPTH_MAX",
    "PATH_LENGTH_MAX_BYTES",
    "PATH_SEGMENT_LENGTH_MAX_BYTES",
    "REVISION_LENGTH_MAX",
    "AddBlob",
    "AddRegular",
    "ByteRange",
    "BytesPlan",
    "CommitHeader",
    "CopyEntry",
    "DeleteEntry",
    "DownloadPlan",
    "Entry",
    "EntryKind",
    "Gate",
    "Operation",
    "Pointer",
    "Principal",
    "RecipePlan",
    "RecordsPlan",
    "RepoGrant",
    "RepoId",
    "RepoKind",
    "Role",
    "Term",
    "TokenRole",
    "Visibility",
    "check_name",
    "check_path",
    "check_reference_name",
    "check_sha256",
    "confusable_key",
    "fold_name",
    "fold_segment",
    "is_abbreviated_commit_id",
    "is_commit_id",
    "is_sha256",
    "is_storable",
    "parse_size",
    "scaled",
    "size_text",
]
