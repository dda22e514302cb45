"""Where trials are compared with each other, for early stopping."""

# shares of a trial's own planned steps; every trial evaluates exactly there
RUNGS = (0.125, 0.25, 0.5, 1.0)
