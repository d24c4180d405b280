"""The extension's own tests. They run in the extension host, as VS Code's test runner has it."""
