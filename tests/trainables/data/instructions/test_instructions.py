"""Every prompt format, word for word."""

import pytest

from trainables.data.about import about_item
from trainables.data.config import DataConfig
from trainables.data.instructions import (
    chain_of_thought,
    extractive,
    multiple_choice,
    plain,
    yes_no_maybe,
)
from trainables.data.instructions.registry import INSTRUCTIONS
from trainables.data.instructions.rows import row_of, rows_of_items
from trainables.data.items import Item
from trainables.data.rows import Row
from trainables.errors import InputError

CHOICE = Item(
    "1", "g", "Which is blue?", "sky", "", ("grass", "sky", "snow"), 1, "Light scatters.", "colours"
)
DECISION = Item(
    "2",
    "g",
    "Is it blue?",
    "The sky is blue.",
    "They saw it.",
    ("yes", "no", "maybe"),
    0,
    "The sky is blue.",
)
SPAN = Item("3", "g", "What?", "the sky", "They saw the sky.")


def test_plain() -> None:
    assert plain.question(DECISION) == "They saw it.\n\nIs it blue?"
    assert plain.question(CHOICE) == "Which is blue?"
    assert plain.answer(DECISION, "after") == "The sky is blue."  # is its own rationale
    assert plain.answer(CHOICE, "before") == "Light scatters.\n\nAnswer: sky"
    assert plain.options(CHOICE) == ("grass", "sky", "snow")


def test_yes_no_maybe() -> None:
    assert yes_no_maybe.question(DECISION) == (
        "They saw it.\n\nIs it blue?\nAnswer with yes, no or maybe."
    )
    assert yes_no_maybe.answer(DECISION) == "yes"
    assert yes_no_maybe.answer(DECISION, "after") == "yes\n\nThe sky is blue."
    assert yes_no_maybe.answer(DECISION, "before") == "The sky is blue.\n\nAnswer: yes"
    two = DECISION._replace(options=("no", "yes"))
    assert yes_no_maybe.question(two).endswith("Answer with no or yes.")


def test_multiple_choice() -> None:
    assert multiple_choice.question(CHOICE) == "Which is blue?\nA. grass\nB. sky\nC. snow"
    assert multiple_choice.options(CHOICE) == ("A. grass", "B. sky", "C. snow")
    assert multiple_choice.answer(CHOICE) == "B. sky"
    assert multiple_choice.answer(CHOICE, "before") == "Light scatters.\n\nAnswer: B. sky"
    assert multiple_choice.answer(CHOICE, "after") == "B. sky\n\nLight scatters."
    assert multiple_choice.question(CHOICE._replace(context="Seen.")).startswith("Seen.\n\nWhich")


def test_extractive() -> None:
    assert extractive.question(SPAN) == (
        "Passage: They saw the sky.\n\nQuestion: What?\nAnswer with words of the passage, or "
        '"unanswerable" if it does not tell.'
    )
    assert extractive.answer(SPAN) == "the sky"
    assert extractive.answer(SPAN._replace(answer="", kind="unanswerable")) == "unanswerable"


def test_chain_of_thought() -> None:
    asked = 'Think step by step, then give the answer after "Final answer:".'
    assert chain_of_thought.question(DECISION) == f"They saw it.\n\nIs it blue?\n{asked}"
    assert chain_of_thought.question(CHOICE).endswith(f"C. snow\n{asked}")
    assert chain_of_thought.answer(CHOICE) == "Light scatters.\n\nFinal answer: B. sky"
    assert chain_of_thought.answer(DECISION) == "The sky is blue.\n\nFinal answer: yes"
    assert chain_of_thought.answer(CHOICE._replace(rationale="")) == "Final answer: B. sky"
    assert chain_of_thought.options(DECISION)[1] == "Final answer: no"


def test_rows() -> None:
    row = row_of(CHOICE, INSTRUCTIONS["multiple_choice"], "none")
    question = "Which is blue?\nA. grass\nB. sky\nC. snow"
    about = about_item(CHOICE, question)
    assert '"gold":1' in about
    assert row == Row("1", "g", question, "B. sky", "short", "colours", True, about=about)
    text = Item("4", "book", "", "Some words.", kind="text")
    assert row_of(text, INSTRUCTIONS["plain"], "none") == Row(
        "4", "book", "", "Some words.", "text"
    )


def test_the_section_chooses_the_prompt() -> None:
    config = DataConfig.model_validate({"source": "x", "format": "medmcqa"})
    other = config.model_copy(update={"instruction": "plain", "rationale": "after"})
    assert rows_of_items([CHOICE], config, "multiple_choice")[0].answer == "B. sky"
    assert rows_of_items([CHOICE], other, "multiple_choice")[0].answer == "sky\n\nLight scatters."


def test_benchmarks_are_refused_as_training_data_unless_allowed() -> None:
    config = DataConfig.model_validate({"source": "x", "format": "medmcqa"})
    held = [CHOICE, CHOICE._replace(benchmark=True)]
    with pytest.raises(InputError, match="1 of its 2 rows belong to a benchmark's test set"):
        rows_of_items(held, config, "plain")
    allowed = config.model_copy(update={"allow_benchmark_training": True})
    assert len(rows_of_items(held, allowed, "plain")) == 2


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"instruction": "multiple_choice"}, "need a format"),
        ({"rationale": "before"}, "need a format"),
        (
            {"format": "medqa", "instruction": "chain_of_thought", "rationale": "after"},
            "before the answer",
        ),
    ],
)
def test_a_prompt_that_cannot_be(given: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        DataConfig.model_validate({"source": "rows.jsonl", **given})
