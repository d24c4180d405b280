"""Coder: the coding agent, an extension like any other. This file is only the package's name."""
