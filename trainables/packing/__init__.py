"""The packed engine: several trials train at once on one frozen base model.

May import: `training` and the rooms below it; not `isolated`, no kind.
"""
