"""Tables of trials at 80 columns: nothing is cut, nothing is lost."""

import io

import pytest
from rich.console import Console

from medsweep.fitted_table import FittedTable
from medsweep.tables import in_short

NAMES = [
    "learning_rate",
    "gradient_accumulation_steps",
    "per_device_train_batch_size",
    "lr_scheduler_type",
    *(f"parameter_{number}" for number in range(11)),
]


def table(trials: int, notes: dict[int, str] | None = None) -> FittedTable:
    lines = [
        (f"EXP-{n:03d}", "[green]complete[/]", f"{n}e-5", "4", "8", "constant_with_warmup", *more)
        for n in range(1, trials + 1)
        for more in [[f"{n}.{p}" for p in range(11)]]
    ]
    return FittedTable(("trial", "state", *NAMES), lines, notes or {})


def shown(found: FittedTable, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(found)
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("trials", [1, 5, 12])
def test_few_trials_are_turned(trials: int) -> None:
    text = shown(table(trials))
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    for name in NAMES:
        assert any(line.split()[0] == name for line in text.splitlines() if line.strip())
    for n in range(1, trials + 1):
        assert text.count(f"EXP-{n:03d}") == 1
        assert text.split().count(f"{n}e-5") == 1
    assert text.count("complete") == text.count("constant_with_warmup") == trials


def test_many_trials_are_split() -> None:
    text = shown(table(40))
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    parts = text.count("EXP-001")
    assert 1 < parts <= 4
    assert text.count("EXP-040") == parts
    assert text.count("constant_with_warmup") == 40
    joined = "".join(text.split())
    assert "gradient_" in text
    assert all(f"parameter_{number}" in joined for number in range(11))


def test_where_it_fits_it_is_one_table() -> None:
    text = shown(table(3), width=300)
    assert text.splitlines()[0].split() == ["trial", "state", *NAMES]
    assert len(text.splitlines()) == 4


@pytest.mark.parametrize("width", [80, 300])
def test_notes_are_whole(width: int) -> None:
    note = "the training loss is nan at step 3"
    assert note in shown(table(2, {1: note}), width)
    assert f"EXP-002: {note}" in shown(table(2, {1: note}), 80)


@pytest.mark.parametrize("width", [20, 40])
def test_long_values_are_folded_on_a_very_narrow_terminal(width: int) -> None:
    found = FittedTable(("trial", "x", "y"), [("EXP-1", "abcdefghij" * 9, "1")])
    text = shown(found, width)
    letters = [letter for letter in text if letter in "abcdefghij"]
    assert letters.count("j") == 9


def test_a_table_without_trials() -> None:
    assert "trial" in shown(FittedTable(("trial", "state"), []))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("short", "short"),
        ("exactly 20 letters..", "exactly 20 letters.."),
        ("more than twenty letters", "more than twenty le…"),
        ("a line\nand another", "a line…"),
        ("", ""),
    ],
)
def test_what_is_cut_says_so(text: str, said: str) -> None:
    assert in_short(text, 20) == said


@pytest.mark.parametrize("trials", [1, 40])
@pytest.mark.parametrize("width", [80, 400])
def test_a_line_below_is_always_there(trials: int, width: int) -> None:
    found = table(trials, {0: "its worker died…"})
    found = FittedTable(found.heads, found.lines, found.notes, "…: in full in record.json")
    assert shown(found, width).splitlines()[-1] == "…: in full in record.json"
