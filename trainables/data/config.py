"""The `data` section: where questions and answers come from, and how they are cleaned and split."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from trainables.section import Section

Share = Annotated[float, Field(ge=0, le=1)]

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


class CleaningConfig(Section):
    """The flashcards system's filters (lengths in characters, after normalisation)."""

    min_question_chars: int = Field(5, ge=0)
    min_answer_chars: int = Field(10, ge=0)
    drop_bare_boolean: bool = True  # answers that are only yes, no, true or false
    # Jaccard similarity of word 3-grams above which the later row is dropped; null: exact only
    near_duplicate_threshold: float | None = Field(0.85, gt=0, le=1)


class DataConfig(Section):
    """One data set of question–answer rows.

    `source` is `hpo:definitions` (embedded), `toy:drugs` (made on the spot), a local file
    (.jsonl, .json, .csv, .parquet) or a hub data set (`org/name`).
    """

    source: str = Field(min_length=1)
    revision: str | None = None  # of a hub data set
    subset: str | None = None  # a hub data set's configuration name
    hub_split: str = "train"
    fields: FieldMapping = FieldMapping()
    cleaning: CleaningConfig = CleaningConfig()
    limit: int | None = Field(None, ge=1)  # rows kept after cleaning, drawn with `seed`
    seed: int = Field(42, ge=0)
    split: tuple[Share, Share, Share] = (0.85, 0.10, 0.05)  # train, validation, test (sealed)
    system_prompt: str | None = SYSTEM_PROMPT

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> Self:
        if abs(sum(self.split) - 1) > 1e-9:
            shares = list(self.split)
            raise ValueError(f"split must sum to 1, got {shares}; e.g. [0.85, 0.10, 0.05]")
        if self.split[0] == 0 or self.split[1] == 0:
            raise ValueError("split needs a training and a validation share above 0")
        return self
