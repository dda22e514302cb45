"""The course of one training, whatever the engine: the section `training`, the order of rows, the
schedule, evaluations, the best step.

May import: `context` and the rooms below it; no engine, no kind.
"""
