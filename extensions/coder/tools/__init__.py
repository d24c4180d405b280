"""The tools of the agent, one file each."""

from __future__ import annotations

from extensions.coder.tool import Tool
from extensions.coder.tools import (
    apply_diff,
    apply_patch,
    browser_action,
    execute_command,
    get_process_output,
    kill_process,
    list_files,
    read_command_output,
    read_file,
    run_slash_command,
    screenshot,
    skill,
    start_process,
    str_replace_editor,
    terminal_session,
    write_to_file,
)

TOOLS: tuple[Tool, ...] = (
    read_file.TOOL,
    list_files.TOOL,
    apply_diff.TOOL,
    write_to_file.TOOL,
    str_replace_editor.TOOL,
    str_replace_editor.EDIT,
    str_replace_editor.SEARCH_REPLACE,
    str_replace_editor.EDIT_FILE,
    apply_patch.TOOL,
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
