"""The configuration with which a trial is trained again: its own, with another seed."""

import copy
from collections.abc import Sequence
from typing import Any

from search_spaces.schema import set_path
from sweeps.confirmation.asked import Asked, seeds_of
from sweeps.run_folder.entry import Entry

SPLIT = "data.validation_seed"


def again(entry: Entry, asked: Asked, number: int) -> dict[str, Any]:
    """The configuration of a trial's new run `number` (from 1). All trials have the same seeds, so
    that what a seed does to all of them cancels in their differences."""
    config = copy.deepcopy(entry.config)
    for path in paths(config, asked.vary):
        set_path(config, path, asked.seed(number))
    return config


def paths(config: dict[str, Any], vary: Sequence[str]) -> list[str]:
    """What differs between a trial's runs, of every stage."""
    seeds = list(seeds_of(config))
    splits = [path.replace("training.seed", SPLIT) for path in seeds]
    return [*seeds, *(splits if "split" in vary else ())]


def run_name(trial: str, number: int) -> str:
    """The id of a trial's new run, which is its folder below `trials/`.

    >>> run_name("EXP-007", 2)
    'EXP-007/seeds/2'
    """
    return f"{trial}/seeds/{number}"


def is_run(name: str) -> bool:
    """Whether this is the id of a new run, and not of a trial of the search.

    >>> is_run("EXP-007/seeds/2"), is_run("EXP-007")
    (True, False)
    """
    return "/" in name


def run_of(name: str) -> tuple[str, int]:
    """The trial and the number of a run.

    >>> run_of("EXP-007/seeds/2")
    ('EXP-007', 2)
    """
    trial, _, number = name.split("/")
    return trial, int(number)
