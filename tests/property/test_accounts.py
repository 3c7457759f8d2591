"""Names, secrets and import documents, with generated input."""

from __future__ import annotations

import json
import string
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.core.errors import (
    InvalidCredentials,
    InvalidName,
    Malformed,
    TooManyRequests,
)
from groundswell.core.values import confusable_key, fold_name
from groundswell.hub.accounts import secret_values
from groundswell.hub.accounts.directory import RESERVED, check_account_name
from groundswell.hub.accounts.import_document import parse
from groundswell.hub.accounts.passwords import KEYS_MAX, Patience

LETTERS = st.sampled_from(string.ascii_letters)


@given(st.integers(0, 36), LETTERS)
def test_one_wrong_letter_is_no_token(place: int, letter: str) -> None:
    value = secret_values.new_token_value()
    assert secret_values.is_token_shaped(value)
    changed = value[:place] + letter + value[place + 1 :]
    assert secret_values.is_token_shaped(changed) == (changed == value)


@given(st.text())
def test_no_text_breaks_the_shape_check_or_the_digest(text: str) -> None:
    assert not secret_values.is_token_shaped(text)
    assert len(secret_values.digest(text)) == 32


@given(st.text(alphabet=" -._", max_size=5), st.booleans())
def test_a_user_code_is_known_however_it_is_typed(noise: str, lower: bool) -> None:
    code = secret_values.new_user_code()
    shown = noise.join(secret_values.shown_user_code(code))
    assert secret_values.typed_user_code(shown.lower() if lower else shown) == code
    assert set(code) <= set(secret_values.USER_CODE_LETTERS)


@given(st.sampled_from(sorted(RESERVED)), st.data())
def test_reserved_words_are_refused_in_every_disguise(word: str, data: st.DataObject) -> None:
    disguises = {"o": "o0O", "l": "l1LiI", "i": "i1IlL"}
    name = "".join(data.draw(st.sampled_from(disguises.get(c, c + c.upper()))) for c in word)
    with pytest.raises(InvalidName):
        check_account_name(name)


@given(st.from_regex(r"[A-Za-z0-9._-]{1,30}", fullmatch=True))
def test_whatever_is_accepted_is_a_plain_name(name: str) -> None:
    try:
        assert check_account_name(name) == name
    except InvalidName:
        return
    assert confusable_key(fold_name(name)) == confusable_key(name)
    assert ".." not in name
    assert "/" not in name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
MEMBERS = st.sampled_from(
    ["name", "fullname", "email", "password", "id", "tokens", "members", "value", "role", "user"]
)
RECORD = st.dictionaries(MEMBERS, JSON | st.sampled_from(["alice", "read", "admin", "a@b.c"]))
DOCUMENT = st.dictionaries(
    st.sampled_from(["users", "organisations"]), st.lists(RECORD, max_size=4) | JSON
)


@given(DOCUMENT | JSON)
def test_a_document_is_read_or_refused(document: Any) -> None:
    with suppress(Malformed):
        parse(json.dumps(document).encode())


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(text: bytes) -> None:
    with suppress(Malformed):
        parse(text)


def test_patience_remembers_a_bounded_number() -> None:
    patience = Patience(lambda: 0.0)
    for number in range(KEYS_MAX + 100):
        with pytest.raises(InvalidCredentials), patience.attempt(str(number), ""):
            raise InvalidCredentials
    assert len(patience._failures) == KEYS_MAX


@given(st.lists(st.floats(0, 30), min_size=1, max_size=200))
def test_a_guesser_gets_few_tries_a_minute(pauses: list[float]) -> None:
    now, checked = 0.0, []
    patience = Patience(lambda: now)
    for pause in pauses:
        now += pause
        try:
            with patience.attempt("alice", "peer"):
                checked.append(now)
                raise InvalidCredentials
        except (InvalidCredentials, TooManyRequests):
            continue
    for start in checked:
        assert sum(start <= moment < start + 60 for moment in checked) <= 10
