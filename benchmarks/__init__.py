"""How fast medsweep is, and what a kill costs: scripts, and results with the device's name."""
