"""Drives addresses that change something, and looks after each for its event.

Knows the record as the hub wrote it, and which addresses write nothing, with the reason. Does not
know what to send to an address.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.security.target import Answer, Caller, Target, csrf_in

# What stands in the way of an event, for each address that writes none.
SILENT = {
    "git-upload-pack": "reads",
    "paths info": "reads",
    "validate card": "reads",
    "preupload": "reads",
    "lfs batch": "reads, and hands out addresses",
    "lfs verify": "reads",
    "lfs absent": "is not there",
    "unknown": "is not there",
    "bucket paths info": "reads",
    "ask": "reads, and keeps nothing",
    "tools": "reads, and keeps nothing",
    "speech": "a voice speaks, and nothing is kept",
    "transcription": "what was heard is not kept",
    "form new pack": "makes a dataset, recorded as by `create repository`",
    "correct graph": "what is said becomes a commit, which is recorded",
    "form correct graph": "the same",
    "form keep question": "what is kept becomes a commit, which is recorded",
    "form pack": "what is built becomes a commit, which is recorded",
    "chat": "a model answers, and nothing is kept",
    "completions": "a model answers, and nothing is kept",
    "embeddings": "a model answers, and nothing is kept",
    "rerank": "a model answers, and nothing is kept",
    "form playground": "a model answers, and nothing is kept",
    "xet absent": "is not there",
    "xet telemetry": "keeps nothing",
    "lfs upload": "content that no repository has yet: its commit is recorded",
    "lfs part": "content that no repository has yet: its commit is recorded",
    "lfs complete": "content that no repository has yet: its commit is recorded",
    "xet xorb": "content that no repository has yet: its commit is recorded",
    "xet shard": "content that no repository has yet: its commit is recorded",
    "xet grant": "content that no repository has yet: its commit is recorded",
    "xet commit": "content that no repository has yet: its commit is recorded",
    "upload attachment": "content that no comment shows yet: only who brought it reads it",
    "form attach": "the same: the comment that shows it is recorded",
    "discard review": "a draft that nobody but its author has seen",
    "start device": "a code that nobody has approved: it ends by itself, approving is recorded",
    "device token": "collects what was approved: that is recorded, with the token",
    "mark notifications": "whether somebody has looked is their own affair, and may be lost",
    "form notifications": "the same",
    "form confirm address": "tried in tests/hub/test_mailing.py, since it takes a mail server",
    "form stop mail": "tried in tests/hub/test_mailing.py, since it takes a link of a message",
}


class Story:
    """Drives addresses, and looks after each for its event."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.told: set[str] = set()

    def newest(self) -> int:
        path = f"file:{self.target.data / 'groundswell.db'}?mode=ro"
        with closing(sqlite3.connect(path, uri=True)) as database:
            return int(database.execute("SELECT max(id) FROM events").fetchone()[0])

    def of_account(self, name: str, since: int) -> list[str]:
        path = f"file:{self.target.data / 'groundswell.db'}?mode=ro"
        query = (
            "SELECT e.type FROM events e JOIN accounts a ON a.id = e.actor_id"
            " WHERE a.folded = ? AND e.id > ? ORDER BY e.id"
        )
        with closing(sqlite3.connect(path, uri=True)) as database:
            return [type_ for (type_,) in database.execute(query, (name, since))]

    def did(
        self, route: str, who: str, caller: Caller, method: str, path: str, body: object
    ) -> Answer:
        """Carry a request out, which has to leave an event of that person."""
        before = self.newest()
        if isinstance(body, bytes):
            answer = caller(method, path, body, {"Content-Type": "application/x-ndjson"})
        else:
            answer = caller.json(method, path, body)
        return self.check(route, who, before, answer)

    def sent(self, route: str, who: str, where: str, page: str = "", **fields: str) -> Answer:
        """Send a form, which has to leave an event of that person."""
        browser = self.target.browser(who)
        csrf = csrf_in(browser("GET", page or "/settings/profile").text)
        before = self.newest()
        return self.check(route, who, before, browser.form(where, {"csrf": csrf, **fields}))

    def check(self, route: str, who: str, before: int, answer: Answer) -> Answer:
        assert answer.status < 400, (route, answer.status, answer.text[:300])
        assert self.of_account(who, before), f"{route} left no event"
        self.told.add(route)
        return answer
