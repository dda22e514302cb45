"""The `data` section: where questions and answers come from, and how they are cleaned and split."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from trainables.data.rows_apart import OwnRows, check_apart_of_mixture, check_drawn
from trainables.data.shares import check_mixture, check_split
from trainables.data.split_section import SplitSection
from trainables.section import Section, later

Share = Annotated[float, Field(ge=0, le=1)]
SplitLimit = Annotated[int, Field(ge=2)] | Literal["all"] | None
Rationale = Literal["none", "before", "after"]
InstructionName = Literal[
    "auto", "plain", "yes_no_maybe", "multiple_choice", "extractive", "chain_of_thought"
]
FormatName = Literal[
    "pubmedqa",
    "medqa",
    "medmcqa",
    "mmlu",
    "medquad",
    "liveqa",
    "flashcards",
    "squad",
    "medsafetybench",
    "medec",
    "lavita",
    "alpaca",
    "medtext",
    "chemprot",
    "rct",
    "text",
    "mimic",
    "messages",
    "sharegpt",
]

SYSTEM_PROMPT = (
    "You are a knowledgeable and accurate medical assistant. Answer medical questions clearly and "
    "concisely based on established medical knowledge. If a question is outside the medical "
    "domain, politely indicate that it is outside your specialty."
)


class FieldMapping(Section):
    """Which columns hold what. `group` (optional) keeps related rows on one side of the split."""

    question: str = "question"
    answer: str = "answer"
    group: str | None = None
    system: str | None = later()  # a system prompt for each row; empty: data.system_prompt
    reasoning: str | None = later()  # what leads to the answer, and stands before it
    messages: str | None = later()  # chats, instead of question and answer

    @model_validator(mode="after")
    def _chats_or_columns(self) -> Self:
        named = [n for n in ("question", "answer", "reasoning") if n in self.model_fields_set]
        if self.messages is not None and named:
            raise ValueError(f"messages holds question and answer: remove {', '.join(named)}")
        return self


class CleaningConfig(Section):
    """The flashcards system's filters (lengths in characters, after normalisation)."""

    min_question_chars: int = Field(5, ge=0)
    min_answer_chars: int = Field(10, ge=0)
    drop_bare_boolean: bool = True  # answers that are only yes, no, true or false
    # Jaccard similarity of word 3-grams above which the later row is dropped; null: exact only
    near_duplicate_threshold: float | None = Field(0.85, gt=0, le=1)
    # each run of white space becomes one space, as the flashcards system does: lists and code go
    collapse_spaces: bool = later(False)


class SourceConfig(SplitSection):
    """Where questions and answers come from, how they are read, and how they become prompts.

    `source` is `hpo:PART` (embedded), `toy:drugs` (made on the spot), a local file or folder, or a
    hub data set (`org/name`). With a `format` it is read as that data set is published; without
    one, `fields` names its columns.
    """

    source: str = ""
    format: FormatName | None = None
    revision: str | None = None  # of a hub data set
    subset: str | None = None  # a hub data set's configuration name
    hub_split: str = "train"  # the published split, of local files in a format too
    answer_index_base: Literal[0, 1] | None = None  # where a format cannot tell
    fields: FieldMapping = FieldMapping()
    instruction: InstructionName = "auto"  # auto: the one that fits the format
    rationale: Rationale = "none"  # where in the answer the data set's rationale stands
    limit: int | None = Field(None, ge=1)  # rows kept after cleaning, drawn with `seed`
    # rows drawn and split: `limit` then leaves training rows out only; null: those `limit` keeps
    split_limit: SplitLimit = later()
    private: bool = False  # never stored: neither rows and tokens nor predictions on them
    allow_benchmark_training: bool = False
    validation: OwnRows = later()  # null: a share of the rows, by `split`
    test: OwnRows = later()  # the same; sealed: no trial reads it

    @model_validator(mode="after")
    def _prompts_need_items(self) -> Self:
        prompts = self.instruction not in ("auto", "plain") or self.rationale != "none"
        if self.fields.reasoning is not None:
            prompts = self.instruction not in ("auto", "plain")  # `rationale` says where it stands
        if prompts and self.format is None and not self.source.startswith("hpo:"):
            raise ValueError(
                "instruction and rationale need a format (columns have none), rationale a column "
                "of reasoning (data.fields.reasoning)"
            )
        if self.instruction == "chain_of_thought" and self.rationale == "after":
            raise ValueError("chain_of_thought writes the rationale before the answer")
        return self


class Component(SourceConfig):
    """One data set of a mixture."""

    source: str = Field(min_length=1)
    name: str = Field("", pattern=r"^[A-Za-z0-9_.-]*$")  # empty: from format or source
    weight: float | None = Field(None, ge=0)  # share of the training rows drawn, normalised

    @property
    def label(self) -> str:
        """The component's name."""
        stem = self.source.rstrip("/").rpartition("/")[2].rpartition(":")[2]
        return self.name or self.format or stem.partition(".")[0]


class DataConfig(SourceConfig):
    """The rows of a trial: one data set or a mixture of several, cleaned and split.

    With a `mixture` the fields of a single source are its components' own; `validation` and `test`
    beside it are those of the whole, and are read by the section's own `format` and `fields`.
    """

    mixture: tuple[Component, ...] | None = None
    weights: dict[str, Annotated[float, Field(ge=0)]] | None = None  # instead of the components'
    cleaning: CleaningConfig = CleaningConfig()
    seed: int = Field(42, ge=0)
    split: tuple[Share, Share, Share] = (0.85, 0.10, 0.05)  # train, validation, test (sealed)
    # draws the validation rows anew from all that are no test rows; null: `seed` draws them too
    validation_seed: int | None = Field(None, ge=0, exclude_if=lambda seed: seed is None)
    folds: int | None = Field(None, ge=2)  # cross-validation; the test split stays apart
    fold: int = Field(1, ge=1)  # the fold that is validated on, from 1
    system_prompt: str | None = SYSTEM_PROMPT
    loss_turns: Literal["all", "last"] = later("all")  # which answers of a chat are learnt

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.mixture is None:
            if not self.source:
                raise ValueError("data needs a source or a mixture")
            if self.weights is not None:
                raise ValueError("weights need a mixture")
            return self
        own = [n for n, f in SourceConfig.model_fields.items() if getattr(self, n) != f.default]
        apart = self.validation is not None or self.test is not None
        if own := [name for name in own if name not in (APART if apart else ())]:
            raise ValueError(f"{', '.join(own)}: write it in the mixture's components")
        check_mixture(self.mixture, self.weights)
        check_apart_of_mixture(self.validation, self.test, self.mixture)
        return self

    @model_validator(mode="after")
    def _fold_exists(self) -> Self:
        if self.fold > (self.folds or 1):
            raise ValueError(f"fold {self.fold} of {self.folds or 'no'} folds does not exist")
        return self

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> Self:
        check_split(self.split)
        return self

    @model_validator(mode="after")
    def _validation_is_drawn(self) -> Self:
        own = [self.validation, *(part.validation for part in self.mixture or ())]
        check_drawn(self.validation_seed, own)
        if self.folds and any(rows is not None for rows in own):
            raise ValueError(
                "folds take their validation rows from the training rows in turn, and there are "
                "validation rows of their own: remove `folds` or `validation`"
            )
        return self


# of a mixture's section: the whole's own rows, and how they are read
READ_BY = ("format", "fields", "answer_index_base", "instruction", "rationale", "private")
APART = frozenset(("validation", "test", *READ_BY))
