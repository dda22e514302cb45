"""Where trials run: targets, placement and the machine's own checks."""
