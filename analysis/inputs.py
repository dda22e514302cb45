"""Where a run went on with other data, another model or another medsweep than it began with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.files import read_optional
from sweeps.run_folder.inputs import FILE

SHOWN = 3  # changed things that a sentence names


@dataclass(frozen=True)
class InputChange:
    """One such moment: what changed, in words, and the trials that had ended or begun by then."""

    day: str
    changed: tuple[str, ...]
    ended: frozenset[str]
    begun: frozenset[str]


def input_changes(folder: Path) -> tuple[InputChange, ...]:
    """Those of a run folder, in order; none of a folder of an earlier version."""
    written = read_optional(folder / FILE).get("changes") or ()
    return tuple(_change(entry) for entry in written)


def _change(entry: dict[str, Any]) -> InputChange:
    changed = tuple(f"{c['what']} (was {c['was']}, is {c['now']})" for c in entry["changed"])
    return InputChange(
        entry["at"][:10], changed, frozenset(entry["ended"]), frozenset(entry["begun"])
    )


def change_cautions(changes: Sequence[InputChange], trials: Sequence[str]) -> tuple[str, ...]:
    """A sentence a change: what, and which of the `trials` (ids, in order) lie before and after."""
    return tuple(_caution(change, trials) for change in changes)


def _caution(change: InputChange, trials: Sequence[str]) -> str:
    more = len(change.changed) - SHOWN
    what = "; ".join(change.changed[:SHOWN]) + (f"; and {more} more" if more > 0 else "")
    after = [t for t in trials if t not in change.ended | change.begun]
    groups = {
        "before it": [t for t in trials if t in change.ended],
        "across it": [t for t in trials if t in change.begun],
        "after it": after,
    }
    told = "; ".join(f"{where}: {_listed(names)}" for where, names in groups.items() if names)
    return (
        f"Caution: on {change.day} this run went on with something else: {what}. Numbers on the "
        f"two sides of that change are not comparable ({told or 'no trial yet'})."
    )


def sides(changes: Sequence[InputChange], trial: str) -> str:
    """After how many changes a trial ran: `0`, `1`, or `0-1` where it began before one and ended
    after it."""
    first = sum(trial not in c.ended and trial not in c.begun for c in changes)
    last = sum(trial not in c.ended for c in changes)
    return str(first) if first == last else f"{first}-{last}"


def _listed(names: Sequence[str]) -> str:
    """All of a few names, or the first, the last and how many."""
    if len(names) <= 2 * SHOWN:
        return ", ".join(names)
    return f"{names[0]} … {names[-1]}, {len(names)} trials"
