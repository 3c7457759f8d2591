"""E-mail: to confirmed addresses alone, with the rights of the moment, over a real mail server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Forbidden, TooManyRequests, Unauthenticated
from groundswell.core.values import (
    ANONYMOUS,
    AccessStatus,
    Gate,
    Principal,
    TokenRole,
    Visibility,
)
from groundswell.hub.access import Access, Asker
from groundswell.hub.discussions import Discussions
from groundswell.hub.mailing import Choice, MailChoices, Sender, Sending, queueing
from groundswell.hub.mailing.composing import can_be_written_to
from groundswell.hub.notifications import Inbox, Level, Projecting, Watching
from groundswell.hub.signing import Signer
from groundswell.store import tables
from groundswell.store.smtp import SmtpRelay
from groundswell.wire.cards import read_gate_form
from tests.hub.repo_world import World, model
from tests.mail_server import Post, mail_server

BASE = "https://hub.example"
MINUTE = 60 * 1_000_000


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Post, int]]:
    with mail_server() as known:
        yield known


class Office:
    """A hub with a repository of Ann's that sends mail."""

    def __init__(self, world: World, post: Post, relay: SmtpRelay) -> None:
        self.world, self.post = world, post
        self.signer = Signer([b"k" * 32], self.now)
        database = world.database
        self.later = 0
        self.choices = MailChoices(database, self.signer, self.now, can_send=True)
        self.inbox = Inbox(database, self.now)
        self.projecting = Projecting(database, queueing(self.now))
        sender = Sender("hub@example.org", BASE)
        self.sending = Sending(database, self.choices, self.inbox, relay, sender, self.now)
        self.discussions = Discussions(database, world.git, self.now)
        self.watching = Watching(database, self.now)
        self.ann, self.bob, self.eve = (world.as_(name) for name in ("ann", "bob", "eve"))
        world.repos.create(self.ann, model("ann/m"))
        self.repository = world.get(self.ann, "ann/m")

    def now(self) -> int:
        return self.world.now() + self.later

    def give_address(self, who: Principal, address: str | None) -> None:
        change = sa.update(tables.accounts).where(tables.accounts.c.id == who.account_id)
        self.world.write(lambda conn: conn.execute(change.values(email=address)).rowcount)

    def wants(self, who: Principal, choice: Choice) -> None:
        address = f"{who.name}@example.org"
        self.give_address(who, address)
        assert who.account_id is not None
        self.choices.confirm(self.choices.confirmation(who.account_id, address))
        self.choices.choose(who, choice)

    def sent(self, minutes: int = 1) -> list[EmailMessage]:
        """What goes out when so much time has passed."""
        self.projecting.run()
        self.later += minutes * MINUTE
        self.post.letters.clear()
        self.sending.run()
        return list(self.post.letters)

    def waiting(self) -> list[Any]:
        query = sa.select(tables.outbox).order_by(tables.outbox.c.id)
        return list(self.world.database.read(lambda conn: conn.execute(query).all()))


@pytest.fixture
def office(tmp_path: Path, server: tuple[Post, int]) -> Iterator[Office]:
    post, port = server
    post.letters.clear()
    post.answers.clear()
    world = World.with_people(tmp_path)
    yield Office(world, post, SmtpRelay("127.0.0.1", port, "none"))
    world.close()


def text_of(letter: EmailMessage) -> str:
    return letter.get_content().replace("\r\n", "\n")


def test_a_thread_is_a_thread_of_messages(office: Office) -> None:
    office.wants(office.ann, Choice.ALL)
    office.discussions.create(office.bob, office.repository, "Wörter, und mehr", "Why? ☃")
    (first,) = office.sent()
    assert first["Subject"] == "[ann/m] Wörter, und mehr (#1)"
    assert first["From"].addresses[0].display_name == "bob (Groundswell)"
    assert first["From"].addresses[0].addr_spec == "hub@example.org"
    assert first["To"] == "ann@example.org"
    assert first["In-Reply-To"] is None
    told = text_of(first)
    assert told.startswith("bob opened this:\n\nWhy? ☃\n\n-- \n")
    assert f"{BASE}/ann/m/discussions/1\nYou get this because you watch the repository." in told
    office.inbox.mark_all_read(office.ann)
    for word in ("one", "two"):
        office.discussions.comment(office.bob, office.repository, 1, word)
    office.discussions.comment(office.ann, office.repository, 1, "my own")
    (second,) = office.sent()
    assert second["Subject"] == "Re: [ann/m] Wörter, und mehr (#1)"
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert second["Message-ID"] != first["Message-ID"]
    assert text_of(second).startswith("bob wrote:\n\none\n\nbob wrote:\n\ntwo\n\n-- \n")
    assert office.sent() == []
    assert office.waiting() == []


def test_what_is_sent_is_what_was_chosen(office: Office) -> None:
    office.wants(office.ann, Choice.MENTIONS)
    office.wants(office.eve, Choice.OFF)
    office.discussions.create(office.bob, office.repository, "Q", "@eve")
    assert office.sent() == []
    office.discussions.comment(office.bob, office.repository, 1, "@ann")
    office.discussions.comment(office.bob, office.repository, 1, "and more")
    (letter,) = office.sent()
    assert letter["To"] == "ann@example.org"
    assert "you are mentioned" in text_of(letter)
    with pytest.raises(Forbidden):
        office.choices.choose(office.world.as_("ann", TokenRole.WRITE), Choice.ALL)
    with pytest.raises(Unauthenticated):
        office.choices.state(ANONYMOUS)


def test_only_confirmed_addresses_get_anything(office: Office) -> None:
    office.give_address(office.ann, "ann@example.org")
    office.choices.choose(office.ann, Choice.ALL)
    office.discussions.create(office.bob, office.repository, "Q")
    assert office.sent() == []
    assert not office.choices.state(office.ann).is_confirmed
    office.choices.ask_to_confirm(office.ann)
    with pytest.raises(TooManyRequests):
        office.choices.ask_to_confirm(office.ann)
    (letter,) = office.sent()
    found = re.search(rf"{BASE}/-/mail/confirm/(\S+)", text_of(letter))
    assert found is not None
    assert office.choices.check_confirmation(found[1]) == "ann@example.org"
    office.give_address(office.ann, "other@example.org")
    with pytest.raises(Forbidden):
        office.choices.confirm(found[1])
    office.give_address(office.ann, "ann@example.org")
    office.choices.confirm(found[1])
    assert office.choices.state(office.ann).is_confirmed
    office.discussions.comment(office.bob, office.repository, 1, "now")
    assert [each["To"] for each in office.sent()] == ["ann@example.org"]
    # Another address has to be confirmed again.
    office.give_address(office.ann, "other@example.org")
    office.discussions.comment(office.bob, office.repository, 1, "then")
    assert office.sent() == []
    office.later += 25 * 3600 * 1_000_000
    with pytest.raises(Forbidden):
        office.choices.confirm(found[1])
    office.give_address(office.eve, None)
    with pytest.raises(BadRequest):
        office.choices.ask_to_confirm(office.eve)


def test_a_link_ends_it(office: Office) -> None:
    office.wants(office.ann, Choice.ALL)
    office.discussions.create(office.bob, office.repository, "Q")
    (letter,) = office.sent()
    found = re.fullmatch(rf"<{BASE}/-/mail/stop/(\S+)>", letter["List-Unsubscribe"])
    assert found is not None
    with pytest.raises(Forbidden):
        office.choices.confirm(found[1])  # a link has one right
    with pytest.raises(Forbidden):
        office.choices.stop(found[1][:-1])
    office.choices.check_end(found[1])
    office.discussions.comment(office.bob, office.repository, 1, "more")
    office.projecting.run()
    office.choices.stop(found[1])
    assert office.sent() == []
    assert office.choices.state(office.ann).choice is Choice.OFF


def test_programs_can_read_the_headers_of_ids_and_links(office: Office) -> None:
    """However long: a mail program reads them as they stand, decoding nothing (RFC 2369, 8058)."""
    office.wants(office.ann, Choice.ALL)
    office.discussions.create(office.bob, office.repository, "Q")
    office.discussions.comment(office.bob, office.repository, 1, "more")
    office.post.raw.clear()
    letters = office.sent()
    assert letters
    for letter, raw in zip(letters, office.post.raw, strict=True):
        head = raw.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
        sent = dict(line.split(": ", 1) for line in head if not line.startswith((" ", "\t")))
        assert re.fullmatch(rf"<{BASE}/-/mail/stop/\S+>", sent["List-Unsubscribe"])
        assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert re.fullmatch(r"<\S+@\S+>", sent["Message-ID"])
        assert re.fullmatch(r"<\S+>", sent["List-ID"])
        assert sent.get("References") == letter["References"]
        assert max(map(len, head)) <= 998


def test_rights_are_asked_when_it_is_sent(office: Office) -> None:
    """A right that ended, a text that was hidden, a thread that was read or muted: nothing goes."""
    world = office.world
    world.repos.create(office.ann, model("org/inner"), visibility=Visibility.PRIVATE)
    inner = world.get(office.ann, "org/inner")
    office.wants(office.bob, Choice.ALL)
    office.discussions.create(office.ann, inner, "Secret plans", "@bob")
    office.projecting.run()
    assert len(office.waiting()) == 1
    gone = sa.delete(tables.memberships).where(
        tables.memberships.c.user_id == office.bob.account_id
    )
    world.write(lambda conn: conn.execute(gone).rowcount)
    assert office.sent() == []
    assert office.waiting() == []

    office.watching.set_level(office.bob, office.repository, Level.ALL)
    office.discussions.create(office.ann, office.repository, "Q")
    said = office.discussions.comment(office.ann, office.repository, 1, "a secret")
    office.projecting.run()
    office.discussions.hide(office.ann, office.repository, 1, said.id)
    (letter,) = office.sent()
    assert text_of(letter).startswith("ann opened this.\n\n-- ")
    office.discussions.comment(office.ann, office.repository, 1, "read at once")
    office.projecting.run()
    office.inbox.mark_all_read(office.bob)
    assert office.sent() == []
    office.discussions.comment(office.ann, office.repository, 1, "more")
    office.projecting.run()
    office.watching.set_hears_of(office.bob, office.repository, 1, hears=False)
    assert office.sent() == []
    office.discussions.create(office.ann, office.repository, "Another")
    office.projecting.run()
    closed = sa.update(tables.accounts).where(tables.accounts.c.id == office.bob.account_id)
    world.write(lambda conn: conn.execute(closed.values(disabled_at=1)).rowcount)
    assert office.sent() == []


def test_no_header_can_be_broken_into(office: Office) -> None:
    office.wants(office.ann, Choice.ALL)
    number = office.discussions.create(office.bob, office.repository, "Q")
    title = "Hi\r\nBcc: all@example.org\u2028X-Evil: 1"
    table = tables.discussions
    change = sa.update(table).where(table.c.number == number).values(title=title)
    office.world.write(lambda conn: conn.execute(change).rowcount)
    (letter,) = office.sent()
    assert letter["Bcc"] is None
    assert letter["X-Evil"] is None
    assert letter["Subject"] == "[ann/m] Hi Bcc: all@example.org X-Evil: 1 (#1)"
    for address in (
        "a@b\r\nBcc: c@d", "a@b, c@d", "<a@b>", "a b@c", "Ann <a@b>", "a@b\n", "", "a", "ü@b", "@b",
    ):  # fmt: skip
        assert not can_be_written_to(address), address
    assert can_be_written_to("ann.lee+hub@example.org")


def test_what_the_server_refuses_is_tried_again_or_given_up(office: Office) -> None:
    office.wants(office.ann, Choice.ALL)
    office.discussions.create(office.bob, office.repository, "Q")
    office.post.answers = ["451 later", "451 later"]
    assert office.sent() == []
    (row,) = office.waiting()
    assert row.attempts == 1
    assert office.sent(0) == []  # not before its time
    assert office.waiting()[0].attempts == 1
    assert office.sent(2) == []
    assert office.waiting()[0].attempts == 2
    assert len(office.sent(5)) == 1
    office.discussions.comment(office.bob, office.repository, 1, "more")
    office.post.answers = ["554 never"]
    assert office.sent() == []
    assert office.waiting() == []


def test_a_server_that_is_away_or_will_not_be_secret_gets_nothing(
    office: Office, server: tuple[Post, int]
) -> None:
    office.wants(office.ann, Choice.ALL)
    office.discussions.create(office.bob, office.repository, "Q")
    office.projecting.run()
    office.later += MINUTE
    for relay in (
        SmtpRelay("127.0.0.1", server[1], "starttls"),
        SmtpRelay("127.0.0.1", server[1], "tls", timeout_seconds=2),
        SmtpRelay("127.0.0.1", 1, "none"),
    ):
        sender = Sender("hub@example.org", BASE)
        sending = Sending(
            office.world.database, office.choices, office.inbox, relay, sender, office.now
        )
        assert sending.run() == 0
        assert office.post.letters == []
        office.later += 60 * MINUTE
    assert office.waiting()[0].attempts == 3
    assert len(office.sent()) == 1


def test_once_a_day_comes_what_is_unread(office: Office) -> None:
    office.wants(office.ann, Choice.DAILY)
    office.discussions.create(office.bob, office.repository, "First")
    office.discussions.create(office.bob, office.repository, "Second")
    assert office.sent() == []
    (letter,) = office.sent(25 * 60)
    assert letter["Subject"] == "2 unread threads"
    assert f"[ann/m] First (#1)\n{BASE}/ann/m/discussions/1" in text_of(letter)
    assert office.sent() == []
    assert office.sent(25 * 60) == []  # nothing new
    office.discussions.create(office.bob, office.repository, "Third")
    office.projecting.run()
    office.world.repos.delete(office.ann, model("ann/m"))
    assert office.sent(25 * 60) == []


def test_requests_for_access_go_by_e_mail_to_who_decides_and_back(office: Office) -> None:
    world = office.world
    access = Access(world.database, office.now)
    world.repos.update_settings(office.ann, model("ann/m"), gate=Gate.MANUAL)
    gated = world.get(office.ann, "ann/m")
    for who in (office.ann, office.eve):
        office.wants(who, Choice.MENTIONS)

    def ask(who: Principal) -> None:
        seen = world.get(who, "ann/m")
        access.ask(who, seen, read_gate_form(seen.card).digest, {}, "10.0.0.1")

    ask(office.eve)
    ask(office.bob)
    (letter,) = office.sent()
    assert (letter["To"], letter["Subject"]) == ("ann@example.org", "[ann/m] Requests for access")
    told = text_of(letter)
    assert told.startswith("eve asks for access.\n\nbob asks for access.\n\n-- \n")
    assert f"{BASE}/ann/m/settings/access\nYou get this because you decide about them." in told
    access.handle(office.ann, gated, Asker(name="eve"), AccessStatus.REJECTED, "Say why\nyou ask.")
    (answer,) = office.sent()
    assert (answer["To"], answer["Subject"]) == (
        "eve@example.org",
        "[ann/m] Your request for access",
    )
    assert text_of(answer).startswith("ann turned your request down:\n\nSay why\nyou ask.\n\n--")
    assert f"{BASE}/ann/m\n" in text_of(answer)
    assert answer["Message-ID"] != letter["Message-ID"]
    # What was decided, taken back or hidden before it is sent does not go.
    access.handle(office.ann, gated, Asker(name="eve"), AccessStatus.ACCEPTED)
    office.projecting.run()
    access.handle(office.ann, gated, Asker(name="eve"), AccessStatus.PENDING)
    office.inbox.mark_all_read(office.ann)
    assert office.sent() == []
    access.handle(office.ann, gated, Asker(name="eve"), AccessStatus.ACCEPTED)
    office.projecting.run()
    private = {"visibility": Visibility.PRIVATE}
    world.repos.update_settings(office.ann, model("ann/m"), **private)
    assert office.sent() == []
    assert office.waiting() == []


def test_a_digest_tells_of_requests_for_access(office: Office) -> None:
    office.wants(office.ann, Choice.DAILY)
    world = office.world
    world.repos.update_settings(office.ann, model("ann/m"), gate=Gate.MANUAL)
    seen = world.get(office.eve, "ann/m")
    access = Access(world.database, office.now)
    access.ask(office.eve, seen, read_gate_form(seen.card).digest, {}, "10.0.0.1")
    (letter,) = office.sent(minutes=25 * 60)
    assert f"[ann/m] Requests for access\n{BASE}/ann/m/settings/access" in text_of(letter)
