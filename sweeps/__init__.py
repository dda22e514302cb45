"""How a sweep runs: spec, searcher, launcher, ledger, early stopping, tracking.

This is medsweep's own package. W&B's optional local controller and sweep scheduler import another
top-level module of this name; medsweep uses neither.
"""
