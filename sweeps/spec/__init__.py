"""The spec, typed and frozen, and what is said where it is wrong.

May import: nothing of `sweeps` but `quiet`.
"""
