"""The section `confirm`: which trials are trained again after the search, and how often."""

from typing import Literal, Self

from pydantic import Field, model_validator

from trainables.section import Section, refused

Varied = Literal["seed", "split"]


class ConfirmConfig(Section):
    """After the search the best few are trained again with new seeds, and so are the baselines."""

    top: int = Field(5, ge=1, le=100)  # trials, the best ones by the rule of `search.selection`
    seeds: int = Field(3, ge=1, le=100)  # new ones, for each of them
    baselines: bool = True  # also what `search.baselines` names
    # seed: initialisation, order, dropout; split: also which rows are held out for validation
    vary: tuple[Varied, ...] = ("seed",)
    # trials that can no longer win get no more seeds, others get theirs; it ends once one has won
    stop_when_clear: bool = True

    @model_validator(mode="after")
    def _seeds_vary(self) -> Self:
        if "seed" not in self.vary or len(set(self.vary)) < len(self.vary):
            what = "must name seed, and may name split, each once"
            raise refused("vary", list(self.vary), what, "Write [seed] or [seed, split]")
        return self
