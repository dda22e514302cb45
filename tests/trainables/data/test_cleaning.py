import pytest

from trainables.data.cleaning import clean, faithful, is_bare_boolean, normalise
from trainables.data.config import CleaningConfig
from trainables.data.rows import Row


@pytest.mark.parametrize(
    ("raw", "tidy"),
    [
        ("  two\n\twords \r\n", "two words"),
        ("nul\x00byte", "nulbyte"),
        ("bell\x07 del\x7f c1\x9b", "bell del c1"),
        ("no-break\u00a0space", "no-break space"),
        ("next\x85line", "next line"),
        ("edges\x00\x08\x0e\x1b\x7f\x84\x86\x9f", "edges"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("µ-receptor ≥ 5 °C", "µ-receptor ≥ 5 °C"),
        ("\x00 \n", ""),
    ],
)
def test_normalise(raw: str, tidy: str) -> None:
    assert normalise(raw) == tidy
    assert normalise(tidy) == tidy


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("Take:\n\n- one\n  - two\n1. rest", "Take:\n\n- one\n  - two\n1. rest"),
        ("\n \n    if x:\n        y\n \n", "    if x:\n        y"),
        ("\tif x:\n\t\ty", "\tif x:\n\t\ty"),
        ("dos\r\nmac\rline", "dos\nmac\nline"),
        ("a  b", "a  b"),
        (" one line ", "one line"),
        (
            "no-break\u00a0space, \u200dZWJ, µ ≥ 5 °C, \u2028",
            "no-break\u00a0space, \u200dZWJ, µ ≥ 5 °C,",
        ),
        ("nul\x00byte \ud800", "nulbyte"),
        ("unit\x1fseparator", "unit separator"),
    ],
)
def test_a_text_is_kept_as_its_file_has_it(raw: str, kept: str) -> None:
    assert faithful(raw) == kept
    assert faithful(kept) == kept


def test_collapsing_is_an_option_that_leaves_the_keys_of_specs_without_it() -> None:
    rows = [row("What is fever?", "- a raised\n- temperature")]
    assert clean(rows, CleaningConfig())[0] == rows
    collapsed, _ = clean(rows, CleaningConfig(collapse_spaces=True))
    assert collapsed[0].answer == "- a raised - temperature"
    assert "collapse_spaces" not in CleaningConfig().model_dump()
    assert CleaningConfig(collapse_spaces=True).model_dump()["collapse_spaces"] is True


@pytest.mark.parametrize("answer", ["yes", "No.", "TRUE", " false! ", '"Yes"'])
def test_bare_boolean(answer: str) -> None:
    assert is_bare_boolean(answer)


@pytest.mark.parametrize("answer", ["yes, often", "nothing", "truest", "", "maybe"])
def test_not_bare_boolean(answer: str) -> None:
    assert not is_bare_boolean(answer)


def row(question: str, answer: str) -> Row:
    return Row(question + answer, "g", question, answer)


def test_counts_by_reason_and_keeps_the_order() -> None:
    rows = [
        row("What is fever?", "A raised  temperature."),
        row("Wh?\x00", "A raised temperature."),
        row("What is pain?", "Hurts."),
        row("Is it so?", "Yes."),
        row("What is sweat?", "Water from the skin."),
    ]
    kept, dropped = clean(rows, CleaningConfig(collapse_spaces=True))
    assert [(kept_row.question, kept_row.answer) for kept_row in kept] == [
        ("What is fever?", "A raised temperature."),
        ("What is sweat?", "Water from the skin."),
    ]
    assert dropped == {"short_question": 1, "short_answer": 1, "bare_boolean": 1}


def test_lengths_at_the_limit_are_kept() -> None:
    kept, _ = clean([row("12345", "1234567890")], CleaningConfig())
    assert len(kept) == 1
    kept, dropped = clean([row("1234", "1234567890"), row("12345", "123456789")], CleaningConfig())
    assert (kept, dropped["short_question"], dropped["short_answer"]) == ([], 1, 1)


def test_loosened_filters_still_drop_what_is_empty() -> None:
    loose = CleaningConfig(min_question_chars=0, min_answer_chars=0, drop_bare_boolean=False)
    kept, dropped = clean([row("Q", "yes"), row("", "answer"), row("question", " ")], loose)
    assert len(kept) == 1
    assert dropped == {"short_question": 1, "short_answer": 1, "bare_boolean": 0}
