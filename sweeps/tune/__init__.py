"""Ray Tune: its searcher, scheduler and trainable as thin faces of `sweeps.control.sweep`.

May import: `control` and the rooms below it, and Ray.
"""
