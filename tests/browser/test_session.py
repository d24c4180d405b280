"""The session screen before an agent that the test plays."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.agent import Agent
from tests.browser.conftest import ARTIFACTS, Open, shot, violations

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
    page.get_by_role("button", name="Stop").click()
    until(page, lambda: len(agent.asked) == 2)
    assert agent.asked[1] == ("DELETE", "tasks/t1", None)


def test_what_was_decided_stays_so_though_an_older_answer_says_that_it_waits(opened: Open) -> None:
    agent = Agent(*TALK, waitingFor="approval")
    agent.late = []
    agent.approvals = [{"approvalId": "a1", "callId": "k2", **EDIT}]
    page = opened_with(opened, agent)
    agent.asks(**EDIT)
    bar = page.get_by_test_id("approval")
    expect(bar).to_contain_text("src/billing.py")
    until(page, lambda: bool(agent.late))
    bar.get_by_role("button", name="Allow once").click()
    until(page, lambda: bool(agent.asked))
    with page.expect_response("**/api/v1/tasks/t1"):
        for answer in agent.late:
            answer()
    agent.asks(approvalId="a2", actions=[{"kind": "command", "command": "pytest -q"}])
    expect(bar).to_contain_text("pytest -q")


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
    page.get_by_role("button", name="Take back: later").click()
    until(page, lambda: len(agent.asked) == 3)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    until(page, lambda: len(agent.asked) == 4)
    assert agent.asked == [
        ("POST", "tasks/t1/messages", {"message": "mind the tax", "mode": "steer"}),
        ("POST", "tasks/t1/messages", {"message": "then the docs", "mode": "queue"}),
        ("DELETE", "tasks/t1/messages/1", None),
        ("DELETE", "tasks/t1", None),
    ]


def test_a_person_moves_a_thing_of_the_agents_list_on(opened: Open) -> None:
    agent = Agent(*TALK, todos=TODOS)
    page = opened_with(opened, agent)
    page.locator(".todos summary").click()
    assert violations(page) == []
    page.get_by_role("button", name=f"Begin: {TODOS[-1]['content']}").click()
    until(page, lambda: bool(agent.asked))
    marks = {"pending": " ", "in_progress": "-", "completed": "x"}
    wanted = [f"[{marks[one['status']]}] {one['content']}" for one in TODOS[:-1]] + [f"[-] {TODOS[-1]['content']}"]
    assert agent.asked == [("PUT", "tasks/t1/todos", {"todos": "\n".join(wanted)})]


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


def changed_list(opened: Open, workspace: Path, name: str) -> tuple[Page, Agent, str]:
    """A task that changed two lines of a file, with what it changed in sight."""
    after = "one\nTWO\nthree\n" + "same\n" * 12 + "nine\nTEN\n"
    (workspace / name).write_text(after)
    agent = Agent(*TALK, status="completed")
    agent.files = [{"path": name, "before": after.replace("TWO", "two").replace("TEN", "ten"), "after": after}]
    page = opened_with(opened, agent)
    page.get_by_role("button", name="Changes").click()
    expect(page.locator(".cm-deletedChunk")).to_have_count(2)
    return page, agent, after


def test_a_change_that_was_accepted_stays_so_when_the_task_goes_on(opened: Open, workspace: Path) -> None:
    page, agent, after = changed_list(opened, workspace, "accept.txt")
    page.locator(".cm-deletedChunk").first.get_by_role("button", name="Accept").click()
    expect(page.locator(".cm-deletedChunk")).to_have_count(1)
    agent.is_now(updatedAt=agent.task["updatedAt"] + 1)
    page.get_by_role("button", name="Look again").click()
    expect(page.locator(".cm-deletedChunk")).to_have_count(1)
    page.locator(".cm-deletedChunk").get_by_role("button", name="Accept").click()
    expect(page.locator(".file-change")).to_contain_text("accepted")
    assert (workspace / "accept.txt").read_text() == after


def test_a_change_is_not_given_back_over_what_somebody_wrote_meanwhile(opened: Open, workspace: Path) -> None:
    page, _, after = changed_list(opened, workspace, "meanwhile.txt")
    (workspace / "meanwhile.txt").write_text(after + "by hand\n")
    page.locator(".cm-deletedChunk").first.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("meanwhile.txt was changed meanwhile")).to_be_visible()
    assert (workspace / "meanwhile.txt").read_text() == after + "by hand\n"


def test_what_is_asked_names_paths_of_the_workspace_as_one_knows_them(opened: Open, workspace: Path) -> None:
    agent = Agent(*TALK, waitingFor="approval")
    page = opened_with(opened, agent)
    agent.asks(tool="apply_diff", actions=[{"kind": "write", "path": f"{workspace}/src/billing.py"}])
    expect(page.get_by_test_id("approval")).to_contain_text("write src/billing.py")
    expect(page.get_by_test_id("approval")).not_to_contain_text(str(workspace))


def test_who_looks_elsewhere_is_told_by_title_icon_and_notification_that_an_approval_waits(opened: Open) -> None:
    agent = Agent(*TALK, waitingFor="approval")

    def look_away(page: Page) -> None:
        agent.watch(page)
        page.add_init_script("""
            window.told = [];
            window.Notification = class { static permission = "granted";
              constructor(title, more) { window.told.push(`${title}: ${more.body}`); } };
            Object.defineProperty(document, "hidden", {get: () => true});
        """)

    page = opened("#/usage", before=look_away)
    expect(page.get_by_test_id("pill")).to_contain_text("connected")
    calm = page.locator("link[rel=icon]").get_attribute("href")
    agent.asks(actions=[{"kind": "execute", "command": "pytest -q"}])
    expect(page).to_have_title("(1) Approve? · Roost")
    assert page.locator("link[rel=icon]").get_attribute("href") != calm
    assert page.evaluate("told") == ["Roost asks for leave: pytest -q"]
    expect(page.get_by_label("1 approvals wait")).to_be_visible()


def test_seconds_of_what_runs_go_on_over_a_reload(opened: Open) -> None:
    agent = Agent(*TALK[:3], TALK[3] | {"status": "running", "ts": int(time.time() * 1_000) - 40_000})
    page = opened_with(opened, agent)
    expect(page.locator(".chip")).to_contain_text(re.compile(r"running pytest -q +4\d s"))
    page.reload()
    expect(page.locator(".chip")).to_contain_text(re.compile(r"running pytest -q +4\d s"))


LOOK_ON = """() => {
  window.seen = {frames: [], long: [], draws: 0};
  const see = (at) => { seen.frames.push(at); requestAnimationFrame(see); };
  requestAnimationFrame(see);
  new PerformanceObserver((list) => { for (const one of list.getEntries()) seen.long.push(one.duration); })
    .observe({type: "longtask"});
  new MutationObserver(() => seen.draws++).observe(document.body, {childList: true, subtree: true});
}"""
"""Note each frame, how often the page was drawn, and each task that keeps it from anything else for more than 50 ms."""


def seen(page: Page, name: str) -> tuple[list[float], list[float]]:
    """What lies between frames, and the long tasks, in ms; kept beside the screenshots."""
    page.wait_for_timeout(200)
    found = page.evaluate("seen")
    apart = [after - before for before, after in pairwise(found["frames"])]
    whole = {
        "draws": found["draws"],
        "seconds": round(sum(apart) / 1_000, 2),
        "frames_a_second": round(1_000 * len(apart) / sum(apart), 1),
        "ninth_of_ten_ms": round(sorted(apart)[len(apart) * 9 // 10], 1),
        "longest_ms": round(max(apart), 1),
        "long_tasks": len(found["long"]),
        "longest_task_ms": round(max(found["long"], default=0)),
        "long_tasks_ms": round(sum(found["long"])),
    }
    (ARTIFACTS / f"{name}.json").write_text(json.dumps(whole))
    return apart, found["long"]


def test_ten_thousand_messages_and_two_hundred_tokens_a_second_keep_their_frames(opened: Open) -> None:
    usual = {"ts": 1, "name": "read_file", "status": "done", "output": "x" * 80}
    kinds = ("assistant", "tool", "tool")
    many = ({**usual, "id": n, "kind": kinds[n % 3], "text": f"**{n}** read"} for n in range(1, 10_001))
    agent = Agent(*many)
    page = opened_with(opened, agent)
    expect(page.get_by_text("9999 read")).to_be_visible()
    page.evaluate(LOOK_ON)
    begin = time.monotonic()
    for piece in range(600):
        agent.streams(10_001, f"token{piece} " if piece % 40 else "\n\nand **more**: ")
        page.wait_for_timeout(max(0, (begin + piece / 200 - time.monotonic()) * 1000))
    expect(page.get_by_text("token599")).to_be_visible()
    apart, long = seen(page, "frames-of-a-stream")
    assert sorted(apart)[len(apart) * 9 // 10] < 34  # nine of ten frames come in time on two busy cores
    assert sum(long) < 0.25 * sum(apart)
    assert page.locator(".card").count() < 400


POUR = """async ([base, many]) => {
  const way = window.lines.at(-1), turn = new MessageChannel(), next = () => new Promise((done) => {
    turn.port1.onmessage = done;
    turn.port2.postMessage(0);
  });
  for (let n = 0; n < many; n++) {
    const kind = n < many - 1 ? "tool" : "assistant", output = `line ${n}`, text = "That was all.";
    const message = {id: base + n, ts: Date.now(), kind, name: "read_file", status: "done", output, text};
    const data = {taskId: "t1", message};
    way.onmessage({data: JSON.stringify({jsonrpc: "2.0", method: "event", uid: "local",
      params: {seq: window.seq += 2 ** -20, type: "coder.message", data}})});
    if (n % 20 == 19) await next();
  }
}"""
"""Hand events to the page as its socket does, as fast as it takes them, twenty in a turn of its loop."""


def test_ten_thousand_events_at_once_do_not_stop_the_page(opened: Open) -> None:
    agent = Agent(*TALK[:2])

    def keep_lines(page: Page) -> None:
        agent.watch(page)
        page.add_init_script("""window.lines = [], window.seq = 0;
          const Made = WebSocket;
          const note = ({data}) => { seq = Math.max(seq, Number(/"seq":(\\d+)/.exec(data)?.[1] ?? 0)); };
          window.WebSocket = class extends Made {
            constructor(...given) { super(...given); lines.push(this); this.addEventListener("message", note); }
          };""")

    page = opened("#/session/t1", before=keep_lines)
    expect(page.get_by_text("I read the test first")).to_be_visible()
    page.evaluate(LOOK_ON)
    page.evaluate(POUR, [100, 10_000])
    expect(page.get_by_text("That was all.")).to_be_visible()
    apart, long = seen(page, "frames-of-ten-thousand-events")
    assert page.evaluate("seen.draws") < 2 * len(apart), "drawn for frames, not for each of ten thousand events"
    assert len(apart) > 10 * sum(apart) / 1_000  # frames a second, however busy the machine
    assert max(long, default=0) < 1_000
    assert page.locator(".card").count() < 400
