"""What people say and decide, as changes of a task: drafts, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from extensions.coder.journal import new_id, now_ms
from extensions.coder.speech import Speech
from extensions.coder.task import Call, Conversation, Draft, Json, Task, reshow

INTERRUPTED = "It was broken off while it ran: whether it did its work, and how much of it, is not known."


def break_off(draft: Draft, conversation: Conversation, begun: Sequence[Call]) -> None:
    for call in begun:
        result = {"text": INTERRUPTED, "failed": True, "images": []}
        draft.call(replace(call, state="done", result=result))
        reshow(draft, conversation, call, status="failed", output=INTERRUPTED)


def aborted(draft: Draft, conversation: Conversation) -> None:
    for call in conversation.waiting_calls:
        if call.approval:
            draft.approvals.append({**call.approval, "status": "withdrawn"})
    draft.change(status="aborted", waiting_for=None, question=None, limit=None)


def answered(
    draft: Draft, conversation: Conversation, speech: Speech, *, keeps_mode: bool = False, by_itself: bool = False
) -> None:
    """Give a question's answer to the call that asked it, or to the conversation.

    One that is taken `by_itself` is no word of a person: what the task may take before it asks goes on counting.
    """
    question = draft.task.question or {}
    call = conversation.calls.get(question.get("callId") or "")
    draft.show("user", now_ms(), text=speech.text, answers=question.get("shownId"))
    if call is not None:
        text = f"<answer>\n{speech.plain}\n</answer>"
        draft.call(replace(call, state="done", result={"text": text, "failed": False, "images": speech.images}))
        reshow(draft, conversation, call, status="done", output=speech.text)
    elif conversation.calls:
        queued = {"id": new_id(), "text": speech.text, "mode": "steer", "content": speech.content, "to": speech.mode}
        draft.change(queue=(queued, *draft.task.queue))
    else:
        draft.say("user", speech.content, now_ms())
    mode = next((one.get("mode") for one in question.get("suggestions", ()) if one["text"] == speech.text), None)
    draft.change(
        status="running", waiting_for=None, question=None, mistakes=0,
        mode=draft.task.mode if keeps_mode else mode or speech.mode or draft.task.mode,
        **({} if by_itself else {"requests": 0, "spent": 0.0}),
    )  # fmt: skip


def again(draft: Draft, conversation: Conversation, speech: Speech) -> None:
    """A new turn of a task that has ended."""
    draft.show("user", now_ms(), text=speech.text)
    if conversation.calls:
        results = [_unanswered(call) for call in conversation.calls.values()]
        draft.forgets_calls = True
        draft.say("user", [*results, *speech.content], now_ms())
    else:
        draft.say("user", speech.content, now_ms())
    draft.change(
        status="running", waiting_for=None, result=None, error=None, question=None, limit=None, mistakes=0,
        requests=0, spent=0.0, completing=None, mode=speech.mode or draft.task.mode,
    )  # fmt: skip


def limit_decided(draft: Draft, limit: Json, decision: str) -> None:
    draft.approvals.append({**limit, "status": decision})
    on = decision != "reject"
    draft.change(
        limit=None, waiting_for=None, status="running" if on else "paused",
        **({"requests": 0, "spent": 0.0} if on else {}),
    )  # fmt: skip


def decided(draft: Draft, conversation: Conversation, call: Call, approval: Json) -> None:
    if approval["status"] != "reject":
        draft.call(replace(call, state="allowed", approval=approval))
        reshow(draft, conversation, call, status="pending")
        return
    again = approval["shown"].get("interrupted")
    said = approval.get("reason")
    text = INTERRUPTED if again else "The user refused this call."
    if said:
        text += f" The user says:\n<feedback>\n{said}\n</feedback>"
    status = "interrupted" if again else "refused"
    kept = {**approval, "status": "interrupted"} if again else approval
    draft.call(replace(call, state="done", approval=kept, result={"text": text, "failed": True, "images": []}))
    reshow(draft, conversation, call, status=status, output=text)


def answer_of(above: Conversation, child: Task, text: str, *, failed: bool) -> tuple[Conversation, Draft] | None:
    """The step of a task whose task below has ended: its call is done."""
    if above.task.status != "delegated" or above.task.child_task_id != child.task_id:
        return None
    call = next((one for one in above.open_calls if one.state == "waiting"), None)
    draft = above.draft()
    if call is not None:
        draft.call(replace(call, state="done", result={"text": text, "failed": failed, "images": []}))
        reshow(draft, above, call, status="failed" if failed else "done", output=text)
    cost = None if above.task.cost is None or child.cost is None else above.task.cost + child.cost
    draft.change(status="running", child_task_id=None, cost=cost)
    return above, draft


def _unanswered(call: Call) -> Json:
    text = (call.result or {}).get("text") or "Not done: the task ended before."
    return {"type": "tool_result", "tool_use_id": call.call_id, "content": [{"type": "text", "text": text}]}
