"""Everything that runs and asks, built from what the hub has: for `wiring`, which knows settings.

Knows how the parts of this room fit together.
"""

from __future__ import annotations

from groundswell.ask.derivatives import Derivatives
from groundswell.ask.runtime import Limits, Models, Pool, Runtime
from groundswell.ask.runtime.remote import Remote
from groundswell.hub.content import Content
from groundswell.hub.repos import Repos


def build_runtime(
    repos: Repos, content: Content, derivatives: Derivatives, limits: Limits, remote: Remote | None
) -> Runtime:
    """The runtime of one hub."""
    pool = Pool(derivatives, limits)
    models = Models(repos, content, limits, pool.contents, remote)
    return Runtime(pool, models, limits)
