"""Why a worker's process died, in a line: Ray knows only that it is gone. What a process says on
its way out is in its log; one that was killed from outside says nothing.
"""

import os
import re
from pathlib import Path
from typing import NoReturn

UNKNOWN = "the process ended unexpectedly"
KILLED = "it was killed (SIGKILL)"
BY_KERNEL = "the kernel killed it (SIGKILL), for memory ran out"
EXIT = "medsweep: this process ends itself by os._exit"
LAST_BYTES = 20_000
# what Ray's handler and Python's write; of several the first is the cause
SIGNAL = re.compile(r"\*\*\* (SIG[A-Z]+) received")
FATAL = re.compile(r"Fatal Python error: ([^\n]{1,80})")
CODE = re.compile(re.escape(EXIT) + r"\((-?\d+)\)")
PID = re.compile(r"\bpid: ?(\d+)")
COUNTERS = (Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat"))


def cause(log: str | None, memory_ran_out: bool = False) -> str:
    """What to say of a death. `log`: the end of what the process wrote, None where that is not at
    hand; `memory_ran_out`: whether this machine's kernel has killed for memory meanwhile."""
    if log is None:
        return BY_KERNEL if memory_ran_out else UNKNOWN
    if found := SIGNAL.search(log):
        return f"it crashed ({found[1]})"
    if found := FATAL.search(log):
        return f"it crashed ({found[1].strip()})"
    if found := CODE.search(log):
        return f"it ended itself: os._exit({found[1]})"
    return BY_KERNEL if memory_ran_out else KILLED


def log_of(report: str, folder: Path | None) -> str | None:
    """The end of what the process wrote that Ray reports dead; None where Ray names none, or it ran
    on another machine. `folder`: of Ray's logs on this one."""
    named = PID.search(report)
    if named is None or folder is None:
        return None
    files = list(folder.glob(f"worker-*-{named[1]}.err"))
    if len(files) != 1:
        return None
    try:
        return files[0].read_bytes()[-LAST_BYTES:].decode(errors="replace")
    except OSError:
        return None


def tell_exits() -> None:
    """From now on this process says in its log that it ends itself by `os._exit`, which leaves no
    other trace: neither Python nor Ray hears of it."""
    real = os._exit

    def told(status: int) -> NoReturn:
        os.write(2, f"{EXIT}({status})\n".encode())
        real(status)

    os._exit = told


def kernel_kills() -> int:
    """How many processes this machine's kernel (of a container, the container's) has killed for
    memory so far; 0 where it does not say."""
    for file in COUNTERS:
        try:
            lines = file.read_text().splitlines()
        except OSError:
            continue
        for name, _, number in (line.partition(" ") for line in lines):
            if name == "oom_kill":
                return int(number)
    return 0
