import json

import pytest

from trainables.data.about import COLUMNS, about_item, about_row
from trainables.data.items import Item

CHOICE = Item("1", "g", "Which is blue?", "sky", options=("grass", "sky"), gold=0, rationale="So.")


def test_what_is_known_is_kept() -> None:
    text = about_item(CHOICE, "Which is blue?\nA. grass\nB. sky")
    assert about_row(text) == {
        "question": "Which is blue?",
        "options": ["grass", "sky"],
        "gold": 0,
        "rationale": "So.",
    }
    assert " " not in json.dumps(json.loads(text)["options"], separators=(",", ":"))


def test_the_prompt_is_not_kept_twice() -> None:
    assert about_item(Item("1", "g", "Why? ", "So."), "Why?") == ""
    assert about_row("") == {}


def test_a_request_for_harm_is_known_as_one() -> None:
    assert about_row(about_item(Item("1", "g", "How?", "No.", kind="unsafe"), "How?")) == {
        "unsafe": True
    }
    assert about_item(Item("1", "g", "How?", "No.", kind="multi"), "How?") == ""


@pytest.mark.parametrize("field", ["question", "context", "rationale"])
def test_texts_are_cleaned_as_rows_are(field: str) -> None:
    odd = CHOICE._replace(**{field: "a\x00 \ud800 b\n c"})
    assert about_row(about_item(odd, "prompt"))[field] == "a  b\n c"
    assert set(about_row(about_item(odd, "prompt"))) <= set(COLUMNS)
