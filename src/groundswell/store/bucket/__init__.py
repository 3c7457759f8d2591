"""A blob store on S3 or what speaks like it: create-only writes, ranged reads, signed addresses.

Knows buckets, keys and how an object storage fails. Does not know what the bytes mean or who may
read them: callers verify content before they hand it over. obstore carries the bytes; it is
imported only here, and only by hubs whose `storage_url` asks for it.

Layout: ``<prefix>/<kind>/<first two digits>/<key>``, the same as a folder's.
"""

from __future__ import annotations

from groundswell.store.bucket.place import Place
from groundswell.store.bucket.store import BucketStore

__all__ = ["BucketStore", "Place"]
