"""Packs of a hub: published as commits, found with today's rights, asked by many at once."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundswell.ask.answering import Extract
from groundswell.ask.library import service as shelves
from groundswell.ask.making import make_pack
from groundswell.ask.packs.building import Options, build_pack
from groundswell.ask.packs.sources import FolderSource
from groundswell.ask.publishing import Publishing
from groundswell.core.errors import BadRequest, RepoNotFound
from groundswell.core.policy import Action
from groundswell.core.values import (
    ANONYMOUS,
    Visibility,
)
from tests.hub.desk import Desk, desk_in, of
from tests.hub.pack_world import lakes, names, small_shards

ONE = Options(processes=1)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        small_shards(patch)
        lakes(folder / "src", 30)
        make_pack([FolderSource(folder / "src")], folder / "pack", ONE)
    return folder


@pytest.fixture
def desk(tmp_path: Path, built: Path) -> Iterator[Desk]:
    shutil.copytree(built, tmp_path / "built")
    with desk_in(tmp_path / "data", tmp_path / "built") as made:
        yield made


LAKE = names(30)[4]
QUESTION = f"What is Lake {LAKE}?"


def test_a_private_pack_answers_its_owner_and_is_not_there_for_others(desk: Desk) -> None:
    commit = desk.publish("ann/lakes", desk.folder / "pack")
    events = desk.ask(desk.ann, QUESTION, "ann/lakes")
    (first, *_) = (event.quote for event in events if isinstance(event, Extract))
    assert first.citation.address.startswith(f"hub://ann/lakes@{commit}/")
    assert LAKE in first.text
    assert (
        events
        == desk.ask(desk.ann, QUESTION, f"datasets/ann/lakes@{commit[:12]}")[:-1] + events[-1:]
    )
    for who in (desk.bob, ANONYMOUS):
        with pytest.raises(RepoNotFound):
            desk.ask(who, QUESTION, "ann/lakes")
        with pytest.raises(BadRequest, match="no knowledge pack here"):
            desk.ask(who, QUESTION)
        assert desk.library.all(who) == ()
    assert desk.ask(desk.ann, QUESTION)[0].packs == (f"ann/lakes@{commit}",)


def test_what_is_revoked_is_revoked_at_the_next_question(desk: Desk) -> None:
    desk.publish("ann/lakes", desk.folder / "pack", "public")
    assert desk.ask(desk.bob, QUESTION, "ann/lakes")
    desk.hub.repos.update_settings(desk.ann, of("ann/lakes"), visibility=Visibility.PRIVATE)
    with pytest.raises(RepoNotFound):
        desk.ask(desk.bob, QUESTION, "ann/lakes")
    with pytest.raises(BadRequest):
        desk.ask(desk.bob, QUESTION)
    assert desk.ask(desk.ann, QUESTION, "ann/lakes")


def test_publishing_again_moves_only_what_changed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_shards(monkeypatch)
    first = desk.publish("ann/lakes", desk.folder / "pack")
    before = desk.files("ann/lakes")
    assert desk.publish("ann/lakes", desk.folder / "pack") == first, "nothing changed"
    desk.put("ann/lakes", **{"README.md": b"---\ntags: [knowledge-pack]\n---\nBy hand.\n"})
    changed = desk.folder / "src" / f"{LAKE}.md"
    changed.write_text(changed.read_text() + "\nIt froze in 1709.\n")
    make_pack([FolderSource(desk.folder / "src")], desk.folder / "pack", ONE)
    sent = []
    add = Publishing._add
    monkeypatch.setattr(Publishing, "_add", lambda *a: sent.append(a[-1]) or add(*a))
    desk.publish("ann/lakes", desk.folder / "pack")
    after = desk.files("ann/lakes")
    new = set(after) - set(before)
    # Its shard, and perhaps the one behind it: sizes say where shards are cut. Links move with
    # their articles, and stay when what was written makes none.
    assert len(new) in {8, 9, 16, 17, 18}
    assert len(before) > 30
    assert sorted(sent) == sorted(new)
    assert len(set(before) - set(after)) == len(new), "what no shard needs any more is removed"
    repository = desk.hub.repos.find(desk.ann, of("ann/lakes"), Action.READ)
    card = desk.hub.content.locate(repository, "main", "README.md")
    assert b"By hand." in desk.hub.content.read_range(card, 0, card.entry.size_bytes)
    assert any(
        "1709" in e.quote.text
        for e in desk.ask(desk.ann, f"When did Lake {LAKE} freeze?", "ann/lakes")
        if isinstance(e, Extract)
    )
    # The commit before still answers as it did.
    old = desk.ask(desk.ann, f"When did Lake {LAKE} freeze?", f"ann/lakes@{first}")
    assert not any("1709" in event.quote.text for event in old if isinstance(event, Extract))


def test_what_somebody_removed_or_broke_is_put_right_by_publishing_again(desk: Desk) -> None:
    desk.publish("ann/lakes", desk.folder / "pack")
    before = desk.files("ann/lakes")
    lost = next(name for name in before if name.startswith("text/"))
    desk.put("ann/lakes", **{lost: None})
    with pytest.raises(BadRequest, match="lacks text/"):
        desk.ask(desk.ann, QUESTION, "ann/lakes")
    with pytest.raises(BadRequest):
        desk.ask(desk.ann, QUESTION)
    desk.publish("ann/lakes", desk.folder / "pack")
    assert desk.files("ann/lakes") == before
    assert desk.ask(desk.ann, QUESTION, "ann/lakes")
    desk.put("ann/lakes", **{"pack.json": b"{"})
    with pytest.raises(BadRequest, match="no knowledge pack"):
        desk.ask(desk.ann, QUESTION, "ann/lakes")
    desk.publish("ann/lakes", desk.folder / "pack")
    assert desk.files("ann/lakes") == before


def test_a_calibration_goes_when_the_pack_has_none_any_more(desk: Desk) -> None:
    desk.publish("ann/lakes", desk.folder / "pack")
    assert "eval/calibration.json" in desk.files("ann/lakes")
    for path in sorted((desk.folder / "src").iterdir())[2:]:
        path.unlink()
    make_pack([FolderSource(desk.folder / "src")], desk.folder / "pack", ONE)
    desk.publish("ann/lakes", desk.folder / "pack")
    assert "eval/calibration.json" not in desk.files("ann/lakes")


def test_a_strangers_broken_pack_does_not_keep_others_from_asking(desk: Desk) -> None:
    desk.publish("ann/lakes", desk.folder / "pack", "public")
    said = json.loads((desk.folder / "pack" / "pack.json").read_bytes())
    said["shards"][0]["counts"]["passages"] -= 1
    said["shards"][0]["segments"][-1][1] -= 1
    (desk.folder / "pack" / "pack.json").write_text(json.dumps(said))
    desk.publish("ann/broken", desk.folder / "pack", "public")
    with pytest.raises(BadRequest, match="broken"):
        desk.ask(desk.bob, QUESTION, "ann/broken")
    assert len(desk.ask(desk.bob, QUESTION)[0].packs) == 1
    # One of another language is passed over too.
    (desk.folder / "de").mkdir()
    (desk.folder / "de" / "a.md").write_text("# Glocke\n\nEine Glocke ist aus Metall.\n")
    make_pack(
        [FolderSource(desk.folder / "de")],
        desk.folder / "depack",
        Options(language="de", processes=1),
    )
    desk.publish("ann/de", desk.folder / "depack", "public")
    assert len(desk.ask(desk.bob, QUESTION)[0].packs) == 1


def test_packs_that_are_asked_together_are_few(desk: Desk) -> None:
    desk.publish("ann/lakes", desk.folder / "pack")
    with pytest.raises(BadRequest, match="1 to 8 packs"):
        desk.ask(desk.ann, QUESTION, *["ann/lakes"] * 9)
    assert desk.ask(desk.ann, QUESTION, "ann/lakes", "ann/lakes")


def test_two_revisions_of_a_pack_are_asked_together(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_shards(monkeypatch)
    first = desk.publish("ann/lakes", desk.folder / "pack")
    changed = desk.folder / "src" / f"{LAKE}.md"
    changed.write_text(changed.read_text() + "\nIt froze in 1709.\n")
    build_pack([FolderSource(desk.folder / "src")], desk.folder / "pack", ONE)
    desk.publish("ann/lakes", desk.folder / "pack")
    assert desk.ask(desk.ann, QUESTION, f"ann/lakes@{first}", "ann/lakes")


def test_packs_are_let_go_while_they_are_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """More packs than stay open, asked by several at once: nobody loses one that is in use."""
    monkeypatch.setattr(shelves, "OPEN_MAX", 1)
    monkeypatch.setattr(shelves, "SHELVES_MAX", 1)
    for name in ("one", "two", "three"):
        desk.publish(f"ann/{name}", desk.folder / "pack")
    failed: list[BaseException] = []
    answered: list[int] = []

    def ask(number: int) -> None:
        chosen = ["ann/one", "ann/two", "ann/three"]
        try:
            for turn in range(8):
                packs = [chosen[(number + turn) % 3], chosen[(number + turn + turn // 3) % 3]]
                events = desk.ask(desk.ann, QUESTION, *dict.fromkeys(packs))
                answered.append(sum(isinstance(event, Extract) for event in events))
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failed
    assert len(answered) == 24
    assert all(answered)
    desk.library.close()
    assert not desk.library._open
    assert desk.ask(desk.ann, QUESTION, "ann/one"), "closed is not ended"
