"""The `data` section of a reward model: where pairs of answers come from, how they are split."""

from typing import Literal, Self

from pydantic import Field, model_validator

from trainables.data.config import (
    SYSTEM_PROMPT,
    DataConfig,
    Share,
    SplitLimit,
)
from trainables.data.rows_apart import OwnRows, check_apart_of_mixture, check_drawn
from trainables.data.shares import check_split
from trainables.data.split_section import SplitSection
from trainables.section import Section, later

PairFormatName = Literal["preference", "liveqa", "medec", "medsafetybench"]


class PairFields(Section):
    """Which columns of preference data hold what; TRL's names by default.

    Where `chosen` holds a whole conversation, or no other column holds text, the prompt is what
    both answers begin with; `prompt: null` says so of a file with other columns. `group` (optional)
    keeps related pairs on one side of the split.
    """

    prompt: str | None = "prompt"
    chosen: str = "chosen"
    rejected: str = "rejected"
    group: str | None = None


class PairSourceConfig(SplitSection):
    """Where pairs come from.

    `source` is `hpo:siblings` (embedded), `toy:drugs` (made on the spot), a local file or folder,
    or a hub data set (`org/name`). With a `format` pairs are made of that data set as it is
    published; without one (`preference`), `fields` names the columns.
    """

    source: str = ""
    name: str = Field("", pattern=r"^[A-Za-z0-9_.-]*$")  # empty: from format or source
    format: PairFormatName | None = None
    revision: str | None = None  # of a hub data set
    subset: str | None = None  # a hub data set's configuration name
    hub_split: str | None = None  # the published split, of local files in a format too
    fields: PairFields = PairFields()
    limit: int | None = Field(None, ge=1)  # pairs kept, drawn with `seed`
    # pairs drawn and split: `limit` then leaves training pairs out only; null: those `limit` keeps
    split_limit: SplitLimit = later()
    private: bool = False  # pairs and tokens are never stored
    allow_benchmark_training: bool = False
    validation: OwnRows = later()  # pairs of their own, as rows have them; null: a share by `split`
    test: OwnRows = later()  # the same; sealed: no trial reads it

    @property
    def label(self) -> str:
        """The source's name in tables and records."""
        stem = self.source.rstrip("/").rpartition("/")[2].rpartition(":")[2]
        return self.name or self.format or stem.partition(".")[0]

    def as_data(self, hub_split: str) -> DataConfig:
        """What readers of files, the hub and formats take; `hub_split` where none is given."""
        return DataConfig.model_construct(
            source=self.source,
            format=None if self.format == "preference" else self.format,
            revision=self.revision,
            subset=self.subset,
            hub_split=self.hub_split or hub_split,
            answer_index_base=None,
        )


class PairSource(PairSourceConfig):
    """One source of a mixture, or one that is only measured."""

    source: str = Field(min_length=1)


class PairsConfig(PairSourceConfig):
    """Pairs to train on, of one source or a mixture of several, and `unseen` sources on which the
    model is measured and never trained.

    With a `mixture` the fields of a single source are its members' own; `validation` and `test`
    beside it are those of the whole, and are read by the section's own `format` and `fields`.
    """

    mixture: tuple[PairSource, ...] | None = None
    unseen: tuple[PairSource, ...] = ()
    seed: int = Field(42, ge=0)
    split: tuple[Share, Share, Share] = (0.85, 0.10, 0.05)  # train, validation, test (sealed)
    # draws the validation pairs anew from all that are no test pairs; null: `seed` draws them too
    validation_seed: int | None = Field(None, ge=0, exclude_if=lambda seed: seed is None)
    system_prompt: str | None = SYSTEM_PROMPT

    @property
    def seen(self) -> tuple[PairSourceConfig, ...]:
        """The sources that are trained on."""
        return self.mixture or (self,)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        own = [n for n, f in PairSourceConfig.model_fields.items() if getattr(self, n) != f.default]
        if self.mixture is None and not self.source:
            raise ValueError("data needs a source or a mixture of pair sources")
        if self.mixture is not None:
            whole = self.validation is not None or self.test is not None
            if own := [name for name in own if name not in (APART if whole else ())]:
                raise ValueError(f"{', '.join(own)}: write it in the mixture's sources")
            check_apart_of_mixture(self.validation, self.test, self.mixture)
        apart = [s.label for s in self.unseen if s.validation is not None or s.test is not None]
        if apart:
            raise ValueError(
                f"the unseen source {apart[0]} is only measured, whole: it has no validation or "
                "test of its own"
            )
        names = [source.label for source in (*self.seen, *self.unseen)]
        if any(source.split_limit is not None for source in self.unseen):
            raise ValueError(
                "split_limit is of pairs that are trained on: unseen ones are not split"
            )
        if twice := [name for i, name in enumerate(names) if name in names[:i]]:
            raise ValueError(f"two pair sources are called {twice[0]}: give each a `name`")
        return self

    @model_validator(mode="after")
    def _validation_is_drawn(self) -> Self:
        own = [self.validation, *(source.validation for source in self.seen)]
        check_drawn(self.validation_seed, own)
        return self

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> Self:
        check_split(self.split)
        return self


# of a mixture's section: the whole's own pairs, and how they are read
APART = frozenset(("validation", "test", "format", "fields", "private"))

AnyData = DataConfig | PairsConfig  # the `data` section of a trial of any kind


def private_sources(config: PairsConfig) -> frozenset[str]:
    """The names of sources whose pairs must not be stored; of a mixture's own pairs apart too,
    which may be of a private source."""
    found = {s.label for s in (*config.seen, *config.unseen) if s.private}
    apart = config.mixture and (config.validation is not None or config.test is not None)
    if apart and (found or config.private):
        found |= {"validation", "test"}
    return frozenset(found)
