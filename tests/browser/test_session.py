"""The session screen before an agent that the test plays."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.agent import Agent
from tests.browser.conftest import Open, shot, violations

DIFF = """--- a/src/billing.py
+++ b/src/billing.py
@@ -9,4 +9,4 @@
     whole = sum(prices, Decimal(0))
-    return whole * discount
+    return whole * (1 - discount)
"""
TALK = (
    {"id": 1, "ts": 1, "kind": "user", "text": "Fix the failing test in tests/test_billing.py"},
    {"id": 2, "ts": 2, "kind": "assistant", "text": "I read the test first, then run it."},
    {"id": 3, "ts": 3, "kind": "tool", "callId": "k0", "name": "read_file", "arguments": {"path": "src/billing.py"},
     "status": "done", "output": "1 | ..."},
    {"id": 4, "ts": 4, "kind": "tool", "callId": "k1", "name": "execute_command", "arguments": {"command": "pytest -q"},
     "status": "failed", "output": "E  assert Decimal('2') == Decimal('18')\n1 failed in 0.04s"},
    {"id": 5, "ts": 5, "kind": "assistant",
     "text": "The discount is **multiplied** instead of taken off:\n\n```python\nreturn whole * (1 - discount)\n```"},
    {"id": 6, "ts": 6, "kind": "checkpoint", "checkpointId": "c1"},
    {"id": 7, "ts": 7, "kind": "tool", "callId": "k2", "name": "apply_diff", "arguments": {"path": "src/billing.py"},
     "status": "waiting", "shown": DIFF},
)  # fmt: skip
TODOS = [
    {"id": "1", "content": "See the test fail", "status": "completed"},
    {"id": "2", "content": "Mend the discount", "status": "in_progress"},
    {"id": "3", "content": "See it pass", "status": "pending"},
]
EDIT = {
    "tool": "apply_diff",
    "actions": [{"kind": "write", "path": "src/billing.py"}],
    "shown": DIFF,
    "patterns": ["src/**"],
}


def opened_with(opened: Open, agent: Agent, **look: object) -> Page:
    page = opened("#/session/t1", before=agent.watch, **look)
    expect(page.get_by_test_id("pill")).to_contain_text("connected")
    expect(page.locator(".column")).to_be_visible()
    return page


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Let the page go on until it holds."""
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(50)
    assert holds()


LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}


@pytest.mark.parametrize("look", LOOKS)
def test_an_approval_is_given_where_it_is_always_asked_for(opened: Open, look: str) -> None:
    agent = Agent(*TALK, todos=TODOS, waitingFor="approval")
    page = opened_with(opened, agent, **LOOKS[look])
    expect(page.get_by_text("I read the test first")).to_be_visible()
    agent.asks(**EDIT)
    bar = page.get_by_test_id("approval")
    expect(bar).to_contain_text("src/billing.py")
    expect(page).to_have_title("(1) Approve? · Roost")
    assert violations(page) == []
    shot(page, f"front-{look}")
    bar.get_by_role("button", name="Allow once").click()
    expect(bar).to_have_count(0)
    assert agent.asked == [("POST", "tasks/t1/approvals/a1", {"decision": "once"})]
    expect(page).to_have_title("Roost")


def test_the_keys_y_a_and_n_decide_and_letters_typed_into_a_field_do_not(opened: Open) -> None:
    agent = Agent(*TALK)
    page = opened_with(opened, agent)
    agent.asks(approvalId="a1", actions=[{"kind": "command", "command": "pytest -q"}], patterns=["pytest"])
    expect(page.get_by_test_id("approval")).to_be_visible()
    page.get_by_label("Message to the agent").fill("")
    page.get_by_label("Message to the agent").press_sequentially("any")
    assert agent.asked == []
    page.locator("main").focus()
    page.keyboard.press("a")
    expect(page.get_by_test_id("approval")).to_have_count(0)
    agent.asks(approvalId="a2", actions=[{"kind": "command", "command": "rm -rf build"}])
    expect(page.get_by_test_id("approval")).to_contain_text("rm -rf build")
    page.locator("main").focus()
    page.keyboard.press("n")
    page.get_by_label("Why not").fill("keep it")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("approval")).to_have_count(0)
    assert agent.asked == [
        ("POST", "tasks/t1/approvals/a1", {"decision": "always", "pattern": "pytest"}),
        ("POST", "tasks/t1/approvals/a2", {"decision": "reject", "reason": "keep it"}),
    ]


def test_text_streams_in_and_markdown_of_a_model_runs_nothing(opened: Open) -> None:
    agent = Agent(TALK[0])
    page = opened_with(opened, agent)
    for piece in (
        "Look: <img src=x onerror=\"document.title='owned'\"> ",
        "[a link](javascript:alert(1)) ",
        "**bo",
        "ld**",
    ):
        agent.streams(2, piece)
    expect(page.locator(".assistant strong")).to_have_text("bold")
    agent.says(id=2, kind="assistant", text="All in all: **bold**.")
    expect(page.locator(".assistant")).to_have_text("All in all: bold.")
    expect(page.locator(".assistant img, .assistant a[href^=javascript]")).to_have_count(0)
    expect(page).to_have_title("Roost")


def test_a_message_steers_or_waits_its_turn_and_stop_stops(opened: Open) -> None:
    agent = Agent(*TALK[:3], TALK[3] | {"status": "running"}, queue=[{"id": 1, "text": "later", "mode": "queue"}])
    page = opened_with(opened, agent)
    expect(page.locator(".chip")).to_contain_text("running pytest -q")
    expect(page.get_by_label("Waiting messages")).to_contain_text("later")
    field = page.get_by_label("Message to the agent")
    field.fill("mind the tax")
    field.press("Enter")
    expect(field).to_have_value("")
    page.get_by_label("after this").check()
    field.fill("then the docs")
    field.press("Enter")
    expect(field).to_have_value("")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    until(page, lambda: len(agent.asked) == 3)
    assert agent.asked == [
        ("POST", "tasks/t1/messages", {"message": "mind the tax", "mode": "steer"}),
        ("POST", "tasks/t1/messages", {"message": "then the docs", "mode": "queue"}),
        ("DELETE", "tasks/t1", None),
    ]


def test_a_single_change_is_given_back_and_the_others_stay(opened: Open, workspace: Path) -> None:
    after = "one\nTWO\nthree\n" + "same\n" * 12 + "nine\nTEN\n"
    (workspace / "list.txt").write_text(after)
    agent = Agent(*TALK, status="completed")
    agent.files = [{"path": "list.txt", "before": after.replace("TWO", "two").replace("TEN", "ten"), "after": after}]
    page = opened_with(opened, agent)
    page.get_by_role("button", name="Changes").click()
    expect(page.locator(".cm-deletedChunk")).to_have_count(2)
    page.locator(".cm-deletedChunk").first.get_by_role("button", name="Reject").click()
    expect(page.locator(".cm-deletedChunk")).to_have_count(1)
    until(page, lambda: (workspace / "list.txt").read_text() == after.replace("TWO", "two"))


def test_ten_thousand_messages_and_two_hundred_tokens_a_second_keep_their_frames(opened: Open) -> None:
    usual = {"ts": 1, "name": "read_file", "status": "done", "output": "x" * 80}
    kinds = ("assistant", "tool", "tool")
    many = ({**usual, "id": n, "kind": kinds[n % 3], "text": f"**{n}** read"} for n in range(1, 10_001))
    agent = Agent(*many)
    page = opened_with(opened, agent)
    expect(page.get_by_text("9999 read")).to_be_visible()
    page.evaluate(
        "() => { const see = (at) => { frames_.push(at); requestAnimationFrame(see); }; window.frames_ = []; see(0); }"
    )
    begin = time.monotonic()
    for piece in range(300):
        agent.streams(10_001, f"token{piece} ")
        page.wait_for_timeout(max(0, (begin + piece / 200 - time.monotonic()) * 1000))
    frames = page.evaluate("frames_.slice(10).map((at, index, all) => index ? at - all[index - 1] : 0).slice(1)")
    expect(page.get_by_text("token299")).to_be_visible()
    assert sorted(frames)[len(frames) * 9 // 10] < 34  # nine of ten frames come in time on two busy cores
    assert page.locator(".card").count() < 400
