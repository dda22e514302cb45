"""Trackers: where a sweep is shown besides its run folder."""
