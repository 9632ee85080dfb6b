"""Revalign connector csv."""
