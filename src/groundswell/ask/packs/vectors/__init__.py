"""Static vectors of passages: 256 numbers of eight bits each, near one another where texts mean
nearly the same.

Each piece of a word has a row in a table, whatever stands around it; a text's vector is the sum of
its pieces' rows. Everything is whole numbers, so that two machines make the same bytes.
"""

from __future__ import annotations

from groundswell.ask.packs.vectors.embedding import RULE
from groundswell.ask.packs.vectors.opened import PackVectors

__all__ = ["RULE", "PackVectors"]
