"""What keeps a trial near its base model, against forgetting: one penalty a file.

May import: `evaluation` and the rooms below it.
"""
