import pickle

from trainables.errors import InputError


def test_says_where_what_which_value_and_the_fix() -> None:
    error = InputError("data.source", "x.jsonl", "no such file", "Give an existing file.")
    assert str(error) == "data.source: no such file (got 'x.jsonl'). Give an existing file."


def test_without_value_and_fix() -> None:
    assert str(InputError("data.split", None, "nothing to split")) == "data.split: nothing to split"


def test_survives_a_process_boundary() -> None:
    error = InputError("data.source", "x", "broken", "Mend it.")
    again = pickle.loads(pickle.dumps(error))
    assert (again.field, again.value, again.message, again.fix) == (
        "data.source",
        "x",
        "broken",
        "Mend it.",
    )
