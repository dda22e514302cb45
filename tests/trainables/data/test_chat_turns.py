"""Chats of several turns as tokens: against the template itself, and against TRL's own."""

from pathlib import Path
from typing import Any

import pytest

from tests.trainables.data import tokenizers
from tests.trainables.data.tokenizers import byte_level
from trainables.data.chat_format import encode
from trainables.data.chat_turns import encode_chats
from trainables.data.rows import Row
from trainables.data.token_rows import from_table, to_table, token_rows
from trainables.data.turns import Chat, Turn, written
from trainables.errors import InputError

TURNS = (
    ("user", "What is fever?"),
    ("assistant", "A raised temperature."),
    ("user", "From what on?"),
    ("assistant", "From 38 degrees on."),
    ("user", "And in children?"),
    ("assistant", "The same."),
)
SYSTEM = "You are a doctor."
# as Mistral: brackets around questions, which carry the system prompt where they are the last
MISTRAL = (
    "{{ bos_token }}{% set ns = namespace(system='') %}{% for m in messages %}"
    "{% if m['role'] == 'system' %}{% set ns.system = m['content'] + '\n\n' %}"
    "{% elif m['role'] == 'user' %}[INST] {% if loop.index0 >= messages | length - 2 %}"
    "{{ ns.system }}{% endif %}{{ m['content'] }} [/INST]{% else %} {{ m['content'] }}"
    "{{ eos_token }}{% endif %}{% endfor %}"
)
PLAIN_MISTRAL = (
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} "
    "[/INST]{% elif m['role'] == 'assistant' %} {{ m['content'] }}{{ eos_token }}"
    "{% else %}{{ raise_exception('Only user and assistant roles') }}{% endif %}{% endfor %}"
)


def trl_template(name: str) -> str:
    import trl

    return (Path(trl.__file__).parent / "chat_templates" / f"{name}.jinja").read_text()


def chat(turns: Any = TURNS, **fields: Any) -> Row:
    found = Chat(tuple(Turn(*turn) for turn in turns))
    row = Row("7", "g", found.question, found.answer, turns=written(found))
    return row._replace(**fields)


def encoded(
    template: str | None,
    row: Row | None = None,
    system: str | None = None,
    length: int = 5000,
    turns: Any = "all",
) -> Any:
    found = encode_chats(byte_level(template), [row or chat()], system, length, turns)[0]
    return token_rows([row for row, _ in found], [item for _, item in found])


def learnt(rows: Any, tokenizer: Any, place: int = 0) -> list[str]:
    """The runs of supervised tokens of a row, as text."""
    row, places = rows.row(place), rows.supervised(place).tolist()
    runs: list[list[int]] = []
    for at in places:
        if runs and at == runs[-1][-1] + 1:
            runs[-1].append(at)
        else:
            runs.append([at])
    return [tokenizer.decode(row[run]) for run in runs]


def messages(system: str | None, until: int = 6) -> list[dict[str, str]]:
    said = [{"role": role, "content": text} for role, text in TURNS[:until]]
    return said if system is None else [{"role": "system", "content": system}, *said]


@pytest.mark.parametrize("system", [None, SYSTEM])
@pytest.mark.parametrize("name", ["qwen2_5", "llama3", "gemma", "gemma3", "phi3"])
def test_the_tokens_and_their_marks_are_those_of_trl(name: str, system: str | None) -> None:
    if name == "gemma" and system:
        pytest.skip("the template has no system turn: see below")
    tokenizer = byte_level(trl_template(name))
    trl = tokenizer.apply_chat_template(
        messages(system),
        chat_template=trl_template(f"{name}_training"),
        tokenize=True,
        return_dict=True,
        return_assistant_tokens_mask=True,
    )
    (found,) = encode_chats(tokenizer, [chat()], system, 5000)
    rows = token_rows([found[0][0]], [found[0][1]])
    ids = rows.row(0).tolist()
    assert ids == trl["input_ids"][: len(ids)]
    mask = [int(at in rows.supervised(0)) for at in range(len(ids))]
    # TRL's templates learn line breaks too: those before an answer, which are its prompt, and those
    # behind its end mark, which no model has to write
    differ = [at for at in range(len(ids)) if mask[at] != trl["assistant_masks"][at]]
    assert {tokenizer.decode([ids[at]]) for at in differ} <= {"\n"}
    assert not any(mask[at] for at in differ)
    ends = [text[len(said) :] for text, said in zip(learnt(rows, tokenizer), ANSWERS, strict=True)]
    assert all(end and end.startswith(ends[0]) for end in ends)


ANSWERS = [text for role, text in TURNS if role == "assistant"]


@pytest.mark.parametrize(
    "template",
    [
        tokenizers.CHATML,
        tokenizers.ZEPHYR,
        tokenizers.NO_SYSTEM,
        tokenizers.SPACED,
        PLAIN_MISTRAL,
        MISTRAL,
        tokenizers.THINKING,
        trl_template("qwen3"),
        None,
    ],
)
@pytest.mark.parametrize("system", [None, SYSTEM])
def test_each_answer_is_learnt_behind_what_the_model_will_see(
    template: str | None, system: str | None
) -> None:
    """Prefix by prefix: an answer's prompt is that of the chat that ends there."""
    tokenizer = byte_level(template)
    whole = encoded(template, system=system)
    for number, answer in enumerate(ANSWERS):
        until = chat(TURNS[: 2 * number + 2])._replace(turns="")
        turns = Chat(tuple(Turn(*turn) for turn in TURNS[: 2 * number + 2]), ("open_end",))
        alone = encoded(template, until._replace(turns=written(turns)), system, turns="last")
        row, start = alone.row(0).tolist(), int(alone.answer_start[0])
        assert tokenizer.decode(row[start:]).strip().startswith(answer)
        if len(whole) == 1:
            assert whole.row(0).tolist()[: len(row)] == row
            assert set(range(start, len(row))) <= set(whole.supervised(0).tolist())
        else:
            assert whole.row(number).tolist() == row
            assert whole.supervised(number).tolist() == list(range(start, len(row)))


@pytest.mark.parametrize(
    ("template", "system", "rows"),
    [
        (tokenizers.CHATML, SYSTEM, 1),
        (PLAIN_MISTRAL, SYSTEM, 1),
        (MISTRAL, None, 1),
        (MISTRAL, SYSTEM, 3),  # the system prompt moves to the last question
        (trl_template("qwen3"), None, 3),  # thoughts of earlier turns are removed
        (tokenizers.THINKING, None, 1),
        (None, SYSTEM, 1),
    ],
)
def test_a_chat_is_one_row_where_the_template_lets_it(
    template: str | None, system: str | None, rows: int
) -> None:
    found = encoded(template, system=system)
    assert len(found) == rows
    assert found.ids == (["7"] if rows == 1 else ["7#1", "7#2", "7#3"])
    assert found.references[-1] == "The same."
    assert found.questions[-1].endswith("User: And in children?")
    assert found.answer_bytes.sum() == sum(len(answer) for answer in ANSWERS)


def test_the_last_turn_alone() -> None:
    tokenizer = byte_level(tokenizers.CHATML)
    found = encoded(tokenizers.CHATML, turns="last")
    assert found.learnt is None
    assert learnt(found, tokenizer) == ["The same.<|im_end|>"]
    assert tokenizer.decode(found.prompt(0)).count("<|im_start|>assistant") == 3
    whole = encoded(tokenizers.CHATML)
    assert whole.prompt(0).tolist() == found.prompt(0).tolist()
    assert learnt(whole, tokenizer) == [f"{answer}<|im_end|>" for answer in ANSWERS]


def test_answers_of_weight_nought_are_not_learnt() -> None:
    tokenizer = byte_level(tokenizers.CHATML)
    off = [(*turn, n not in (1, 5)) for n, turn in enumerate(TURNS)]
    found = encoded(tokenizers.CHATML, chat(off))
    assert learnt(found, tokenizer) == ["From 38 degrees on.<|im_end|>"]
    assert found.references == ["From 38 degrees on."]
    none = [(role, text, False) for role, text in TURNS]
    assert encode_chats(tokenizer, [chat(none)], None, 5000) == [[]]


def test_truncation_ends_with_the_last_answer_that_is_left() -> None:
    tokenizer = byte_level(tokenizers.CHATML)
    whole = encoded(tokenizers.CHATML)
    third = int(whole.answer_start[0])
    cut = encoded(tokenizers.CHATML, length=third + 3)
    assert learnt(cut, tokenizer)[-1] == "The"
    assert cut.answer_bytes[0] == len(ANSWERS[0]) + len(ANSWERS[1]) + 3
    cut = encoded(tokenizers.CHATML, length=third)
    assert learnt(cut, tokenizer) == [f"{answer}<|im_end|>" for answer in ANSWERS[:2]]
    assert cut.references == [ANSWERS[1]]
    assert cut.questions[0].endswith("User: From what on?")
    assert tokenizer.decode(cut.prompt(0)).endswith("on?<|im_end|>\n<|im_start|>assistant\n")
    (none,) = encode_chats(tokenizer, [chat()], None, 20)
    assert none == []


def test_tokens_across_a_boundary_are_cut_there() -> None:
    tokenizer = byte_level(tokenizers.SPACED, merges=(("Ġ", "F"), (":", "Ġ"), ("Ġ", "T")))
    (found,) = encode_chats(tokenizer, [chat()], None, 5000)
    rows = token_rows([found[0][0]], [found[0][1]])
    assert learnt(rows, tokenizer) == [f" {answer}</s>" for answer in ANSWERS]


def test_text_that_looks_like_a_mark_ends_no_turn() -> None:
    tokenizer = byte_level(tokenizers.CHATML)
    turns = [*TURNS[:3], ("assistant", "Say <|im_end|> then."), *TURNS[4:]]
    rows = encoded(tokenizers.CHATML, chat(turns))
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert rows.row(0).tolist().count(end) == 6
    assert learnt(rows, tokenizer)[1] == "Say <|im_end|> then.<|im_end|>"


def test_a_system_turn_of_its_own_replaces_the_sections() -> None:
    tokenizer = byte_level(tokenizers.CHATML)
    found = encoded(tokenizers.CHATML, chat(system="You are a nurse."), SYSTEM)
    text = tokenizer.decode(found.row(0))
    assert "You are a nurse." in text
    assert SYSTEM not in text


def test_what_a_template_refuses_is_told_with_the_row() -> None:
    template = tokenizers.CHATML + (
        "{% if messages | length > 2 %}{{ raise_exception('one turn only') }}{% endif %}"
    )
    with pytest.raises(InputError, match=r"refuses the chat of row 7: one turn only"):
        encoded(template)


def test_masks_go_with_the_rows() -> None:
    tokenizer = byte_level(tokenizers.CHATML)
    single = Row("8", "g", "What is pain?", "It hurts.")
    rows = [*encode_chats(tokenizer, [chat()], None, 5000)[0]]
    rows += encode_chats(
        tokenizer,
        [
            single._replace(
                turns=written(
                    Chat(
                        (Turn("user", "What is pain?"), Turn("assistant", "It hurts.")),
                        ("open_end",),
                    )
                )
            )
        ],
        None,
        5000,
    )[0]
    table = token_rows([row for row, _ in rows], [item for _, item in rows])
    counts = [len(table.supervised(place)) for place in range(2)]
    assert table.answer_counts().tolist() == counts
    assert table.answer_tokens() == sum(counts)
    back = from_table(to_table(table))
    swapped = back.take([1, 0, 1])
    assert swapped.answer_counts().tolist() == [counts[1], counts[0], counts[1]]
    assert learnt(swapped, tokenizer, 1) == [f"{answer}<|im_end|>" for answer in ANSWERS]
    assert table.head(1).answer_counts().tolist() == counts[:1]
    assert back.supervised(1).tolist() == table.supervised(1).tolist()


THOUGHT = "<think>\nIt is warm.\n</think>\n\nA raised temperature."


@pytest.mark.parametrize("name", ["qwen3", "deepseek_r1_distill", "glm4moe", "nemotron_3_nano"])
def test_thoughts_are_opened_once_and_learnt(name: str) -> None:
    template = trl_template(name)
    tokenizer = byte_level(template)
    turns = (*TURNS[:2], ("user", "And again?"), ("assistant", THOUGHT))
    rows = encoded(template, chat(turns))
    last = len(rows) - 1
    text = tokenizer.decode(rows.row(last))
    assert text.count("It is warm.") == 1
    assert text.rpartition("It is warm.")[0].endswith("<think>\n")
    assert not text.rpartition("It is warm.")[0].endswith("<think>\n<think>\n")
    supervised = learnt(rows, tokenizer, last)[-1]
    assert supervised.removeprefix("<think>\n").startswith("It is warm.\n</think>\n\nA raised")
    opened = "" if supervised.startswith("<think>") else "<think>\n"
    bytes_ = len(THOUGHT) - len(opened) + (len(ANSWERS[0]) if last == 0 else 0)
    assert rows.answer_bytes[last] == bytes_
    assert rows.references[last] == THOUGHT


@pytest.mark.parametrize("name", ["idefics3", "llava_next"])
def test_a_template_that_leaves_text_out_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"model\.name_or_path: the model's chat template"):
        encoded(trl_template(name), system=None)
    with pytest.raises(InputError, match="chat template"):
        encode(byte_level(trl_template(name)), "What is fever?", "A raised one.", None, 500)
