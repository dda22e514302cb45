"""Ray Tune: its searcher, scheduler and trainable as thin faces of `sweeps.control.sweep`."""
