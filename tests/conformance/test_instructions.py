"""One suite over every prompt format and every published format."""

from typing import Any, get_args

import pytest

from trainables.data.config import FormatName, InstructionName
from trainables.data.formats.registry import FORMATS
from trainables.data.instructions.registry import INSTRUCTIONS
from trainables.data.items import Item

CLOSED = Item(
    "1", "g", "Which is blue?", "sky", "", ("grass", "sky"), 1, "Light scatters.", "colours"
)
DECIDED = CLOSED._replace(
    question="Is it so?", options=("yes", "no", "maybe"), gold=2, answer="It may be."
)
PASSAGE = Item("2", "g", "What is blue?", "the sky", context="They saw the sky.")
ITEMS = {"closed": CLOSED, "decided": DECIDED, "passage": PASSAGE}


def test_the_spec_offers_what_there_is() -> None:
    assert set(get_args(InstructionName)) - {"auto"} == set(INSTRUCTIONS)
    assert set(get_args(FormatName)) == set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_fits_a_prompt_and_says_where_it_is_from(name: str) -> None:
    format = FORMATS[name]
    assert format.instruction in INSTRUCTIONS
    assert format.evaluation in format.splits
    assert format.benchmark <= set(format.splits)
    if name != "text":
        assert format.citation
        assert format.licence


@pytest.mark.parametrize("item", ITEMS)
@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_the_prompt_asks_and_does_not_answer(name: str, item: str) -> None:
    instruction, asked = INSTRUCTIONS[name], ITEMS[item]
    question = instruction.question(asked)
    assert asked.question in question
    assert asked.context in question
    changed = asked._replace(gold=0 if asked.options else None, answer="other", rationale="other")
    assert instruction.question(changed) == question


@pytest.mark.parametrize("rationale", ["none", "before", "after"])
@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_an_unpublished_answer_is_empty(name: str, rationale: Any) -> None:
    hidden = CLOSED._replace(gold=None, answer="", rationale="Because.")
    assert INSTRUCTIONS[name].answer(hidden, rationale) == ""


@pytest.mark.parametrize("name", sorted(set(INSTRUCTIONS) - {"extractive"}))
def test_an_option_s_text_each_and_the_right_one_is_the_answer(name: str) -> None:
    for item in (CLOSED, DECIDED):
        texts = INSTRUCTIONS[name].options(item)
        assert len(texts) == len(set(texts)) == len(item.options)
        if name == "plain" or (name == "yes_no_maybe") != (item is DECIDED):
            continue
        bare = item._replace(rationale="")
        assert INSTRUCTIONS[name].answer(bare, "none") == texts[item.gold or 0]
