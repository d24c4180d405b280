"""Tests of the git extension."""
