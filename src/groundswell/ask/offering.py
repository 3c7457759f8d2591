"""Which models somebody may choose to have an answer written.

Knows where they are listed and that each has to run here and now. Does not load any.
"""

from __future__ import annotations

import contextlib
from typing import Final

from groundswell.ask.runtime import Runtime
from groundswell.ask.runtime.naming import REMOTE
from groundswell.core.errors import GroundswellError
from groundswell.core.values import Principal, RepoKind
from groundswell.hub.search import ListQuery, Search, Sort

OFFERED_MAX: Final = 12
_LISTED: Final = 24
_GGUF: Final = "gguf"


def offered(search: Search, runtime: Runtime, principal: Principal) -> tuple[str, ...]:
    """Names of models that write text and could run now, for somebody who may read and run them:
    of this hub those that were changed last, then of the other server.

    Raises:
        NotServed, Unauthenticated: who may run models at all.
    """
    runtime.models.check_may_run(principal)
    names: list[str] = []
    if runtime.is_installed:
        filters = ListQuery(filters=(_GGUF,), sort=Sort.LAST_MODIFIED, limit=_LISTED, details=False)
        for repository in search.list(principal, RepoKind.MODEL, filters).repositories:
            with contextlib.suppress(GroundswellError):
                if runtime.models.find(principal, repository.full_name).facts.writes_text:
                    names.append(repository.full_name)
            if len(names) == OFFERED_MAX:
                break
    remote = runtime.models.remote
    if remote is not None and not principal.is_anonymous:
        names += [f"{REMOTE}{name}" for name in remote.names_lately()[:OFFERED_MAX]]
    return tuple(names)
