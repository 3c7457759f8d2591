"""The error registry: every failure Groundswell names, once.

Knows: the code, HTTP status, exit code, whether a retry can help, and a hint for the person.
Does not know how a door shows an error: each door renders these classes in its own protocol.
"""

from groundswell.core.errors.absence import (
    AccountNotFound,
    BlobNotFound,
    EntryNotFound,
    Gone,
    NotFound,
    RepoMoved,
    RepoNotFound,
    RevisionNotFound,
)
from groundswell.core.errors.access import (
    DeviceCodeInvalid,
    DeviceDenied,
    DeviceExpired,
    DeviceFlowRefused,
    DevicePending,
    DeviceSlowDown,
    DisabledRepo,
    Forbidden,
    GatedRepo,
    GatedToAnonymous,
    InvalidCredentials,
    Unauthenticated,
)
from groundswell.core.errors.base import (
    GroundswellError,
)
from groundswell.core.errors.conditions import (
    Corrupt,
    DataTooNew,
    ForeignData,
    StorageFull,
    TooManyRequests,
    Unavailable,
)
from groundswell.core.errors.requests import (
    BadRequest,
    BodyStalled,
    InvalidCommit,
    InvalidName,
    InvalidPath,
    Malformed,
    MethodNotAllowed,
    QuotaExceeded,
    RangeNotSatisfiable,
    TooLarge,
    WrongContent,
)
from groundswell.core.errors.states import (
    CollectionExists,
    ConcurrentWrite,
    Conflict,
    NameTaken,
    ParentMoved,
    ReferenceExists,
)

__all__ = [
    "AccountNotFound",
    "BadRequest",
    "BlobNotFound",
    "BodyStalled",
    "CollectionExists",
    "ConcurrentWrite",
    "Conflict",
    "Corrupt",
    "DataTooNew",
    "DeviceCodeInvalid",
    "DeviceDenied",
    "DeviceExpired",
    "DeviceFlowRefused",
    "DevicePending",
    "DeviceSlowDown",
    "DisabledRepo",
    "EntryNotFound",
    "Forbidden",
    "ForeignData",
    "GatedRepo",
    "GatedToAnonymous",
    "Gone",
    "GroundswellError",
    "InvalidCommit",
    "InvalidCredentials",
    "InvalidName",
    "InvalidPath",
    "Malformed",
    "MethodNotAllowed",
    "NameTaken",
    "NotFound",
    "ParentMoved",
    "QuotaExceeded",
    "RangeNotSatisfiable",
    "ReferenceExists",
    "RepoMoved",
    "RepoNotFound",
    "RevisionNotFound",
    "StorageFull",
    "TooLarge",
    "TooManyRequests",
    "Unauthenticated",
    "Unavailable",
    "WrongContent",
]
