"""What comes of a call, as it is kept and as the model reads it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import TypeVar

from extensions.coder.task import Call, Json
from extensions.coder.tool import Image, Result

T = TypeVar("T")

RESULT_CHARACTERS = 200_000
"""Of one result a model reads; each tool has bounds of its own below it."""

TOGETHER = 1_000_000
"""Characters of all results of one answer: they become one message, and a message is one record of 8 MiB."""

PICTURE_BYTES = 5 << 20
"""Of all pictures of one result, and of one answer."""

NO_PICTURES = "[{} pictures are left out here: {} MB of them go with one answer; ask for fewer or smaller ones at once]"


def kept(result: Result, *, mistake: bool) -> Json:
    """As it stands in the task's row of the call."""
    images, left = _fitting(result.images, lambda image: len(image.data), PICTURE_BYTES)
    text = shortened(result.text.encode("utf-8", "replace").decode()) + (f"\n\n{left}" if left else "")
    return {"text": text, "failed": result.failed, "mistake": mistake, "images": [_stored(one) for one in images]}


def _fitting(images: Sequence[T], size: Callable[[T], int], room: int) -> tuple[list[T], str]:
    """Those from the first on that fit together, and a sentence on the others where there are any."""
    kept: list[T] = []
    for image in images:
        if (room := room - size(image)) < 0:
            break
        kept.append(image)
    left_out = len(images) - len(kept)
    return kept, NO_PICTURES.format(left_out, PICTURE_BYTES >> 20) if left_out else ""


def shortened(text: str, most: int = RESULT_CHARACTERS) -> str:
    """What a model reads of a result at most: its beginning and its end."""
    if len(text) <= most:
        return text
    half = most // 2
    left_out = f"\n\n[{len(text) - 2 * half} characters are left out here; ask for less at once]\n\n"
    return text[:half] + left_out + text[-half:]


def _stored(image: Image) -> Json:
    return {"media_type": image.mime, "data": base64.b64encode(image.data).decode()}


def told_together(calls: Sequence[Call]) -> list[Json]:
    """What the model reads of all calls of an answer."""
    results = [call.result or {"text": "", "failed": True, "images": []} for call in calls]
    most, room = RESULT_CHARACTERS, PICTURE_BYTES // 3 * 4 + 1_000  # as base64
    if sum(len(one["text"]) for one in results) > TOGETHER:
        most = TOGETHER // len(results)
    told = []
    for call, result in zip(calls, results, strict=True):
        images, left = _fitting(result.get("images", ()), lambda image: len(image["data"]), room)
        room -= sum(len(one["data"]) for one in images)
        text = shortened(result["text"], most) + (f"\n\n{left}" if left else "")
        told.append(_told(call, {**result, "text": text, "images": images}))
    return told


def _told(call: Call, result: Json) -> Json:
    content: list[Json] = [{"type": "text", "text": result["text"] or "(no output)"}]
    content += [{"type": "image", "source": {"type": "base64", **one}} for one in result["images"]]
    told: Json = {"type": "tool_result", "tool_use_id": call.call_id, "content": content}
    return told | ({"is_error": True} if result["failed"] else {})
