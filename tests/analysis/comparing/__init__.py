"""Two sides on the same rows."""
