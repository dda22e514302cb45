"""Preference pairs: where they come from, one source a file, and how they become rows.

May import: what `data` may.
"""
