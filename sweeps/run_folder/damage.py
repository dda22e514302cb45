"""Files of a run folder that no driver wrote so: cut off, emptied, overwritten, of another trial.

What only repeats the rest (trials.csv, reports) or has older ones behind it (checkpoints, the last
line of metrics.jsonl) is not looked at here: it is made again, or left out where it is read.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

from sweeps.run_folder.entry import Entry, State, trial_name

Content = dict[str, Any]
COPY = "Take it from a copy of the run folder"
# of each file what to do where there is no copy; never something that loses what was measured
FIXES: dict[str, str] = {
    "config.json": "or move its folder out of the run: the trial is not counted then, and one is "
    "suggested in its place",
    "record.json": "or rename it to record.damaged.json: `medsweep resume` goes on with the trial "
    "from its newest checkpoint",
    "confirm.json": "or rename it and ask again (`medsweep confirm`): runs that have ended count",
    "fingerprints.json": "or rename it: then nothing tells whether data and models are those that "
    "the run began with",
    "modules.json": "or begin a new run: nothing else tells which reward functions it used",
    "test.json": "since nothing else tells how often the test rows were opened",
}
ENTRY_FIELDS = frozenset(Entry.__dataclass_fields__)
STATES: tuple[str, ...] = get_args(State)


def damage(folder: Path) -> list[str]:
    """A sentence for each damaged file, with what to do about it.

    >>> damage(Path("runs/demo"))
    []
    """
    return [f"{file}: {what}. {COPY}, {FIXES[file.name]}" for file, what in _damaged(folder)]


def _damaged(folder: Path) -> Iterator[tuple[Path, str]]:
    for name, wrong in WHOLE_RUN.items():
        yield from _looked_at(folder / name, wrong)
    for home in ("base/*", "trials/*", "trials/*/seeds/*"):
        for trial in sorted(folder.glob(home)):
            if trial.is_dir():
                yield from _of_trial(trial)


def _of_trial(folder: Path) -> Iterator[tuple[Path, str]]:
    config, record = folder / "config.json", folder / "record.json"
    if config.is_file():
        yield from _looked_at(config, _wrong_config)
        yield from _looked_at(record, _wrong_record)
    elif folder.parent.name != "base" and (
        record.is_file() or (folder / "metrics.jsonl").is_file()
    ):
        yield config, "is missing, although the trial was begun"


def _looked_at(file: Path, wrong: Callable[[Content, Path], str]) -> Iterator[tuple[Path, str]]:
    """What is wrong with one file; nothing of one that is absent."""
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return
    except UnicodeDecodeError:
        yield file, "is damaged: it is no text"
        return
    except OSError as error:
        yield file, f"cannot be read ({error.strerror})"
        return
    if what := "is empty" if not text.strip("\0 \n") else _wrong_text(file, text, wrong):
        yield file, what


def _wrong_text(file: Path, text: str, wrong: Callable[[Content, Path], str]) -> str:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return "is damaged: it is no JSON"
    if not isinstance(content, dict):
        return "is damaged: it holds no JSON object"
    return wrong(content, file.parent)


def _wrong_config(content: Content, folder: Path) -> str:
    if unknown := sorted(set(content) - ENTRY_FIELDS):
        return f"has a field {unknown[0]!r} that this version of medsweep does not know"
    missing = [name for name in ("trial", "number", "config") if name not in content]
    if missing:
        return f"is damaged: it has no field {missing[0]!r}"
    if problem := _wrong_name(content, folder):
        return problem
    if not isinstance(content["config"], dict) or not isinstance(
        content.get("parameters", {}), dict
    ):
        return "is damaged: its fields 'config' and 'parameters' are no objects"
    base = content.get("base")
    if base is not None and (not isinstance(base, str) or Path(base).name != base):
        return f"is damaged: {base!r} is no base model's key"
    label = content.get("label")
    return "" if label is None or isinstance(label, str) else "is damaged: its label is no text"


def _wrong_record(content: Content, folder: Path) -> str:
    if content.get("state") not in STATES:
        return f"is damaged: its state {content.get('state')!r} is none of {', '.join(STATES)}"
    for name in ("metrics", "parameters"):
        if not isinstance(content.get(name, {}), dict):
            return f"is damaged: its {name} are no object"
    for name in ("label", "kind", "engine", "error", "started", "finished"):
        if not isinstance(content.get(name), str | None):
            return f"is damaged: its field {name!r} is no text"
    return _wrong_name(content, folder)


def _wrong_name(content: Content, folder: Path) -> str:
    """A file of another trial, or whose name leads elsewhere: names come from folders."""
    seeds = folder.parent.name == "seeds"
    trial = folder.parents[1].name if seeds else folder.name
    name = f"{trial}/seeds/{folder.name}" if seeds else trial
    if seeds and not folder.name.isdecimal():
        return "is in a folder whose name is no number of a seed"
    if content.get("trial", name) != name:
        return f"is of another trial ({content['trial']!r})"
    if "number" not in content:  # of a record of an earlier version
        return ""
    number, base = content["number"], folder.parent.name == "base"
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        return f"is damaged: {number!r} is no trial's number"
    mine = number == 0 if base else trial_name(number) == trial  # 0 is a base model's
    return "" if mine else f"is of another trial (number {number})"


def _wrong_confirm(content: Content, folder: Path) -> str:
    lists, numbers = ("candidates", "baselines", "vary"), ("seeds", "first_seed")
    for name in lists:
        found = content.get(name)
        if not isinstance(found, list) or not all(isinstance(x, str) for x in found):
            return f"is damaged: its field {name!r} is no list of names"
    for name in numbers:
        if not isinstance(content.get(name), int):
            return f"is damaged: its field {name!r} is no number"
    pool = content.get("pool", {})
    if not isinstance(pool, dict) or not all(isinstance(x, int | float) for x in pool.values()):
        return "is damaged: its field 'pool' holds no numbers"
    for trial in (*content["candidates"], *content["baselines"]):
        if Path(trial).name != trial or not (folder / "trials" / trial / "config.json").is_file():
            return f"names a trial that is not there ({trial!r})"
    return ""


def _wrong_fingerprints(content: Content, folder: Path) -> str:
    found, changes = content.get("fingerprints", {}), content.get("changes", [])
    if not isinstance(found, dict) or not all(isinstance(x, str) for x in found.values()):
        return "is damaged: its fingerprints are no texts"
    known = isinstance(changes, list) and all(map(_is_change, changes))
    return "" if known else "is damaged: its changes cannot be read"


def _is_change(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("at"), str)
        and all(isinstance(entry.get(name), list) for name in ("changed", "ended", "begun"))
        and all(isinstance(c, dict) and {"what", "was", "now"} <= set(c) for c in entry["changed"])
    )


def _wrong_modules(content: Content, folder: Path) -> str:
    text = isinstance(content.get("folder"), str) and isinstance(content.get("sha256"), dict)
    return "" if text else "is damaged: it names no folder with its files"


def _wrong_test(content: Content, folder: Path) -> str:
    sections = all(isinstance(value, dict | list | str | int) for value in content.values())
    return "" if content and sections else "is damaged: it names no opening"


WHOLE_RUN: dict[str, Callable[[Content, Path], str]] = {
    "confirm.json": _wrong_confirm,
    "fingerprints.json": _wrong_fingerprints,
    "modules.json": _wrong_modules,
    "test.json": _wrong_test,
}
