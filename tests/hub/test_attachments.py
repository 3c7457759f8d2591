"""Files for comments: whose they are, who sees them, how long they stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from groundswell.core.errors import (
    BadRequest,
    Forbidden,
    NotFound,
    QuotaExceeded,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
)
from groundswell.core.values import ANONYMOUS, Principal, TokenRole, Visibility
from groundswell.hub.discussions import Attachment, Attachments
from groundswell.hub.discussions.attachments import HOUR_FILES_MAX, IMAGE_BYTES_MAX
from groundswell.hub.repos import Repository
from groundswell.hub.upkeep import Premises
from groundswell.hub.upkeep.checking import check
from groundswell.hub.upkeep.collecting import Collector
from groundswell.hub.upkeep.sweeping import Sweeping
from groundswell.store import tables
from tests.hub.both import on_both, url_of
from tests.hub.git_world import GitWorld
from tests.hub.media import PNG, pictures


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GitWorld]:
    made = GitWorld(tmp_path / "data", url_of(request))
    yield made
    made.close()


@pytest.fixture
def files(world: GitWorld) -> Attachments:
    return Attachments(world.database, world.blobs, world.now)


@pytest.fixture
def eve(world: GitWorld) -> Principal:
    return world.user("eve")


@pytest.fixture
def private(world: GitWorld) -> Repository:
    return world.model("private", visibility=Visibility.PRIVATE)


def bring(
    files: Attachments, who: Principal, data: bytes = PNG, kind: str = "image/png"
) -> Attachment:
    arriving = files.begin(who, kind)
    try:
        arriving.write(data)
        return files.finish(who, arriving)
    finally:
        arriving.discard()


def read(world: GitWorld, files: Attachments, who: Principal, made: Attachment) -> bytes:
    found, plan = files.find(who, made.public_id)
    return b"".join(world.blobs.open_content(plan, 0, found.size_bytes))


@on_both("world")
def test_it_is_its_uploaders_until_a_comment_names_it(
    world: GitWorld, files: Attachments, eve: Principal
) -> None:
    repository = world.model("a")
    made = bring(files, world.alice)
    assert made.path == f"/uploads/{made.public_id}.png"
    assert read(world, files, world.alice, made) == PNG
    for who in (eve, ANONYMOUS):
        with pytest.raises(NotFound):
            files.find(who, made.public_id)
    # Somebody who knows the address gains nothing by naming it.
    number = world.discussions.create(eve, repository, "Mine", f"![x]({made.path})")
    with pytest.raises(NotFound):
        files.find(eve, made.public_id)
    world.discussions.comment(world.alice, repository, number, f"See ![x](http://h{made.path})")
    assert read(world, files, eve, made) == read(world, files, ANONYMOUS, made) == PNG


@on_both("world")
def test_it_is_read_by_who_may_see_its_repository_at_that_moment(
    world: GitWorld, files: Attachments, private: Repository, eve: Principal
) -> None:
    made = bring(files, world.alice)
    number = world.discussions.create(world.alice, private, "T", made.path)
    public = world.model("public")
    world.discussions.create(world.alice, public, "Also here", made.path)
    world.discussions.create(eve, public, "And mine", made.path)
    with pytest.raises(NotFound):
        files.find(eve, made.public_id)
    world.repos.update_settings(world.alice, private.repo_id, visibility=Visibility.PUBLIC)
    assert files.find(eve, made.public_id)[0].sha256 == made.sha256
    world.repos.update_settings(world.alice, private.repo_id, visibility=Visibility.PRIVATE)
    with pytest.raises(NotFound):
        files.find(eve, made.public_id)
    assert number == 1


@on_both("world")
def test_hiding_what_names_it_takes_it_from_everybody_else(
    world: GitWorld, files: Attachments, eve: Principal
) -> None:
    repository = world.model("a")
    made = bring(files, eve)
    number = world.discussions.create(world.alice, repository, "T", "Show me.")
    first = world.discussions.comment(eve, repository, number, f"![x]({made.path})")
    second = world.discussions.comment(world.alice, repository, number, f"> ![x]({made.path})")
    world.discussions.edit(eve, repository, number, first.id, "Never mind.")
    world.discussions.hide(world.alice, repository, number, first.id)
    assert read(world, files, world.alice, made) == PNG, "the quotation stays"
    world.discussions.hide(world.alice, repository, number, second.id)
    with pytest.raises(NotFound):
        files.find(world.alice, made.public_id)


@on_both("world")
def test_what_no_comment_names_goes_and_what_one_names_stays(
    world: GitWorld, files: Attachments, tmp_path: Path
) -> None:
    repository = world.model("a")
    used, unused = (
        bring(files, world.alice),
        bring(files, world.alice, pictures()["image/gif"], "image/gif"),
    )
    world.discussions.create(world.alice, repository, "T", used.path)
    clock = _Clock(world.now())
    premises = Premises(world.database, world.store, world.git, world.folder, clock)
    sweeping, collector = Sweeping(premises), Collector(premises, 3_600.0, world.blobs.forget)

    def day() -> None:
        for _ in range(26):
            clock.micros += 3_600 * 1_000_000
            collector.run()

    assert sweeping.end_attachments() == 0
    day()
    assert sweeping.end_attachments() == 1
    day()
    with pytest.raises(NotFound):
        files.find(world.alice, unused.public_id)
    assert read(world, files, world.bob, used) == PNG
    assert _blobs(world) == {used.sha256}, "its bytes are gone, those of the other are not"
    assert not check(premises, deep=True).findings
    world.repos.delete(world.alice, repository.repo_id)
    assert sweeping.end_attachments() == 1
    day()
    assert _blobs(world) == set()


class _Clock:
    def __init__(self, micros: int) -> None:
        self.micros = micros

    def __call__(self) -> int:
        return self.micros


def _blobs(world: GitWorld) -> set[str]:
    query = sa.select(tables.blobs.c.sha256)
    return set(world.database.read(lambda conn: conn.execute(query).scalars().all()))


@pytest.mark.parametrize("kind", sorted(pictures()))
def test_every_type_is_known_by_its_bytes(files: Attachments, world: GitWorld, kind: str) -> None:
    assert bring(files, world.alice, pictures()[kind], kind).media_type == kind


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (pictures()["image/gif"], "image/png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>" * 9, "image/png"),
        (b"<!doctype html><script>alert(1)</script>" * 9, "image/gif"),
        (b"", "image/png"),
        (b"\x89PNG", "image/png"),
        (pictures()["video/mp4"], "image/avif"),
    ],
)
def test_what_lies_about_its_type_is_refused(
    world: GitWorld, files: Attachments, data: bytes, kind: str
) -> None:
    with pytest.raises(BadRequest, match="sent as"):
        bring(files, world.alice, data, kind)
    assert _blobs(world) == set()


@on_both("world")
def test_size_pace_and_room_are_bounded(
    world: GitWorld, files: Attachments, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TooLarge):
        bring(files, world.alice, PNG + bytes(IMAGE_BYTES_MAX))
    world.blobs.quotas.set("alice", len(PNG) + 10)
    kept = bring(files, world.alice)
    with pytest.raises(QuotaExceeded):
        bring(files, world.alice)
    (usage,) = world.blobs.quotas.usages(["alice"])
    assert usage.linked_bytes == kept.size_bytes
    monkeypatch.setattr("groundswell.hub.discussions.attachments.HOUR_FILES_MAX", 2)
    assert HOUR_FILES_MAX > 2
    bring(files, world.bob)
    bring(files, world.bob)
    with pytest.raises(TooManyRequests):
        bring(files, world.bob)


def test_who_may_not_speak_may_not_bring_files(world: GitWorld, files: Attachments) -> None:
    with pytest.raises(Unauthenticated):
        files.begin(ANONYMOUS, "image/png")
    with pytest.raises(Forbidden):
        files.begin(_reading(world.alice), "image/png")


def _reading(who: Any) -> Principal:
    from dataclasses import replace

    changed: Principal = replace(who, token_role=TokenRole.READ)
    return changed
