"""Published data sets as items: one format a file.

May import: what `data` may.
"""
