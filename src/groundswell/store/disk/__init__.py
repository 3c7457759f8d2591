"""A blob store on a folder: the write rule, and reading at any place.

Knows how bytes become durable on a POSIX file system (write, fdatasync, link, fsync of the
folder) and how a full or failing disk shows. Does not know what the bytes mean or who may read
them: callers verify content before they hand it over.

Layout: ``<root>/<kind>/<first two digits>/<key>``, with ``<root>/spool/`` for bytes on their way
in. All of it has to lie on one file system.
"""

from __future__ import annotations

from groundswell.store.disk.store import DiskStore

__all__ = ["DiskStore"]
