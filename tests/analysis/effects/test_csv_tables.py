"""Experiments from a CSV: what is read, what is refused, and what four experiments support."""

from pathlib import Path

import pytest

from analysis.effects.csv_tables import TableError, read_table
from analysis.effects.findings import what_mattered
from analysis.effects.words import sentences
from analysis.selection import choose
from analysis.tables import write_trials_csv
from tests.analysis.effects.sweeps import sweep

FLASHCARDS = Path(__file__).parent / "tables" / "flashcards.csv"


def written(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_four_experiments_without_repeats_support_no_claim() -> None:
    """Their authors credit rank 8 to 16 with the largest improvement; rank and epochs changed."""
    found = what_mattered(read_table(FLASHCARDS))
    told = " ".join(sentences(found))
    assert (
        "lora.r was never changed without training.num_train_epochs changing too: their effects "
        "cannot be told apart, and neither is credited."
    ) in told
    assert "4 configurations without repeats cannot tell the effect of 3 parameters" in told
    assert "at least 8 configurations" in told
    assert (
        "training.learning_rate alone differs between EXP-02 (Best) and EXP-03 (Lower LR), each "
        "trained once: another seed might make as large a difference."
    ) in told
    assert (found.findings, found.importance, found.interactions) == ((), {}, ())
    assert "lora.r 8 to 16" not in told
    assert "lora.r alone" not in told


@pytest.mark.parametrize("metrics", [(), ("val_loss", "bleu"), ("Val Loss", "ROUGE-1", "BLEU")])
def test_their_choice_stands(metrics: tuple[str, ...]) -> None:
    run = read_table(FLASHCARDS, metrics)
    choice = choose(run.trials, run.search)
    assert choice is not None
    assert choice.label == "EXP-02 (Best)"


def test_one_metric_decides_alone() -> None:
    run = read_table(FLASHCARDS, ["val_loss"])
    choice = choose(run.trials, run.search)
    assert choice is not None
    assert choice.label == "EXP-04 (3 Epochs)"


def test_lines_with_the_same_settings_are_repeats(tmp_path: Path) -> None:
    rows = [f"{r},{0.7 - 0.01 * (r == 16) + 0.001 * (i % 2)}" for r in (8, 16) for i in range(4)]
    found = what_mattered(read_table(written(tmp_path, "\n".join(["r,val_loss", *rows]))))
    assert (len(found.table.rows), found.table.trials) == (2, 8)
    assert [f.credited for f in found.findings] == [True]


def test_a_table_of_another_country_and_a_score_of_another_name(tmp_path: Path) -> None:
    path = written(
        tmp_path, "Name;LR;Optim;F1\na;0,0002;adamw;0,71\nb;0,0005;lion;0,75\nc;;lion;\n"
    )
    run = read_table(path, ["F1:max"], ["Optim"])
    assert run.trials[0].parameters == {"training.learning_rate": 0.0002, "Optim": "adamw"}
    assert run.trials[1].metrics == {"F1": 0.75}
    assert (run.trials[2].parameters, run.trials[2].metrics) == ({"Optim": "lion"}, {})
    choice = choose(run.trials, run.search)
    assert choice is not None
    assert choice.label == "b"


def test_trials_csv_of_a_run_says_the_same(tmp_path: Path) -> None:
    space = {"lora.r": {"values": [8, 16]}, "lora.lora_dropout": {"min": 0.0, "max": 0.1}}
    lines = [
        ({"lora.r": 8 * (1 + i % 2), "lora.lora_dropout": 0.01 * (i * i % 11)}, {"val_loss": loss})
        for i in range(10)
        for loss in (0.7 - 0.05 * (i % 2) + 0.002 * (i * i % 3),)
    ]
    run = sweep(lines, space)
    own = type(run)(run.name, tmp_path, run.search, run.trials)
    path = write_trials_csv(own)
    assert sentences(what_mattered(read_table(path)))[0] == sentences(what_mattered(own))[0]


@pytest.mark.parametrize(
    ("text", "metrics", "told"),
    [
        ("r,val_loss\n", (), "no line of experiments"),
        ("r,val_loss\n8,0.5,1\n", (), "lines 2 do not have 2 cells"),
        ("r,r,val_loss\n8,8,0.5\n", (), "two columns are called 'r'"),
        ("r,f1\n8,0.5\n", (), "say which metric decides"),
        ("r,f1\n8,0.5\n", ("f1",), "write f1:min or f1:max"),
        ("r,val_loss\n8,0.5\n", ("bleu",), "no column is the metric 'bleu'"),
        ("r,gamma,val_loss\n8,1,0.5\n", (), "columns 'gamma': neither metrics nor parameters"),
        ("name,val_loss\nA,0.5\n", (), "no column is a parameter"),
        ("r,val_loss\n8,good\n", (), "line 2, column val_loss: 'good' is not a number"),
    ],
)
def test_what_cannot_be_read_is_said(
    tmp_path: Path, text: str, metrics: tuple[str, ...], told: str
) -> None:
    with pytest.raises(TableError) as refused:
        read_table(written(tmp_path, text), metrics)
    assert told in str(refused.value)


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(TableError) as refused:
        read_table(written(tmp_path, "gamma,val_loss\n1,good\n"), ["bleu"])
    assert len(refused.value.problems) == 4
