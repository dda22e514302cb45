"""Rewards of answers, one a file, each in [0, 1] with TRL's signature.

May import: `evaluation` and the rooms below it.
"""
