"""Whether this machine is about to be taken away: each trial in this process then writes a
checkpoint after the step that it is in, besides those of its evaluations."""

import threading

SAVE = threading.Event()  # set by whoever runs the trial; it stays so, for the process ends
