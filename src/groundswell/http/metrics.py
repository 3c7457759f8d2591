"""What is counted of requests, for Prometheus. Labels are route names: never a repository's."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest

from groundswell.hub.faults import KINDS as KINDS_OF_FAULTS

REQUESTS: Final = Counter(
    "groundswell_requests", "Requests answered", ["door", "route", "method", "status"]
)
SECONDS: Final = Histogram(
    "groundswell_request_seconds",
    "Time from the request's headers to the end of its answer",
    ["door", "route"],
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600),
)
OPEN: Final = Gauge("groundswell_requests_open", "Requests being answered now")
RECEIVED: Final = Counter("groundswell_received_bytes", "Bytes of request bodies", ["door"])
GRANTED: Final = Counter(
    "groundswell_granted_bytes", "Bytes that clients put into the object storage and committed"
)
SENT: Final = Counter("groundswell_sent_bytes", "Bytes of answers' bodies", ["door"])
FAULTS: Final = Gauge(
    "groundswell_faults_open", "Things at rest that are broken and not healed yet", ["kind"]
)
BROKEN: Final = Counter("groundswell_broken_answers", "Answers broken off after they began")

MARKED: Final = Gauge(
    "groundswell_marked_bytes", "Bytes that nothing needs and that wait to be removed", ["kind"]
)
FREED: Final = Counter("groundswell_freed_bytes", "Bytes that the collector removed", ["kind"])


def note_collection(
    waiting: Mapping[str, tuple[int, int]], removed: Mapping[str, tuple[int, int]]
) -> None:
    """A run of the collector ended: what is marked now and what it removed, (count, bytes)."""
    MARKED.clear()
    for kind, (_, size_bytes) in waiting.items():
        MARKED.labels(kind).set(size_bytes)
    for kind, (_, size_bytes) in removed.items():
        FREED.labels(kind).inc(size_bytes)


@lru_cache(maxsize=4096)  # doors, routes, methods and statuses are few; finding them again is slow
def counters_of(
    door: str, route: str, method: str, status: str
) -> tuple[Counter, Histogram, Counter]:
    """What counts a request of this kind: requests, seconds and sent bytes."""
    return (
        REQUESTS.labels(door, route, method, status),
        SECONDS.labels(door, route),
        SENT.labels(door),
    )


def exposition(faults: Mapping[str, int]) -> bytes:
    """Every metric in Prometheus's text format. ``faults`` are those open now, by kind."""
    for kind in KINDS_OF_FAULTS:
        FAULTS.labels(kind).set(faults.get(kind, 0))
    return generate_latest(REGISTRY)
