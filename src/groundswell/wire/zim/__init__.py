"""ZIM archives, as libraries of the Kiwix project are made: read, and trusted in nothing."""

from __future__ import annotations

from groundswell.wire.zim.archive import Archive, Limits
from groundswell.wire.zim.clusters import Read
from groundswell.wire.zim.entries import Entry, EntryKind
from groundswell.wire.zim.header import Header
from groundswell.wire.zim.parts import Joined

__all__ = ["Archive", "Entry", "EntryKind", "Header", "Joined", "Limits", "Read"]
