"""The wire without a socket: text in, values out, and the code that PROTOCOL.md gives each mistake."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host import wire

MISTAKES = [
    ("", wire.PARSE_ERROR),
    ("{", wire.PARSE_ERROR),
    ("nonsense", wire.PARSE_ERROR),
    ("{'jsonrpc': '2.0'}", wire.PARSE_ERROR),
    ('{"a": NaN}', wire.PARSE_ERROR),
    ('{"a": Infinity}', wire.PARSE_ERROR),
    ('{"a": 1e999}', wire.PARSE_ERROR),
    ('"\\ud800"', wire.PARSE_ERROR),
    ("[" * 5000, wire.PARSE_ERROR),
    ('{"jsonrpc": "2.0", "id": 1, "method": "m"} {}', wire.PARSE_ERROR),
    ("\ufeff{}", wire.PARSE_ERROR),
    ("[]", wire.INVALID_REQUEST),
    ('[{"jsonrpc": "2.0", "id": 1, "method": "session.ping"}]', wire.INVALID_REQUEST),
    ("null", wire.INVALID_REQUEST),
    ("1", wire.INVALID_REQUEST),
    ('"text"', wire.INVALID_REQUEST),
    ("{}", wire.INVALID_REQUEST),
    ('{"jsonrpc": "1.0", "id": 1, "method": "m"}', wire.INVALID_REQUEST),
    ('{"jsonrpc": 2.0, "id": 1, "method": "m"}', wire.INVALID_REQUEST),
    ('{"id": 1, "method": "m"}', wire.INVALID_REQUEST),
    ('{"jsonrpc": "2.0", "id": 1.5, "method": "m"}', wire.INVALID_REQUEST),
    ('{"jsonrpc": "2.0", "id": true, "method": "m"}', wire.INVALID_REQUEST),
    ('{"jsonrpc": "2.0", "id": [], "method": "m"}', wire.INVALID_REQUEST),
    ('{"jsonrpc": "2.0", "id": {}, "method": "m"}', wire.INVALID_REQUEST),
    ('{"jsonrpc": "2.0", "id": 1, "method": 7}', wire.INVALID_REQUEST),
    ('{"jsonrpc": "2.0", "id": 1, "method": null}', wire.INVALID_REQUEST),
    ('{"jsonrpc": "2.0", "id": 1}', wire.INVALID_REQUEST),
    ('{"jsonrpc": "2.0", "result": 1}', wire.INVALID_REQUEST),
    ('{"jsonrpc": "2.0", "id": 1, "result": 1, "error": {}}', wire.INVALID_REQUEST),
    ('{"jsonrpc": "2.0", "id": 1, "error": "no"}', wire.INVALID_REQUEST),
    ('{"jsonrpc": "2.0", "id": 1, "method": "m", "uid": 7}', wire.INVALID_REQUEST),
    ('{"jsonrpc": "2.0", "id": 1, "method": "m", "uid": ["ada"]}', wire.INVALID_REQUEST),
    ('{"jsonrpc": "2.0", "id": 1, "method": "m", "params": []}', wire.INVALID_PARAMS),
    ('{"jsonrpc": "2.0", "id": 1, "method": "m", "params": "x"}', wire.INVALID_PARAMS),
    ('{"jsonrpc": "2.0", "id": 1, "method": "m", "params": 0}', wire.INVALID_PARAMS),
]


@pytest.mark.parametrize(("text", "code"), MISTAKES)
def test_each_mistake_has_its_code_and_a_sentence(text: str, code: int) -> None:
    with pytest.raises(wire.WireError) as caught:
        wire.decode(text)
    assert caught.value.code == code
    assert len(str(caught.value)) > 8


def test_a_mistake_is_answered_under_the_id_of_its_request() -> None:
    with pytest.raises(wire.WireError) as caught:
        wire.decode('{"jsonrpc": "2.0", "id": "seven", "method": "m", "params": []}')
    assert caught.value.id == "seven"


def test_a_request_a_notification_and_an_answer_are_told_apart() -> None:
    call = wire.decode('{"jsonrpc": "2.0", "id": null, "method": "m", "params": {"a": 1}, "uid": "ada"}')
    assert call == wire.Call(None, "m", {"a": 1}, "ada", True)
    note = wire.decode('{"jsonrpc": "2.0", "method": "m"}')
    assert note == wire.Call(None, "m", {}, None, False)
    answer = wire.decode('{"jsonrpc": "2.0", "id": "roost-1", "result": null, "uid": "ada"}')
    assert answer == wire.Answer("roost-1", None, None, "ada")


def test_the_last_of_two_uids_in_one_message_is_the_only_one_anybody_sees() -> None:
    call = wire.decode('{"jsonrpc": "2.0", "id": 1, "method": "m", "uid": "ada", "uid": "eve"}')
    assert isinstance(call, wire.Call)
    assert call.uid == "eve"


def test_everything_that_goes_out_carries_a_uid() -> None:
    texts = [
        wire.result(1, "ada", {"x": 1}),
        wire.failure(1, "ada", -32600, "no", {"why": 1}),
        wire.request("roost-1", "ada", "window.showMessage", {}),
        wire.notification("ada", "terminal.exit", {}),
        wire.event("ada", 7, "hello.counted", b'{"words":3}'),
    ]
    assert all(json.loads(text)["uid"] == "ada" and json.loads(text)["jsonrpc"] == "2.0" for text in texts)
    assert json.loads(texts[-1])["params"] == {"seq": 7, "type": "hello.counted", "data": {"words": 3}}


@given(st.text())
def test_no_text_makes_the_decoder_do_anything_but_decode_or_refuse(text: str) -> None:
    try:
        message = wire.decode(text)
    except wire.WireError as error:
        assert error.code in (wire.PARSE_ERROR, wire.INVALID_REQUEST, wire.INVALID_PARAMS)
    else:
        assert isinstance(message, wire.Call | wire.Answer)
