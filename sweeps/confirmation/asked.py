"""What a confirmation is to do, as `confirm.json` keeps it: a resume asks for the same again."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, Self

from sweeps.run_folder.atomic import write_json
from sweeps.run_folder.entry import Entry
from sweeps.run_folder.ledger import Ledger
from sweeps.run_folder.plain_files import read_json
from sweeps.spec.confirm import ConfirmConfig
from sweeps.spec.repeats import SEED, seed_paths
from sweeps.spec.sections import SearchSpec

FILE = "confirm.json"


@dataclass(frozen=True)
class Asked:
    """The trials of a confirmation, how many new seeds each gets, and what tells them apart.

    `metric` and `mode` (min or max) are what the race is run by; None: there is none, since the
    rule compares several metrics, and every trial gets all its seeds. `pool` are the values that
    all complete trials of the search have of it.
    """

    candidates: tuple[str, ...]  # trial ids, the best one first
    baselines: tuple[str, ...]  # those of the spec, where they are confirmed too
    seeds: int
    first_seed: int  # training.seed of everybody's first new run; the next ones count on
    vary: tuple[str, ...] = ("seed",)
    stop_when_clear: bool = True
    metric: str | None = None
    mode: str = "min"
    pool: Mapping[str, float] = field(default_factory=dict)

    @property
    def config(self) -> ConfirmConfig:
        """The section `confirm` that asks for it."""
        asked = {
            "top": max(1, len(self.candidates)),
            "seeds": self.seeds,
            "baselines": bool(self.baselines),
            "vary": self.vary,
            "stop_when_clear": self.stop_when_clear,
        }
        return ConfirmConfig.model_validate(asked)

    @property
    def names(self) -> tuple[str, ...]:
        """All trials that are trained again, each once."""
        return tuple(dict.fromkeys((*self.candidates, *self.baselines)))

    @property
    def races(self) -> bool:
        """Whether trials drop out on the way."""
        return self.stop_when_clear and self.metric is not None and len(self.names) > 1

    @property
    def budget(self) -> int:
        """How many runs there are at most."""
        return len(self.names) * self.seeds

    @property
    def told(self) -> str:
        """E.g. `Training again with 3 new seeds each: EXP-006, EXP-003. At most 6 runs; who can no
        longer win gets no more.`"""
        seeds = f"{self.seeds} new seed{'s' if self.seeds > 1 else ''}"
        race = "; who can no longer win gets no more" if self.races else ""
        if self.stop_when_clear and self.metric is None and len(self.names) > 1:
            race = ", all of them, since the rule compares several metrics and a race takes one"
        rows = " and other validation rows" if "split" in self.vary else ""
        runs = f"{self.budget} run{'s' if self.budget > 1 else ''}"
        each = f"Training again with {seeds}{rows} each: {', '.join(self.names)}"
        return f"{each}. At most {runs}{race}."

    def seed(self, number: int) -> int:
        """`training.seed` of the run with this number, from 1."""
        return self.first_seed + number - 1

    def write(self, folder: Path) -> None:
        """Keep it in the run folder."""
        write_json(folder / FILE, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """What a run folder was asked to confirm; None where it was not."""
        written = read_json(folder / FILE)
        if written is None:
            return None
        lists = {name: tuple(written[name]) for name in ("candidates", "baselines", "vary")}
        return cls(**{**written, **lists})


def asked_now(
    config: ConfirmConfig,
    search: SearchSpec,
    ledger: Ledger,
    best: Sequence[str],
    criterion: tuple[str, str] | None,
) -> Asked:
    """What to do for a section `confirm` on a search that is over; `best` are the trials that can
    be chosen, the best one first, and `criterion` the one metric that chooses, with its mode.

    What an earlier confirmation of the same folder began is kept: its candidates come too, and its
    seeds are not drawn again.
    """
    entries = [entry for entry in ledger.entries() if not entry.is_base]
    repeats = _repeats(entries, seed_paths(search))
    earlier = Asked.read(ledger.folder)
    before = (earlier.candidates, earlier.baselines) if earlier else ((), ())
    firsts = [same[0] for same in repeats]
    named = [e.trial for e in firsts if e.label is not None] if config.baselines else []
    metric, mode = criterion or (None, "min")
    return Asked(
        candidates=tuple(dict.fromkeys((*before[0], *best[: config.top]))),
        baselines=tuple(dict.fromkeys((*before[1], *named))),
        seeds=max(config.seeds, earlier.seeds if earlier else 0),
        first_seed=earlier.first_seed if earlier else 1 + max(_seeds(entries), default=0),
        vary=config.vary,
        stop_when_clear=config.stop_when_clear,
        metric=metric,
        mode=mode,
        pool=_values(ledger, repeats, metric) if metric else {},
    )


def _seeds(entries: Sequence[Entry]) -> list[int]:
    """Every `training.seed` that the search used."""
    return [s for entry in entries for path, s in seeds_of(entry.config).items()]


def seeds_of(config: Mapping[str, Any], prefix: str = "") -> dict[str, int]:
    """The `training.seed` of a trial's trainings, by their paths.

    >>> seeds_of({"stages": [{"training": {"seed": 7}}, {"training": {"seed": 8}}]})
    {'stages.0.training.seed': 7, 'stages.1.training.seed': 8}
    """
    stages = config.get("stages")
    parts = {f"stages.{i}.": stage for i, stage in enumerate(stages)} if stages else {"": config}
    found = {f"{place}training.seed": part["training"]["seed"] for place, part in parts.items()}
    assert all(SEED.fullmatch(path) for path in found)
    return found


def _repeats(entries: Iterable[Entry], seeds: Sequence[str]) -> list[list[Entry]]:
    """Trials that differ only in the seeds that the search varied, by their first ones."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        own = {path: value for path, value in entry.parameters.items() if path not in seeds}
        found.setdefault(json.dumps([own, not seeds and entry.trial]), []).append(entry)
    return list(found.values())


def _values(ledger: Ledger, repeats: Iterable[list[Entry]], metric: str) -> dict[str, float]:
    """The metric of every configuration that is complete, the mean over its seeds."""
    found = {}
    for same in repeats:
        records = [record for entry in same if (record := ledger.record(entry))]
        values = [
            record["metrics"][metric]
            for record in records
            if record["state"] == "complete" and metric in record["metrics"]
        ]
        if values:
            found[same[0].trial] = fmean(values)
    return found
