"""The verbs of the command line, one thin file each. May import everything; nothing imports it."""
