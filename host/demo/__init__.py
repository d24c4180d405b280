"""The demo model: a script that plays a coding agent's part, without any network and at no cost."""
