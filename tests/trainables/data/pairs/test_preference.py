"""Preference data in TRL's formats, against TRL's own reading of them."""

from pathlib import Path
from typing import Any

import pytest
from trl.data_utils import apply_chat_template, maybe_extract_prompt

from tests.trainables.data.formats.shared import json_lines
from tests.trainables.data.test_chat_turns import trl_template
from tests.trainables.data.tokenizers import byte_level
from trainables.data.pairs.config import PairFields, PairSourceConfig
from trainables.data.pairs.pair import PreferencePair
from trainables.data.pairs.preference import fingerprint, pair_of, read
from trainables.data.sources.columns import TableRecord
from trainables.data.tokenise import encoded_rows
from trainables.data.turns import read as read_chat
from trainables.errors import InputError


def made(cells: dict[str, Any], **fields: str) -> PreferencePair | str:
    return pair_of(TableRecord("1", "rows.jsonl, row 1", cells), PairFields(**fields))


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


BEFORE = [
    {"role": "system", "content": "Be brief."},
    user("Hello"),
    assistant("Hi"),
    user("Dose?"),
]
SKY = ("What color is the sky?", "It is blue.", "It is green.")
FORMATS = {
    "explicit text": {"prompt": SKY[0], "chosen": SKY[1], "rejected": SKY[2]},
    "explicit turns": {
        "prompt": [user(SKY[0])],
        "chosen": [assistant(SKY[1])],
        "rejected": [assistant(SKY[2])],
    },
    "implicit turns": {
        "chosen": [user(SKY[0]), assistant(SKY[1])],
        "rejected": [user(SKY[0]), assistant(SKY[2])],
    },
    "text prompt beside conversations": {
        "prompt": SKY[0],
        "chosen": [user(SKY[0]), assistant(SKY[1])],
        "rejected": [user(SKY[0]), assistant(SKY[2])],
    },
    "turns and text": {"prompt": [user(SKY[0])], "chosen": SKY[1], "rejected": SKY[2]},
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_the_same_pair(name: str) -> None:
    pair = made(FORMATS[name])
    assert isinstance(pair, PreferencePair)
    assert (pair.question, pair.chosen, pair.rejected) == SKY


@pytest.mark.parametrize("name", ["explicit turns", "implicit turns"])
def test_conversations_are_parted_as_trl_does(name: str) -> None:
    pair, theirs = made(FORMATS[name]), maybe_extract_prompt(FORMATS[name])
    assert isinstance(pair, PreferencePair)
    assert [turn["content"] for turn in theirs["prompt"]] == [pair.question]
    assert [turn["content"] for turn in theirs["chosen"]] == [pair.chosen]
    assert [turn["content"] for turn in theirs["rejected"]] == [pair.rejected]


def test_an_implicit_prompt_in_text_ends_with_a_whole_word() -> None:
    pair = made({"chosen": "The sky is bright blue.", "rejected": "The sky is bright black."})
    assert isinstance(pair, PreferencePair)
    # TRL's prompt is "The sky is bright bl"
    assert pair[2:5] == ("The sky is bright", "blue.", "black.")


def test_an_implicit_prompt_with_roles_ends_where_the_answer_begins() -> None:
    said = "\n\nHuman: How many lobes has the left lung?\n\nAssistant:"
    pair = made({"chosen": f"{said} It has two.", "rejected": f"{said} It has three."})
    assert isinstance(pair, PreferencePair)
    assert pair[2:5] == (said.strip(), "It has two.", "It has three.")


def test_several_turns_and_a_system_turn_stay_what_they_are() -> None:
    pair = made({"chosen": [*BEFORE, assistant("5 mg")], "rejected": [*BEFORE, assistant("5 g")]})
    assert isinstance(pair, PreferencePair)
    assert pair.system == "Be brief."
    assert pair.question == "User: Hello\n\nAssistant: Hi\n\nUser: Dose?"  # for people, and groups
    better, worse = pair.rows()
    said = [("user", "Hello"), ("assistant", "Hi"), ("user", "Dose?")]
    for row, answer in ((better, "5 mg"), (worse, "5 g")):
        turns = read_chat(row.turns).turns
        assert [turn[:2] for turn in turns] == [*said, ("assistant", answer)]
        assert [turn.learn for turn in turns] == [True, False, True, True]
        assert row.system == "Be brief."
    alone = made({"prompt": [BEFORE[0], user("Dose?")], "chosen": "5 mg", "rejected": "5 g"})
    assert isinstance(alone, PreferencePair)
    assert (alone.system, alone.question, alone.turns) == ("Be brief.", "Dose?", "")


def told(role: str, text: str) -> dict[str, str]:
    """A turn as ShareGPT has it."""
    return {"from": role, "value": text}


SHAREGPT = {
    "one answer each": {
        "conversations": [told("human", SKY[0])],
        "chosen": told("gpt", SKY[1]),
        "rejected": told("gpt", SKY[2]),
    },
    "lists of one": {
        "conversations": [told("human", SKY[0])],
        "chosen": [told("gpt", SKY[1])],
        "rejected": [told("gpt", SKY[2])],
    },
    "whole conversations": {
        "chosen": [told("human", SKY[0]), told("gpt", SKY[1])],
        "rejected": [told("human", SKY[0]), told("gpt", SKY[2])],
    },
    "answers as text": {
        "conversations": [told("human", SKY[0])],
        "chosen": SKY[1],
        "rejected": SKY[2],
    },
    "our names of the turns": {
        "messages": [user(SKY[0])],
        "chosen": assistant(SKY[1]),
        "rejected": assistant(SKY[2]),
    },
}


@pytest.mark.parametrize("name", SHAREGPT)
def test_sharegpt_s_pairs_are_the_same(name: str) -> None:
    pair = made(SHAREGPT[name])
    assert isinstance(pair, PreferencePair)
    assert (pair.question, pair.chosen, pair.rejected) == SKY
    assert (pair.turns, pair.system) == ("", "")


def test_sharegpt_s_several_turns_and_system() -> None:
    before = [told("system", "Be brief."), told("human", "Hello"), told("gpt", "Hi")]
    cells = {
        "conversations": [*before, told("human", "Dose?")],
        "chosen": told("gpt", "5 mg"),
        "rejected": told("gpt", "5 g"),
    }
    as_trl = {"chosen": [*BEFORE, assistant("5 mg")], "rejected": [*BEFORE, assistant("5 g")]}
    assert made(cells) == made(as_trl)
    beside = {**cells, "conversations": cells["conversations"][1:], "system": "Be brief."}  # type: ignore[index]
    assert made(beside) == made(as_trl)


def test_a_conversation_that_holds_the_answer_is_no_prompt() -> None:
    whole = {"messages": [user("a"), assistant("b")], "chosen": "b", "rejected": "c"}
    with pytest.raises(InputError, match="has no such column"):
        made(whole)


def test_a_prompt_that_ends_with_an_answer_is_no_pair() -> None:
    begun = [user("a"), assistant("b")]
    assert made({"prompt": begun, "chosen": "c", "rejected": "d"}) == "not_one_answer"


def test_tools_are_refused_with_the_turn() -> None:
    before = [user("a"), {"role": "tool", "content": "b"}, user("c")]
    with pytest.raises(InputError, match="turn 2: the role 'tool' is of tools"):
        made({"prompt": before, "chosen": "c", "rejected": "d"})


@pytest.mark.parametrize("system", ["Be brief.", None])
@pytest.mark.parametrize("template", ["qwen2_5", "qwen3", "llama3", "gemma", "phi3"])
def test_prompt_and_answers_are_rendered_as_trl_does(template: str, system: str | None) -> None:
    """Token by token, but for what a template adds after an answer's end-of-turn mark."""
    if template == "gemma" and system:
        pytest.skip("the template refuses a system turn, and so does TRL")
    said = BEFORE if system else BEFORE[1:]
    cells = {"prompt": said, "chosen": [assistant("5 mg")], "rejected": [assistant("5 g")]}
    pair = made(cells)
    assert isinstance(pair, PreferencePair)
    tokenizer = byte_level(trl_template(template))
    encoded = encoded_rows(pair.rows(), tokenizer, None, 5000, "train", lambda line: None)
    theirs = apply_chat_template(cells, tokenizer)
    for name, item in zip(("chosen", "rejected"), encoded, strict=True):
        assert item is not None
        whole = theirs["prompt"] + theirs[name].rstrip()
        assert item.input_ids == tokenizer(whole, add_special_tokens=False)["input_ids"]
        before = tokenizer(theirs["prompt"], add_special_tokens=False)["input_ids"]
        thoughts = len("<think>\n\n</think>\n\n") if template == "qwen3" else 0  # not answered
        assert item.answer_start == len(before) + thoughts
        assert item.earlier == ()  # of earlier answers nothing is compared


def test_without_a_template_turns_are_questions_and_answers() -> None:
    pair = made({"prompt": BEFORE, "chosen": "5 mg", "rejected": "5 g"})
    assert isinstance(pair, PreferencePair)
    tokenizer = byte_level(None)
    first, _ = encoded_rows(pair.rows(), tokenizer, None, 5000, "train", lambda line: None)
    assert first is not None
    text = tokenizer.decode(first.input_ids)
    assert text.endswith("Question: Hello\nAnswer: Hi</s>\n\nQuestion: Dose?\nAnswer: 5 mg</s>")


def test_answers_of_several_turns_are_no_pair() -> None:
    more = [user("a"), assistant("b"), user("c"), assistant("d")]
    assert made({"chosen": more, "rejected": [user("a"), assistant("x")]}) == "not_one_answer"


@pytest.mark.parametrize(
    ("cells", "fields", "message"),
    [
        ({"prompt": "a", "chosen": "b"}, {}, "no such column.*'prompt', 'chosen'"),
        ({"chosen": "b", "rejected": 3}, {}, "neither text nor chat messages"),
        ({"chosen": "b", "rejected": [assistant("c")]}, {}, "one answer is text"),
        ({"chosen": "b", "rejected": "c"}, {"prompt": "question"}, "fields.prompt.*question"),
        ({"chosen": [], "rejected": "c"}, {}, "fields.chosen: rows.jsonl, row 1"),
    ],
)
def test_what_is_no_preference_data_is_told(
    cells: dict[str, Any], fields: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        made(cells, **fields)


def test_a_file_is_read(tmp_path: Path) -> None:
    cells = [{**FORMATS["explicit text"], "case": 7}, FORMATS["explicit text"] | {"case": None}]
    turns = {"chosen": [user("a")], "rejected": [user("a"), assistant("b")], "case": 1}
    path = json_lines(tmp_path / "rows.jsonl", [*cells, turns])
    config = PairSourceConfig(source=path, fields=PairFields(group="case"))
    digest = fingerprint(config, True)
    assert digest is not None
    found = read(config, digest)
    assert found.pairs[0].group == "7"
    assert found.pairs[1].group.startswith("q:")
    assert found.dropped == {"not_one_answer": 1}
    assert found.version == f"sha256 {digest.rpartition(':')[2]}"
    other = config.model_copy(update={"fields": PairFields(prompt="x")})
    assert fingerprint(other, True) != digest


@pytest.mark.parametrize("name", ["missing.jsonl", "rows.txt"])
def test_a_file_that_cannot_be_read_is_told(name: str, tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("x")
    config = PairSourceConfig(source=str(tmp_path / name))
    with pytest.raises(InputError, match=r"no such file|not a file of a known kind"):
        read(config, fingerprint(config, True) or "")


ANSWERS = {"chosen": "The drug treats fever.", "rejected": "The drug cures all."}


@pytest.mark.parametrize(
    ("cells", "likely"),
    [
        ({"instruction": "What is it for?", "input": ""}, "instruction"),
        ({"question": "What is it for?"}, "question"),
        ({"system": "You are a doctor.", "question": "What is it for?"}, "question"),
        ({"title": "What is it for?"}, "title"),
    ],
)
def test_a_prompt_is_never_guessed_beside_other_text(cells: dict[str, str], likely: str) -> None:
    with pytest.raises(InputError, match=r"rows.jsonl, row 1 has no such column") as caught:
        made({**cells, **ANSWERS})
    assert (caught.value.field, caught.value.value) == ("data.fields.prompt", "prompt")
    assert f"prompt: {likely}" in str(caught.value.fix)
    pair = made({**cells, **ANSWERS}, prompt=likely)
    assert isinstance(pair, PreferencePair)
    assert (pair.question, pair.chosen) == ("What is it for?", ANSWERS["chosen"])
    turns = {"chosen": [assistant("a")], "rejected": [assistant("b")]}
    with pytest.raises(InputError, match="has no such column"):
        made({**cells, **turns})


def test_a_shared_beginning_beside_other_text_is_asked_for() -> None:
    pair = pair_of(
        TableRecord("1", "rows.jsonl, row 1", {"source": "ward", **ANSWERS}),
        PairFields(prompt=None),
    )
    assert isinstance(pair, PreferencePair)
    assert pair.question == "The drug"


@pytest.mark.parametrize("nothing", [None, float("nan"), ""])
def test_an_absent_answer_is_dropped_as_empty(nothing: object) -> None:
    assert made({"prompt": "Why?", "chosen": "So.", "rejected": nothing}) == "empty"


def test_line_breaks_and_indentation_stay() -> None:
    code = "    if fever:\n        rest()"
    pair = made({"prompt": "How?\n- so", "chosen": code, "rejected": "No."})
    assert isinstance(pair, PreferencePair)
    assert (pair.question, pair.chosen) == ("How?\n- so", code)


PARTS = [{"type": "text", "text": "It is "}, {"type": "text", "text": "heat."}]


@pytest.mark.parametrize(
    "chosen",
    [
        [{"role": "assistant", "content": PARTS}],
        [{"from": "gpt", "value": "It is heat."}],
        {"from": "gpt", "value": "It is heat."},
        {"role": "assistant", "content": "It is heat."},
        '[{"role": "assistant", "content": "It is heat."}]',
        '{"from": "gpt", "value": "It is heat."}',
    ],
)
@pytest.mark.parametrize("prompt", ["What is fever?", [user("What is fever?")]])
def test_turns_in_every_form_are_the_same_pair(chosen: Any, prompt: Any) -> None:
    pair = made({"prompt": prompt, "chosen": chosen, "rejected": [assistant("No.")]})
    assert isinstance(pair, PreferencePair)
    assert (pair.question, pair.chosen, pair.rejected) == ("What is fever?", "It is heat.", "No.")


def test_a_prompt_that_the_conversations_repeat_is_said_once() -> None:
    asked = [user("What is fever?")]
    both = {"chosen": [*asked, assistant("Heat.")], "rejected": [*asked, assistant("No.")]}
    for prompt in (asked, "What is fever?"):
        pair = made({"prompt": prompt, **both})
        assert isinstance(pair, PreferencePair)
        assert (pair.question, pair.chosen) == ("What is fever?", "Heat.")


def test_an_answer_that_only_looks_like_json_stays_text() -> None:
    text = '{"dose": "5 mg"}'
    pair = made({"prompt": "What?", "chosen": text, "rejected": "[1, 2]"})
    assert isinstance(pair, PreferencePair)
    assert (pair.chosen, pair.rejected) == (text, "[1, 2]")


@pytest.mark.parametrize(
    ("cells", "fix"),
    [
        ({"prompt": "a", "chosen": "b", "rejected": ["c", "d"]}, "a row for each"),
        ({"prompt": "a", "answers": ["b", "c"], "ranking": [0, 1]}, "a row a pair"),
        ({"instruction": "a", "input": "", "output": ["b", "c"]}, "a row a pair"),
        ({"prompt": "a", "chosen_response": "b", "rejected_response": "c"}, "chosen_response"),
        ({"chosen": [{**assistant("b"), "tool_calls": [1]}], "rejected": "c"}, "tool"),
    ],
)
def test_layouts_that_are_no_pairs_are_told_what_to_write(cells: dict[str, Any], fix: str) -> None:
    with pytest.raises(InputError) as caught:
        made(cells)
    assert fix in caught.value.fix


def test_columns_that_no_pair_holds_are_said(tmp_path: Path) -> None:
    cells = {"prompt": "a?", "chosen": "b b", "rejected": "c c", "system": "Be kind.", "score": 3}
    config = PairSourceConfig(source=str(json_lines(tmp_path / "pairs.jsonl", [cells])))
    found = read(config, fingerprint(config, True) or "")
    assert found.how == ("the rows hold nothing of the column system",)
