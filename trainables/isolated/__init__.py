"""The isolated engine: what every trial that one of TRL's trainers trains has in common.

May import: `training` and the rooms below it; not `packing`, no kind.
"""
