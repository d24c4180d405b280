"""The messages of PROTOCOL.md as values: frames in, frames out. No I/O happens here."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import orjson

from shim.plain import jsonable

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
OVERLOADED = -32001
NOT_AUTHENTICATED = -32002
NOT_YOURS = -32003
OVER_QUOTA = -32005
CANCELLED = -32800
FILE_SYSTEM_ERROR = -32010
COMMAND_FAILED = -32011
MODEL_FAILED = -32012

LARGEST_FRAME = 16 * 1024 * 1024
"""Bytes; a larger frame closes the connection with 1009."""

OUTPUT = 1
INPUT = 2
ACKNOWLEDGE = 3
HEADER = struct.Struct(">BIQ")
"""What a binary frame begins with: its kind, its channel, and the stream offset of its first payload byte."""

Id = str | int | None


class WireError(Exception):
    """A message that is answered with an error; `id` is the request's where it could be read."""

    def __init__(self, code: int, message: str, id_: Id = None, data: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.id = id_
        self.data = data


class Call(NamedTuple):
    """A request, or with `wants_answer` False a notification."""

    id: Id
    method: str
    params: dict[str, Any]
    uid: str | None
    wants_answer: bool


class Answer(NamedTuple):
    """A client's answer to a request of the host."""

    id: Id
    result: Any
    error: dict[str, Any] | None
    uid: str | None


class Frame(NamedTuple):
    """A binary frame of a client: input for a terminal, or with `ACKNOWLEDGE` that all before `offset` has arrived."""

    kind: int
    channel: int
    offset: int
    payload: bytes


def decode(frame: str | bytes) -> Call | Answer:
    """One text frame as a message. Raises `WireError` with the code that PROTOCOL.md gives the mistake."""
    try:
        message = orjson.loads(frame)
    except orjson.JSONDecodeError as error:
        raise not_json(error) from None
    return message_of(message)


def not_json(error: orjson.JSONDecodeError) -> WireError:
    """What is wrong with a frame that cannot be read."""
    return WireError(PARSE_ERROR, f"not JSON: {error.msg} at line {error.lineno} column {error.colno}")


def message_of(message: Any) -> Call | Answer:
    """As `decode`, of a frame that was read already."""
    if type(message) is not dict:
        what = "a batch" if type(message) is list else "no object"
        raise WireError(INVALID_REQUEST, f"the message is {what}: send one JSON-RPC 2.0 object a frame")
    id_, uid, method, params = message.get("id"), message.get("uid"), message.get("method"), message.get("params")
    good = type(id_) in _ID_TYPES and message.get("jsonrpc") == "2.0" and type(uid) in _UID_TYPES
    if good and type(method) is str and type(params) is dict:  # nearly every message there is
        return Call(id_, method, params, uid, "id" in message)
    return _otherwise(message)


_ID_TYPES = frozenset({str, int, type(None)})
_UID_TYPES = frozenset({str, type(None)})


def _otherwise(message: dict[str, Any]) -> Call | Answer:
    """A call without parameters, an answer, or a mistake: which one, in the order that the specification reads."""
    id_, uid = message.get("id"), message.get("uid")
    if type(id_) not in _ID_TYPES:
        raise WireError(INVALID_REQUEST, "id: must be a string, an integer or null")
    if message.get("jsonrpc") != "2.0":
        raise WireError(INVALID_REQUEST, 'jsonrpc: must be "2.0"', id_)
    if type(uid) not in _UID_TYPES:
        raise WireError(INVALID_REQUEST, "uid: must be a string", id_)
    if "method" not in message:
        return _answer(message, id_, uid)
    if type(message["method"]) is not str:
        raise WireError(INVALID_REQUEST, "method: must be a string", id_)
    if message.get("params") is not None:
        raise WireError(INVALID_PARAMS, "params: must be an object with the parameters by name", id_)
    return Call(id_, message["method"], {}, uid, "id" in message)


def _answer(message: dict[str, Any], id_: Id, uid: str | None) -> Answer:
    error = message.get("error")
    if ("result" in message) == ("error" in message):
        raise WireError(INVALID_REQUEST, "method: missing; an answer has either result or error", id_)
    if "error" in message and type(error) is not dict:
        raise WireError(INVALID_REQUEST, "error: must be an object", id_)
    if "id" not in message:
        raise WireError(INVALID_REQUEST, "id: an answer names the request that it answers")
    return Answer(id_, message.get("result"), error, uid)


def decode_binary(frame: bytes) -> Frame:
    """One binary frame. Raises `WireError`: too short, no kind that a client sends, or with what that may not have."""
    if len(frame) < HEADER.size:
        raise WireError(PARSE_ERROR, f"a binary frame begins with {HEADER.size} bytes: kind, channel and offset")
    kind, channel, offset = HEADER.unpack_from(frame)
    if kind not in (INPUT, ACKNOWLEDGE):
        raise WireError(INVALID_REQUEST, f"kind: must be {INPUT} (input) or {ACKNOWLEDGE} (acknowledge), not {kind}")
    if kind == INPUT and offset:
        raise WireError(INVALID_PARAMS, "offset: must be 0 for input")
    if kind == ACKNOWLEDGE and len(frame) > HEADER.size:
        raise WireError(INVALID_PARAMS, "payload: an acknowledgement has none")
    return Frame(kind, channel, offset, frame[HEADER.size :])


def output(channel: int, offset: int, payload: bytes) -> bytes:
    """The binary frame of a terminal's output."""
    return HEADER.pack(OUTPUT, channel, offset) + payload


def result(id_: Id, uid: str | None, value: object) -> str:
    """The answer to a request; values of the extensions' API in it become JSON."""
    return orjson.dumps({"jsonrpc": "2.0", "id": id_, "result": value, "uid": uid}, default=jsonable).decode()


def failure(id_: Id, uid: str | None, code: int, message: str, data: dict[str, Any] | None = None) -> str:
    """The error answer to a request."""
    error: dict[str, Any] = {"code": code, "message": message}
    if data is not None:
        error["data"] = data
    return orjson.dumps({"jsonrpc": "2.0", "id": id_, "error": error, "uid": uid}).decode()


def request(id_: Id, uid: str, method: str, params: dict[str, Any]) -> str:
    """A request of the host to a client."""
    return orjson.dumps({"jsonrpc": "2.0", "id": id_, "method": method, "params": params, "uid": uid}).decode()


def notification(uid: str | None, method: str, params: dict[str, Any]) -> str:
    """A message of the host that wants no answer."""
    return orjson.dumps({"jsonrpc": "2.0", "method": method, "params": params, "uid": uid}).decode()


def event(uid: str, seq: int, type_: str, data_json: bytes) -> str:
    """A numbered event; `data_json` is JSON already, encoded once for all viewers."""
    params = {"seq": seq, "type": type_, "data": orjson.Fragment(data_json)}
    return orjson.dumps({"jsonrpc": "2.0", "method": "event", "params": params, "uid": uid}).decode()
