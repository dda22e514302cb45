"""fingerprints.json: what identifies everything that a run reads, and when a run went on with
something else.

A folder of an earlier version has none: nothing is compared, and nothing is said.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sweeps.run_folder.atomic import write_json
from sweeps.run_folder.plain_files import read_json
from sweeps.run_folder.record import now

FILE = "fingerprints.json"
DIGEST = re.compile(r"[0-9a-f]{16,}")
SHOWN_DIGITS = 12


class Change(NamedTuple):
    """Something that a run read before, and what is there now; both as they are shown."""

    what: str
    was: str
    now: str


def write_fingerprints(folder: Path, found: Mapping[str, str]) -> None:
    """Write what a new run reads."""
    write_json(folder / FILE, {"fingerprints": dict(found), "changes": []})


def changes(folder: Path, found: Mapping[str, str]) -> list[Change]:
    """What differs from the run's last fingerprints. What only one side names is not compared:
    another version of medsweep tells of more, or of less."""
    before = (read_json(folder / FILE) or {}).get("fingerprints", {})
    return [
        Change(what, short(before[what]), short(value))
        for what, value in found.items()
        if before.get(what, value) != value
    ]


def go_on_with(
    folder: Path, found: Mapping[str, str], ended: Sequence[str], begun: Sequence[str]
) -> None:
    """Note that a run goes on with what is there now: trials that had `ended`, and those that were
    `begun` and go on over it."""
    content = read_json(folder / FILE) or {}
    entry = {
        "at": now(),
        "changed": [change._asdict() for change in changes(folder, found)],
        "ended": list(ended),
        "begun": list(begun),
    }
    written = {
        "fingerprints": {**content.get("fingerprints", {}), **found},
        "changes": [*content.get("changes", []), entry],
    }
    write_json(folder / FILE, written)


def short(fingerprint: str) -> str:
    """A fingerprint with its long digests cut to their first digits."""
    return DIGEST.sub(lambda found: found[0][:SHOWN_DIGITS], fingerprint)
