"""The tools of the agent, one file each."""

from __future__ import annotations

from extensions.coder.tool import Tool
from extensions.coder.tools import (
    browser_action,
    execute_command,
    get_process_output,
    kill_process,
    read_command_output,
    run_slash_command,
    screenshot,
    skill,
    start_process,
    terminal_session,
)

TOOLS: tuple[Tool, ...] = (
    execute_command.TOOL,
    read_command_output.TOOL,
    start_process.TOOL,
    get_process_output.TOOL,
    kill_process.TOOL,
    terminal_session.TOOL,
    browser_action.TOOL,
    screenshot.TOOL,
    run_slash_command.TOOL,
    skill.TOOL,
)
