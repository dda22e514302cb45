"""Ray's own processes die: the head's (the GCS), or this machine's raylet.

By itself the driver would wait for a minute and then end in Ray's words. Nothing that asks Ray can
be relied on any more, not even what ends it: the folder is whole at any moment, so it is said how
to go on, Ray's processes are killed, and this one ends.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from cluster.scratch import remove_temporary_files
from cluster.session import Session
from sweeps.control.sweep import Sweep

LOOK = 1.0  # seconds between two looks
CLOSE_SECONDS = 5.0  # for observers; what they miss is in the run folder
NOTICE_SECONDS = 3.0  # after an error that may be the first sign of it
CODE = 1  # as of any error that ends a sweep


@contextmanager
def watched(session: Session, sweep: Sweep) -> Iterator[None]:
    """Within, where Ray dies the process ends with a message and exit code 1, in seconds."""
    over, session.answered = threading.Event(), time.monotonic()
    threading.Thread(target=_watch, args=(session, sweep, over), daemon=True).start()
    try:
        yield
    except Exception:  # an error that Ray's death made came before the next look
        deadline = time.monotonic() + NOTICE_SECONDS
        while time.monotonic() < deadline:
            if session.dead():
                over.wait(2 * CLOSE_SECONDS)  # the thread ends the process meanwhile
            time.sleep(LOOK / 10)
        raise
    finally:
        over.set()


def _watch(session: Session, sweep: Sweep, over: threading.Event) -> None:
    while not over.wait(LOOK):
        dead = session.dead()
        if dead and not over.is_set():
            _end(session, sweep, dead)


def _end(session: Session, sweep: Sweep, dead: str) -> NoReturn:
    closing = threading.Thread(target=sweep.observers.close, daemon=True)
    closing.start()
    closing.join(CLOSE_SECONDS)
    sweep.say(f"error: {dead} died, and with it what runs trials. Nothing is lost.")
    sweep.say(f"Go on with: medsweep resume {sweep.ledger.folder}")
    session.abandon()
    remove_temporary_files()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(CODE)
