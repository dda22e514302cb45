"""YAML 1.2's plain scalars, lines, repeated keys, merges and limits."""

import math

import pytest

from sweeps.reading.yaml_reading import read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-5", 1e-5),
        ("1E5", 1e5),
        ("-.5", -0.5),
        ("2.", 2.0),
        ("12", 12),
        ("012", 12),
        ("0x10", 16),
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("on", "on"),
        ("2024-01-01", "2024-01-01"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("null", None),
        ("~", None),
        ('"1"', "1"),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("!!str 1", "1"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    reading = read_yaml(f"a: {text}", None)
    assert reading.problems == []
    assert reading.data == {"a": value}
    assert type(reading.data["a"]) is type(value)


def test_lines_of_keys_and_items() -> None:
    reading = read_yaml("a:\n  b:\n  - 1\n  - c: 2\n", None)
    assert reading.lines == {
        ("a",): 1,
        ("a", "b"): 2,
        ("a", "b", 0): 3,
        ("a", "b", 1): 4,
        ("a", "b", 1, "c"): 4,
    }


def test_keys_are_text() -> None:
    assert read_yaml("1: a\nno: b\n", None).data == {"1": "a", "no": "b"}


def test_all_repeated_keys_are_told() -> None:
    reading = read_yaml("a: 1\nb: {c: 1, c: 2}\na: 3\n", "s")
    assert [(p.line, p.field) for p in reading.problems] == [(2, "b.c"), (3, "a")]
    assert reading.data == {"a": 1, "b": {"c": 1}}


def test_merges_yield_to_what_is_written() -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], a: 0}\n"
    assert read_yaml(text, None).data["z"] == {"a": 0, "b": 1, "c": 2}


def test_aliases_of_aliases_end() -> None:
    levels = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    reading = read_yaml("\n".join(["a0: &a0 [1]", *levels]), None)
    assert "too many aliases" in reading.problems[0].message


def test_two_documents_are_one_too_many() -> None:
    assert "not valid YAML" in read_yaml("a: 1\n---\nb: 2\n", None).problems[0].message
