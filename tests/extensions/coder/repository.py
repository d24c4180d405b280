"""A repository as a team that uses Roo Code keeps it, and what one of them has at home."""

from __future__ import annotations

FILES = {
    "README.md": "# Shop\n",
    "AGENTS.md": "Run the tests with `make test`.\n",
    "AGENTS.local.md": "My database is on port 5433.\n",
    ".gitignore": "node_modules/\n*.log\n",
    ".rooignore": "secrets/\n*.pem\n",
    ".roomodes": """\
\ufeffcustomModes:
  - slug: reviewer
    name: “Reviewer”
    roleDefinition: >-
      You review pull requests and say what a colleague would be glad to hear before it ships.
    whenToUse: Use it to look through a change before it is merged.
    description: Reviews changes
    customInstructions: Begin with the tests.
    groups:
      - read
      - - edit
        - fileRegex: \\.(md|mdx)$
          description: Documentation only
      - mcp
  - slug: code
    name: Shop Code
    roleDefinition: You write the shop's code, and you know its billing by heart.
    groups: [read, edit, command]
""",
    ".roo/rules/01-style.md": "Amounts are integers of cents.\n",
    ".roo/rules/deep/02-names.md": "Name tables in the singular.\n",
    ".roo/rules/.cache.tmp": "left by an editor",
    ".roo/rules-code/tests.md": "Every fix has a test.\n",
    ".roo/rules-architect/adr.txt": "Decisions go to docs/adr.\n",
    ".clinerules": "These are older than .roo/rules and no longer count.\n",
    ".roo/commands/release.md": """\
---
description: Prepare a release
argument-hint: [version]
mode: code
---
Write the changelog, then tag.
""",
    ".roo/commands/init.md": "Our own init.\n",
    ".roo/skills/migrate/SKILL.md": """\
---
name: migrate
description: Write and check a database migration
---
Read template.sql, then write the migration.
""",
    ".roo/skills/migrate/template.sql": "begin;\n",
    ".agents/skills/migrate/SKILL.md": "---\nname: migrate\ndescription: The same for all agents\n---\nOther text.\n",
    ".roo/skills-debug/trace/SKILL.md": "---\nname: trace\ndescription: Read a trace of the shop\n---\nOpen it.\n",
    "src/shop/cart.py": "def total(items):\n    return sum(items)\n",
    "src/shop/app.log": "noise\n",
    "secrets/token.txt": "hunter2\n",
    "node_modules/left-pad/index.js": "module.exports = 1\n",
    "~/.roo/rules/me.md": "I read British English.\n",
    "~/.roo/rules-code/me.md": "I like small functions.\n",
    "~/.roo/commands/release.md": "My own release, which the project's stands before.\n",
    "~/.roo/commands/tidy.md": "Tidy up.\n",
    "~/.roo/custom_modes.yaml": """\
customModes:
  - slug: reviewer
    name: Mine
    roleDefinition: The project's stands before this one.
    groups: []
  - slug: writer
    name: Writer
    roleDefinition: You write prose.
    groups: [read, edit]
""",
    "~/.agents/skills/greet/SKILL.md": "---\nname: greet\ndescription: Say hello well\n---\nSay hello.\n",
}
"""Path -> text: relative to the workspace, `~/` is at home."""
