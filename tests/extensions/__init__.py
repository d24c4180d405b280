"""Tests of the built-in extensions."""
