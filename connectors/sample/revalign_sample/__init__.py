"""Revalign connector sample."""
