"""The specs that come with medsweep, by name.

May import: nothing of `sweeps` but `quiet`.
"""
