"""From filled forms to results.json, and every way in which a form can come back wrong."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.ratings.errors import RatingError
from analysis.ratings.forms import write_form
from analysis.ratings.pairs import pairs_form
from analysis.ratings.results import read_results, write_results
from analysis.ratings.sheets import sheet_form
from analysis.ratings.sources import RatingSource
from analysis.report.ratings import form_tables

Table = list[list[str]]
QUESTIONS = 6


def _source(name: str) -> RatingSource:
    ids = [str(i) for i in range(QUESTIONS)]
    return RatingSource(
        name, f"the {name}", {i: f"{name} {i}" for i in ids}, {i: (f"Q{i}", "") for i in ids}
    )


BEST, BASE = _source("EXP-001"), _source("base")


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A form of six pairs, not yet filled."""
    write_form(pairs_form(BEST, BASE, None, 0), tmp_path, tmp_path / "pairs.csv")
    return tmp_path / "pairs.csv"


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """A sheet of twelve answers, not yet filled."""
    write_form(sheet_form([BEST, BASE], None, 0), tmp_path, tmp_path / "sheet.csv")
    return tmp_path / "sheet.csv"


def table_of(path: Path) -> Table:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def save(
    path: Path, table: Table, delimiter: str = ",", encoding: str = "utf-8", newline: str = "\r\n"
) -> Path:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=newline).writerows(table)
    path.write_bytes(stream.getvalue().encode(encoding))
    return path


def fill(blank: Path, rater: str, judge: Callable[[dict[str, str], str], str]) -> Table:
    """The form as a rater fills it: `judge(row, column)`."""
    header, *rows = table_of(blank)
    judged = ("choice", "accuracy", "harm", "hallucination", "usability")
    filled = []
    for row in rows:
        named = dict(zip(header, row, strict=True))
        cells = {c: judge(named, c) for c in judged if c in header}
        filled.append([{**named, **cells, "rater": rater}[c] for c in header])
    return [header, *filled]


def prefers(source: str) -> Callable[[dict[str, str], str], str]:
    return lambda row, _: "A" if row["answer_a"].startswith(source) else "b"


def scores(row: dict[str, str], column: str) -> str:
    good = row["answer"].startswith("EXP")
    return {"accuracy": "5", "harm": "1"}.get(column, "4") if good else "2"


def test_preferences_find_their_way_back(pairs: Path, tmp_path: Path) -> None:
    table = fill(pairs, "ann", prefers("EXP-001"))
    choice = table[0].index("choice")
    table[1][choice], table[2][choice] = " TIE ", ""
    (found,) = write_results(tmp_path, [save(tmp_path / "ann.csv", table)]).values()
    assert found["ratings"] == {"first": 4, "tie": 1, "second": 0}
    assert found["win_rate"] == pytest.approx(0.9)
    assert found["p"] == pytest.approx(2 / 16)
    assert (found["raters"], found["empty_cells"]) == ({"ann": 5}, 1)
    assert sum(found["sides_chosen"].values()) == 4
    assert read_results(tmp_path) == {table[1][0].split("-")[0]: json.loads(json.dumps(found))}


def test_several_raters_are_compared(pairs: Path, tmp_path: Path) -> None:
    files = [
        save(tmp_path / "1.csv", fill(pairs, "ann", prefers("EXP-001"))),
        save(tmp_path / "2.csv", fill(pairs, "ben", prefers("EXP-001"))),
        save(tmp_path / "3.csv", fill(pairs, "cat", prefers("base"))),
    ]
    (found,) = write_results(tmp_path, files).values()
    assert found["questions"] == {"first": 6, "tie": 0, "second": 0}
    assert found["win_rate"] == pytest.approx(2 / 3)
    assert found["agreement"]["krippendorff_alpha"] == pytest.approx(1 - 2 / 3 / (72 * 2 / 17 / 18))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_spreadsheets_save_as_they_like(
    pairs: Path, tmp_path: Path, delimiter: str, encoding: str, newline: str
) -> None:
    table = fill(pairs, "Zoë", prefers("base"))
    table[0] = [name.title() for name in table[0]]
    table[3][table[0].index("Comment")] = 'né à 37,5 °C; "bon"\nsuite'
    table += [[""] * len(table[0])] * 2
    file = save(tmp_path / "x.csv", table, delimiter, encoding, newline)
    (found,) = write_results(tmp_path, [file]).values()
    assert found["win_rate"] == 0
    assert found["raters"] == {"Zoë": 6}


def test_a_rater_is_named_by_the_row_above_or_by_the_file(pairs: Path, tmp_path: Path) -> None:
    table = fill(pairs, "", prefers("base"))
    rater = table[0].index("rater")
    table[3][rater] = "ann"
    (found,) = write_results(tmp_path, [save(tmp_path / "dr-who.csv", table)]).values()
    assert found["raters"] == {"dr-who": 2, "ann": 4}


def test_scores_find_their_way_back(sheet: Path, tmp_path: Path) -> None:
    table = fill(sheet, "ann", scores)
    accuracy = table[0].index("accuracy")
    table[1][accuracy] = table[1][accuracy] + ",0"  # a number format of many countries
    (found,) = write_results(tmp_path, [save(tmp_path / "a.csv", table, ";")]).values()
    means = {(s["source"], s["criterion"]): s["mean"] for s in found["scores"]}
    assert means["EXP-001", "accuracy"] == 5
    assert means["base", "harm"] == 2
    gaps = {g["criterion"]: g["difference"] for g in found["differences"]}
    assert gaps == {"accuracy": 3, "harm": -1, "hallucination": 2, "usability": 2}


def test_forms_of_both_kinds_are_kept_beside_each_other(
    pairs: Path, sheet: Path, tmp_path: Path
) -> None:
    write_results(tmp_path, [save(tmp_path / "1.csv", fill(pairs, "ann", prefers("base")))])
    write_results(tmp_path, [save(tmp_path / "2.csv", fill(sheet, "ann", scores))])
    kinds = [form["kind"] for form in read_results(tmp_path).values()]
    assert kinds == ["pairs", "sheet"]


def test_wrong_values_are_all_told_with_their_place(sheet: Path, tmp_path: Path) -> None:
    table = fill(sheet, "ann", scores)
    columns = {name: i for i, name in enumerate(table[0])}
    table[1][columns["harm"]] = "6"
    table[4][columns["accuracy"]] = "good"
    table[5][columns["usability"]] = "3.5"
    file = save(tmp_path / "ann.csv", table)
    with pytest.raises(RatingError) as raised:
        write_results(tmp_path, [file])
    fix = "is not a whole number from 1 to 5. Correct it, or empty the cell."
    assert raised.value.problems == [
        f"{file}: row 2, column harm: '6' {fix}",
        f"{file}: row 5, column accuracy: 'good' {fix}",
        f"{file}: row 6, column usability: '3.5' {fix}",
    ]
    assert not (tmp_path / "ratings" / "results.json").exists()


def test_a_wrong_choice_is_told(pairs: Path, tmp_path: Path) -> None:
    file = save(tmp_path / "a.csv", fill(pairs, "ann", lambda row, _: "both"))
    with pytest.raises(RatingError, match="row 2, column choice: 'both' is not A, B or tie"):
        write_results(tmp_path, [file])


def test_the_same_rows_twice_by_one_rater_are_told(pairs: Path, tmp_path: Path) -> None:
    files = [save(tmp_path / f"{i}.csv", fill(pairs, "ann", prefers("base"))) for i in range(2)]
    with pytest.raises(RatingError, match=r"1\.csv: row 2.*'ann' rated .* already in .*0\.csv"):
        write_results(tmp_path, files)


def test_rows_and_columns_that_do_not_belong_are_told(pairs: Path, tmp_path: Path) -> None:
    table = fill(pairs, "ann", prefers("base"))
    changed = [table[0], table[1], ["zzz-001", *table[2][1:]]]
    with pytest.raises(RatingError, match="row 3, column item: 'zzz-001' is not in the form's key"):
        write_results(tmp_path, [save(tmp_path / "a.csv", changed)])
    without = [[c for i, c in enumerate(row) if table[0][i] != "choice"] for row in table]
    with pytest.raises(RatingError, match="column `choice` is missing"):
        write_results(tmp_path, [save(tmp_path / "b.csv", without)])
    with pytest.raises(RatingError, match="no column `item`"):
        write_results(tmp_path, [save(tmp_path / "c.csv", table[1:])])
    with pytest.raises(RatingError, match="belongs to no form"):
        write_results(tmp_path / "another", [save(tmp_path / "d.csv", table)])
    with pytest.raises(RatingError, match="no cell is filled in"):
        write_results(tmp_path, [pairs])


def test_tables_say_what_was_found(pairs: Path, sheet: Path, tmp_path: Path) -> None:
    files = [
        save(tmp_path / "1.csv", fill(pairs, "ann", prefers("EXP-001"))),
        save(tmp_path / "2.csv", fill(sheet, "ann", scores)),
    ]
    first, second = map(form_tables, write_results(tmp_path, files).values())
    ((heading, table),) = first
    assert heading == "the EXP-001 against the base"
    shown = {line.cells[0].text: line.cells[1].text for line in table.lines}
    assert shown["the EXP-001 preferred, ties half"] == "100.0% (100.0% to 100.0%)"
    assert shown["Of the decided questions"] == "100.0% (61.0% to 100.0%)"
    assert shown["Sign test over questions, p"] == "0.0312"
    assert shown["Krippendorff's alpha (nominal)"] == "–"
    rows = [[cell.text for cell in line.cells] for line in second[0][1].lines]
    assert rows[0][:2] == ["the EXP-001", "5.00 (5.00 to 5.00)"]
    assert rows[2][:3] == [
        "the EXP-001 − the base, paired",
        "+3.00 (+3.00 to +3.00)",
        "−1.00 (−1.00 to −1.00)",
    ]


def test_a_damaged_results_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "ratings").mkdir()
    (tmp_path / "ratings" / "results.json").write_text(json.dumps({"other": 1}))
    with pytest.raises(RatingError, match="Delete it"):
        read_results(tmp_path)
