"""Prompts and answers made of an item: one form a file.

May import: what `data` may.
"""
