"""What comes of a call, as it is kept and as the model reads it."""

from __future__ import annotations

import base64

from extensions.coder.task import Call, Json
from extensions.coder.tool import Image, Result

RESULT_CHARACTERS = 200_000
"""Of one result a model reads; each tool has bounds of its own below it."""


def kept(result: Result, *, mistake: bool) -> Json:
    """As it stands in the task's row of the call."""
    images = [_stored(one) for one in result.images]
    return {"text": shortened(result.text), "failed": result.failed, "mistake": mistake, "images": images}


def shortened(text: str) -> str:
    """What a model reads of a result at most: its beginning and its end."""
    if len(text) <= RESULT_CHARACTERS:
        return text
    half = RESULT_CHARACTERS // 2
    left_out = f"\n\n[{len(text) - 2 * half} characters are left out here; ask for less at once]\n\n"
    return text[:half] + left_out + text[-half:]


def _stored(image: Image) -> Json:
    return {"media_type": image.mime, "data": base64.b64encode(image.data).decode()}


def told(call: Call) -> Json:
    """What the model reads of a call."""
    result = call.result or {"text": "", "failed": True, "images": []}
    content: list[Json] = [{"type": "text", "text": result["text"] or "(no output)"}]
    content += [{"type": "image", "source": {"type": "base64", **one}} for one in result.get("images", ())]
    told: Json = {"type": "tool_result", "tool_use_id": call.call_id, "content": content}
    return told | ({"is_error": True} if result["failed"] else {})
