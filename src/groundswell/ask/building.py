"""Everything that runs and asks, built from what the hub has: for `wiring`, which knows settings.

Knows how the parts of this room fit together.
"""

from __future__ import annotations

from groundswell.ask.derivatives import Derivatives
from groundswell.ask.runtime import Limits, Models, Pool, Runtime
from groundswell.ask.runtime.remote import Remote
from groundswell.ask.speech.models import SpeechModels
from groundswell.ask.speech.service import Speech
from groundswell.ask.speech.values import SpeechLimits
from groundswell.hub.content import Content
from groundswell.hub.repos import Repos
from groundswell.hub.search import Search


def build_runtime(
    repos: Repos, content: Content, derivatives: Derivatives, limits: Limits, remote: Remote | None
) -> Runtime:
    """The runtime of one hub."""
    pool = Pool(derivatives, limits)
    models = Models(repos, content, limits, pool.contents, remote)
    return Runtime(pool, models, limits)


def build_speech(
    repos: Repos,
    content: Content,
    search: Search,
    derivatives: Derivatives,
    runtime: Runtime,
    limits: Limits,
) -> Speech:
    """What speaks and listens, within the limits of other models."""
    models = SpeechModels(repos, content, search, runtime.models)
    taken = SpeechLimits(
        models=limits.models,
        idle_seconds=limits.idle_seconds,
        waiting=limits.waiting,
        threads=limits.threads,
        answer_seconds=limits.answer_seconds,
    )
    return Speech(derivatives, models, taken)
