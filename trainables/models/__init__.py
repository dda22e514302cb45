"""Base models and adapters: found, loaded, put on, taken off, saved.

May import: `clinical`, `data`.
"""
