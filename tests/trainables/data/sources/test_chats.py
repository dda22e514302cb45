"""Files of chats: what is read, what is joined or left out, what is refused and how."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.trainables.data import tokenizers
from tests.trainables.data.tokenizers import byte_level
from trainables.data.config import DataConfig, FieldMapping
from trainables.data.filters import clean_rows
from trainables.data.formats.reading import read_rows
from trainables.data.noticed import noticed, told
from trainables.data.prepare import prepare, prepare_text
from trainables.data.rows import Row, row_table, table_rows
from trainables.data.sources import files
from trainables.data.sources.registry import source_of
from trainables.data.turns import Turn, read
from trainables.errors import InputError

ASK, ANSWER = "What is Velamol for?", "Velamol is for high blood pressure."
AGAIN, MORE = "How much of it?", "5 mg once a day, in the morning."


def openai(*turns: tuple[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": text} for role, text in turns], **more}


def sharegpt(*turns: tuple[str, Any], **more: Any) -> dict[str, Any]:
    return {"conversations": [{"from": role, "value": text} for role, text in turns], **more}


def rows_in(folder: Path, *records: dict[str, Any], **fields: Any) -> list[Row]:
    path = folder / "chats.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    config = DataConfig(source=str(path), **fields)
    source = source_of(config)
    return source.read(config, str(source.fingerprint(config, True))).rows


def refused(folder: Path, record: dict[str, Any], *said: str, **fields: Any) -> None:
    good = openai(("user", ASK), ("assistant", ANSWER))
    if "conversations" in record:
        good = sharegpt(("human", ASK), ("gpt", ANSWER))
    with pytest.raises(InputError) as caught:
        rows_in(folder, good, record, **fields)
    text = str(caught.value)
    for part in ("chats.jsonl, row 2", *said):
        assert part in text
    assert caught.value.fix
    assert len(text) < 1500


@pytest.mark.parametrize("format", [None, "messages", "sharegpt"])
def test_both_layouts_are_found_and_read_by_name(tmp_path: Path, format: Any) -> None:
    record = openai(("system", "Be brief."), ("user", ASK), ("assistant", ANSWER))
    if format == "sharegpt":
        record = sharegpt(("system", "Be brief."), ("human", ASK), ("gpt", ANSWER))
    (row,) = rows_in(tmp_path, record, format=format)
    assert (row.question, row.answer, row.system, row.turns) == (ASK, ANSWER, "Be brief.", "")


@pytest.mark.parametrize("format", [None, "sharegpt"])
def test_several_turns(tmp_path: Path, format: Any) -> None:
    record = sharegpt(("human", ASK), ("gpt", ANSWER), ("human", AGAIN), ("gpt", MORE))
    (row,) = rows_in(tmp_path, record, format=format)
    assert row.answer == MORE
    assert row.question == f"User: {ASK}\n\nAssistant: {ANSWER}\n\nUser: {AGAIN}"
    assert read(row.turns).turns == (
        Turn("user", ASK),
        Turn("assistant", ANSWER),
        Turn("user", AGAIN),
        Turn("assistant", MORE),
    )
    assert table_rows(row_table([row])) == [row]


def test_a_table_of_before_has_no_turns() -> None:
    row = Row("1", "g", ASK, ANSWER)
    assert table_rows(row_table([row]).drop_columns(["turns", "system"])) == [row]


def test_chats_are_said_in_the_version(tmp_path: Path) -> None:
    rows_in(tmp_path, openai(("user", ASK), ("assistant", ANSWER)))
    config = DataConfig(source=str(tmp_path / "chats.jsonl"))
    found = files.read(config, files.fingerprint(config, True))
    assert found.version.endswith("(chats in the column messages)")
    assert found.how == ("chats in the column messages",)


def test_a_column_may_be_named(tmp_path: Path) -> None:
    record = {"dialog": openai(("user", ASK), ("assistant", ANSWER))["messages"], "case": "c1"}
    (row,) = rows_in(tmp_path, record, fields={"messages": "dialog", "group": "case"})
    assert (row.question, row.group) == (ASK, "c1")
    with pytest.raises(ValueError, match="messages holds question and answer: remove answer"):
        FieldMapping(messages="dialog", answer="text")


def test_columns_for_question_and_answer_come_first(tmp_path: Path) -> None:
    record = {"question": ASK, "answer": ANSWER, **openai(("user", "x"), ("assistant", "y"))}
    assert rows_in(tmp_path, record)[0].question == ASK


@pytest.mark.parametrize(
    ("turns", "question", "answer", "remark"),
    [
        (
            (("user", ASK), ("user", AGAIN), ("assistant", ANSWER)),
            f"{ASK}\n\n{AGAIN}",
            ANSWER,
            "joined_turns",
        ),
        (
            (("user", ASK), ("assistant", ANSWER), ("assistant", MORE)),
            ASK,
            f"{ANSWER}\n\n{MORE}",
            "joined_turns",
        ),
        (
            (("user", ASK), ("assistant", ANSWER), ("user", AGAIN)),
            ASK,
            ANSWER,
            "open_end",
        ),
        (
            (("assistant", "Hello!"), ("user", ASK), ("assistant", ANSWER)),
            ASK,
            ANSWER,
            "opening_answer",
        ),
    ],
)
def test_what_does_not_alternate_is_mended_and_counted(
    tmp_path: Path, turns: Any, question: str, answer: str, remark: str
) -> None:
    (row,) = rows_in(tmp_path, openai(*turns))
    assert (row.question, row.answer) == (question, answer)
    assert noticed([row])[remark] == {"rows": 1, "first": "1"}
    kept, _ = clean_rows([row], DataConfig(source="a.jsonl").cleaning)
    assert kept == [row]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (openai(("user", ASK), ("assistant", None)), "short_answer"),
        (openai(("user", ""), ("assistant", ANSWER)), "short_question"),
        (openai(("user", ASK), ("assistant", " "), ("user", AGAIN), ("assistant", MORE)), None),
        (openai(("user", ASK)), None),
        (openai(), None),
        ({"messages": None}, None),
    ],
)
def test_a_turn_that_says_nothing_drops_the_row(
    tmp_path: Path, record: dict[str, Any], reason: str | None
) -> None:
    rows = rows_in(tmp_path, record)
    kept, dropped = clean_rows(rows, DataConfig(source="a.jsonl").cleaning)
    assert kept == []
    assert dropped[reason or "short_answer"] + (0 if reason else dropped["short_question"]) == 1


def test_short_answers_stay_within_a_chat(tmp_path: Path) -> None:
    rows = rows_in(
        tmp_path,
        openai(("user", ASK), ("assistant", "Yes."), ("user", "Sure?"), ("assistant", "Yes.")),
    )
    assert clean_rows(rows, DataConfig(source="a.jsonl").cleaning)[0] == rows


def test_content_in_parts_and_as_json(tmp_path: Path) -> None:
    parts = [{"type": "text", "text": "What is "}, {"type": "text", "text": "Velamol for?"}]
    (row,) = rows_in(tmp_path, openai(("user", parts), ("assistant", ANSWER)))
    assert row.question == ASK
    text = json.dumps(openai(("user", ASK), ("assistant", ANSWER))["messages"])
    assert rows_in(tmp_path, {"messages": text})[0] == row
    refused(tmp_path, {"messages": "Hello"}, "no JSON list of turns")


def test_answers_that_are_not_to_be_learnt(tmp_path: Path) -> None:
    record = openai(("user", ASK), ("assistant", ANSWER), ("user", AGAIN), ("assistant", MORE))
    record["messages"][1]["weight"] = 0
    (row,) = rows_in(tmp_path, record)
    assert [turn.learn for turn in read(row.turns).turns] == [True, False, True, True]
    assert "unlearnt" in noticed([row])


def test_thoughts_of_a_turn_stand_before_its_answer(tmp_path: Path) -> None:
    record = openai(("user", ASK), ("assistant", ANSWER))
    record["messages"][1]["reasoning_content"] = "It lowers the pressure.\n"
    (row,) = rows_in(tmp_path, record)
    assert row.answer == f"<think>\nIt lowers the pressure.\n</think>\n\n{ANSWER}"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (openai(("user", ASK), ("tool", "{}"), ("assistant", ANSWER)), "turn 2: the role 'tool'"),
        (sharegpt(("human", ASK), ("function_call", "{}"), ("gpt", "a")), "of tools"),
        (
            {
                "messages": [
                    {"role": "user", "content": ASK},
                    {"role": "assistant", "tool_calls": [1]},
                ]
            },
            "turn 2: the key 'tool_calls' is of tools",
        ),
        (openai(("user", ASK), ("assistant", ANSWER), tools=[{"type": "function"}]), "tools"),
        (
            openai(("narrator", ASK), ("assistant", ANSWER)),
            "turn 1 has the unknown role 'narrator'",
        ),
        ({"messages": [{"text": ASK}]}, "turn 1 has neither role nor from"),
        (
            openai(("user", ASK), ("system", "Now!"), ("assistant", "a")),
            "a system turn after others",
        ),
        (openai(("user", [{"type": "image_url"}]), ("assistant", "a")), "is of type 'image_url'"),
        (openai(("user", {"a": 1}), ("assistant", "a")), "content is not text but dict"),
        ({"messages": {"role": "user"}}, "not a list of turns"),
        ({"messages": ["Hello"]}, "not a list of turns"),
        (
            openai(("system", "One."), ("user", ASK), ("assistant", "a"), system="Two."),
            "say different things",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, record: dict[str, Any], said: str) -> None:
    refused(tmp_path, record, said)


def test_a_system_column_beside_the_chat(tmp_path: Path) -> None:
    (row,) = rows_in(tmp_path, sharegpt(("human", ASK), ("gpt", ANSWER), system="Be kind."))
    assert row.system == "Be kind."


def test_chats_go_the_whole_way(cache: Path, tmp_path: Path) -> None:
    records = [
        openai(
            ("user", f"What is drug number {n} for?"),
            ("assistant", f"For case {n * n} of {n}."),
            ("user", "How often?"),
            ("assistant", f"{n} times in {n + 3} days."),
        )
        for n in range(30)
    ]
    rows_in(tmp_path, *records)
    config = DataConfig(source=str(tmp_path / "chats.jsonl"))
    found = prepare_text(config)
    assert sum(found.report["kept"].values()) == 30
    assert told(found.report) == [f"{config.source}: chats in the column messages"]
    assert all(row.turns for row in found.train)
    assert prepare_text(config) == found


def test_a_setting_of_chats_without_chats_is_refused(cache: Path) -> None:
    data = DataConfig(source="toy:drugs", loss_turns="last")
    with pytest.raises(InputError, match=r"data\.loss_turns: has no effect: no row is a chat"):
        prepare(data, lambda: byte_level(tokenizers.CHATML), "bytes", 200)


def test_the_last_turn_alone_is_another_key(cache: Path, tmp_path: Path) -> None:
    turns = [
        (r, f"{r} says {n}, and then {n * n}.") for n in range(9) for r in ("user", "assistant")
    ]
    rows_in(tmp_path, *(openai(*turns[at : at + 4]) for at in range(0, 14, 2)))
    data = DataConfig(source=str(tmp_path / "chats.jsonl"), system_prompt=None)
    last = data.model_copy(update={"loss_turns": "last"})
    whole, ends = (
        prepare(each, lambda: byte_level(tokenizers.CHATML), "bytes", 900) for each in (data, last)
    )
    assert whole.key != ends.key
    assert whole.train.answer_tokens() > ends.train.answer_tokens() > 0
    assert "loss_turns" not in data.model_dump()


def test_a_column_of_reasoning_is_no_part_of_chats(tmp_path: Path) -> None:
    record = openai(("user", ASK), ("assistant", ANSWER), why="because")
    with pytest.raises(InputError, match=r"no such column.*messages: messages"):
        rows_in(tmp_path, record, fields={"reasoning": "why"})


def test_columns_of_system_prompts_and_reasoning(tmp_path: Path) -> None:
    records = [
        {
            "question": ASK,
            "answer": ANSWER,
            "role": "Be brief.",
            "why": "It lowers\nthe pressure.\n",
        },
        {"question": AGAIN, "answer": MORE, "role": None, "why": ""},
    ]
    fields = {"system": "role", "reasoning": "why"}
    first, second = rows_in(tmp_path, *records, fields=fields)
    assert (first.system, second.system) == ("Be brief.", "")
    assert first.answer == f"<think>\nIt lowers\nthe pressure.\n</think>\n\n{ANSWER}"
    assert second.answer == MORE
    before, _ = rows_in(tmp_path, *records, fields=fields, rationale="before")
    assert before.answer.endswith(f"the pressure.\n\nAnswer: {ANSWER}")
    after, _ = rows_in(tmp_path, *records, fields=fields, rationale="after")
    assert after.answer.startswith(f"{ANSWER}\n\nIt lowers")
    with pytest.raises(InputError, match=r"data\.fields\.system: chats.jsonl, row 1 has no such"):
        rows_in(tmp_path, *records, fields={"system": "none"})


def test_each_row_is_seen_with_its_own_system_prompt(cache: Path, tmp_path: Path) -> None:
    records = [
        {"question": f"What is number {n}?", "answer": f"It is {n} of {n * n}.", "role": role}
        for n, role in enumerate(("Be brief.", "Be kind.", None, "") * 8)
    ]
    rows_in(tmp_path, *records, fields={"system": "role"})
    data = DataConfig(
        source=str(tmp_path / "chats.jsonl"), fields={"system": "role"}, system_prompt="Be good."
    )
    tokenizer = byte_level(tokenizers.CHATML)
    made = prepare(data, lambda: tokenizer, "bytes", 900)
    rows, own = made.train, made.report["system_prompts"]
    assert own["different"] == 2
    assert own["text"] is None
    assert "training rows have system prompts of their own (2 different)" in told(made.report)[-1]
    for place, id in enumerate(rows.ids):
        wanted = records[int(id) - 1]["role"] or "Be good."
        assert tokenizer.decode(rows.prompt(place)).startswith(f"<|im_start|>system\n{wanted}<|im")


def test_a_chat_and_the_same_as_a_format_are_the_same_rows(tmp_path: Path) -> None:
    record = openai(("system", "s"), ("user", ASK), ("assistant", ANSWER), ("user", "a"))
    found = rows_in(tmp_path, record)
    config = DataConfig(source=str(tmp_path / "chats.jsonl"), format="messages")
    assert read_rows(config, "x").rows == found


def test_one_system_prompt_of_all_rows_is_told(cache: Path, tmp_path: Path) -> None:
    said = [f"What is number {n}?" for n in range(30)]
    turns = [(("system", "Be kind."), ("user", q), ("assistant", f"{q} It is.")) for q in said]
    rows_in(tmp_path, *(openai(*each) for each in turns))
    data = DataConfig(source=str(tmp_path / "chats.jsonl"))
    for private, text in ((False, "Be kind."), (True, None)):
        config = data.model_copy(update={"private": private})
        made = prepare(config, lambda: byte_level(tokenizers.CHATML), "bytes", 900)
        assert made.report["system_prompts"]["text"] == text


def test_trls_prompt_and_completion_of_turns(tmp_path: Path) -> None:
    whole = openai(("user", ASK), ("assistant", ANSWER), ("user", AGAIN), ("assistant", MORE))
    record = {"prompt": whole["messages"][:3], "completion": whole["messages"][3:]}
    (row,) = rows_in(tmp_path, record, fields={"question": "prompt", "answer": "completion"})
    assert (row.question.count("\n\n"), row.answer) == (2, MORE)
    assert [turn.learn for turn in read(row.turns).turns] == [True, False, True, True]


def test_turns_by_column_as_the_hub_may_hold_them(tmp_path: Path) -> None:
    record = {"messages": {"role": ["user", "assistant"], "content": [ASK, ANSWER]}}
    (row,) = rows_in(tmp_path, record)
    assert (row.question, row.answer) == (ASK, ANSWER)


def test_absent_keys_of_a_table_are_null(tmp_path: Path) -> None:
    turns = [
        {"role": None, "from": "human", "content": None, "value": ASK, "tool_calls": None},
        {"role": "assistant", "from": None, "content": ANSWER, "value": None, "tool_calls": []},
    ]
    (row,) = rows_in(tmp_path, {"messages": turns, "tools": None})
    assert (row.question, row.answer) == (ASK, ANSWER)


def test_alpaca_with_a_history_and_a_system_prompt(tmp_path: Path) -> None:
    record = {
        "instruction": AGAIN,
        "input": "",
        "output": MORE,
        "system": "Be kind.",
        "history": [[ASK, ANSWER]],
    }
    plain = {"instruction": ASK, "input": "", "output": ANSWER, "history": []}
    row, single = rows_in(tmp_path, record, plain, format="alpaca")
    assert (row.system, row.answer) == ("Be kind.", MORE)
    assert [turn.content for turn in read(row.turns).turns] == [ASK, ANSWER, AGAIN, MORE]
    assert (single.question, single.turns) == (ASK, "")
    with pytest.raises(InputError, match="row 1, column 'history': is not a list of pairs"):
        rows_in(tmp_path, {**record, "history": [ASK]}, format="alpaca")


@pytest.mark.parametrize("key", ["text", "parts", "message"])
def test_turns_that_say_it_under_another_key_are_refused_not_empty(
    tmp_path: Path, key: str
) -> None:
    record = {"messages": [{"role": "user", key: ASK}, {"role": "assistant", key: ANSWER}]}
    refused(tmp_path, record, "neither content nor value", f"'role', '{key}'")
