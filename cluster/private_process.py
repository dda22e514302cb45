"""A process that trains may hold private rows and keys: nothing of it is for others."""

import os
import resource
from contextlib import suppress


def close_to_others() -> int:
    """Files that this process and its children make are their user's alone, and a crash leaves no
    core dump, which would hold their memory. Returns the umask before."""
    with suppress(ValueError, OSError):  # already forbidden, and more strictly
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    return os.umask(0o077)
