"""What did not fit in memory is infeasible, not failed: another configuration may fit, and the
same one may on another device. It is not run again by itself.

A process that Ray's memory monitor (or the operating system) killed is another matter: all that
ran on the node shares in it, so its trial goes on elsewhere, as after any death.
"""

# torch's (of CUDA) and Ray's are both called so; torch is not imported to ask
NAME = "OutOfMemoryError"
MONITOR = "running low on memory"  # how Ray's memory monitor says why it killed a process


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that the device's or the host's memory did not suffice."""
    named = any(kind.__name__ == NAME for kind in type(error).__mro__)
    return named or isinstance(error, MemoryError) or "CUDA error: out of memory" in str(error)


def killed_for_memory(message: str) -> bool:
    """Whether the text of a worker's death says that Ray killed it for its node's memory."""
    return NAME in message or MONITOR in message
