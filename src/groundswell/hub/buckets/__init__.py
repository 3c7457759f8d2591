"""Buckets: repositories without history, whose files are as they are now.

Knows paths, batches and who follows changes. A bucket is a row of ``repositories`` like any other:
its name, visibility, rights and end are those of ``hub.repos``. Its contents are held by links, so
quotas, downloads, Xet and the collector treat them as everybody's. Without git behind them, the
rows of ``bucket_files`` are the only record of what lies where.
"""

from groundswell.hub.buckets.service import Buckets
from groundswell.hub.buckets.values import (
    PATHS_MAX,
    BatchResult,
    Bucket,
    BucketFile,
    BucketFolder,
    BucketPage,
    Change,
    Changes,
    Failure,
    FilePage,
    LocatedFile,
    Since,
)

__all__ = [
    "PATHS_MAX",
    "BatchResult",
    "Bucket",
    "BucketFile",
    "BucketFolder",
    "BucketPage",
    "Buckets",
    "Change",
    "Changes",
    "Failure",
    "FilePage",
    "LocatedFile",
    "Since",
]
