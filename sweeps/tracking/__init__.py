"""Trackers: where a sweep is shown besides its run folder.

May import: `control` and the rooms below it.
"""
