"""The command line of medsweep. It holds no logic of its own: one thin file a verb."""
