"""After the search: which trials are trained again with other seeds, and when is the race between
them over?

May import: `control` and the rooms below it.
"""
