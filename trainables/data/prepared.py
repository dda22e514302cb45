"""What is made ready for trials: token rows, and what is asked besides."""

from typing import TYPE_CHECKING, NamedTuple

from trainables.data.benchmark import LoadedBenchmark
from trainables.data.components import weights_of
from trainables.data.entries import DataReport
from trainables.data.mixing import drawn_places
from trainables.data.pairs.config import AnyData, PairsConfig
from trainables.data.token_rows import TokenRows

if TYPE_CHECKING:
    from trainables.staged.config import StagedConfig
    from trainables.training.config import SingleTrial


class Prepared(NamedTuple):
    """What every trial on the same data, tokenizer and length shares.

    Of a mixture it is the pool of all components' rows: `own_rows` makes a trial's own training
    rows of it.
    """

    key: str
    train: TokenRows
    validation: TokenRows
    report: DataReport
    benchmarks: tuple[
        "LoadedBenchmark", ...
    ] = ()  # their items; see evaluation.benchmarks.in_trial
    general: TokenRows | None = None  # rows of `training.regularizer.data`
    general_key: str = ""
    # of a staged trial: a stage's own rows each (the rows above are the last's), and the
    # validation rows of other stages, by the stage's name
    stages: tuple["Prepared", ...] = ()
    elsewhere: tuple[tuple[str, TokenRows], ...] = ()
    unseen: TokenRows | None = None  # pairs of sources that are only measured
    own_key: str = ""  # in `stages`: of the stage's rows alone, whatever stages are around it


def own_rows(prepared: Prepared, config: "SingleTrial | StagedConfig") -> Prepared:
    """A trial's own rows, of what it shares with others: those that each of its trainings draws."""
    return drawn(prepared, *(training.data for training in config.stage_trials))


def drawn(prepared: Prepared, data: AnyData, *later: AnyData) -> Prepared:
    """The same with the training rows that the mixture's weights ask for, drawn with `data.seed`.

    Cheap: nothing is read or tokenised. Without weights it is what was given. `later` are the data
    of a staged trial's other stages.
    """
    if later:
        of_stages = zip(prepared.stages, (data, *later), strict=True)
        stages = tuple(drawn(stage, own) for stage, own in of_stages)
        return prepared._replace(stages=stages, train=stages[-1].train)
    weights = None if isinstance(data, PairsConfig) else weights_of(data)
    if weights is None:
        return prepared
    pool = prepared.train
    places = drawn_places(pool.ids, pool.components, weights, data.seed)
    return prepared._replace(train=pool.take(places))
