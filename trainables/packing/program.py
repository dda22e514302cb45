"""What a kind of trial does in a pack: how a trial is made, and what a step of all of them is."""

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from trainables.kinds import PACKED

if TYPE_CHECKING:
    from trainables.packing.pack import Pack
    from trainables.packing.trial import PackedTrial


class Program(NamedTuple):
    """`trial(base, config, context, rungs)` makes one, and `step(pack, named trials)` is one step
    of all trials of the kind together. A step lets no error of one trial reach another: what
    concerns one is raised within `pack.own(name)`."""

    trial: Callable[..., "PackedTrial"]
    step: Callable[["Pack", Sequence[tuple[str, Any]]], None]


@cache
def program_of(kind: str) -> Program:
    """The program of a kind that packs: PROGRAM of the module that `kinds.PACKED` names."""
    found: Program = import_module(PACKED[kind]).PROGRAM
    return found
