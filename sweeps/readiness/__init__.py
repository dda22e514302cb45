"""What is made ready and checked before Ray starts: models, rows, memory, sizes of packs.

May import: `reading` and the rooms below it.
"""
