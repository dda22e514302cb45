"""Ratings by people, as tables for the report and the terminal."""

from collections.abc import Mapping
from typing import Any

from analysis.ratings.results import read_results
from analysis.ratings.scores import CRITERIA
from analysis.report.cells import Table, plain_table
from analysis.runs import Run
from analysis.wording import MISSING, delta_text, plural

Titled = tuple[str, Table]
KAPPA = "Agreement beyond chance: 1 is perfect, 0 is chance."


def rating_tables(run: Run) -> list[Titled]:
    """A few tables for each form that was read, none where none was."""
    return [table for form in read_results(run.folder).values() for table in form_tables(form)]


def form_tables(form: Mapping[str, Any]) -> list[Titled]:
    """The tables of one form."""
    return _pairs(form) if form["kind"] == "pairs" else _sheet(form)


def _pairs(form: Mapping[str, Any]) -> list[Titled]:
    first, second = (form["labels"][s] for s in form["sources"])
    ratings, questions, agreement = form["ratings"], form["questions"], form["agreement"]
    rows = [
        [f"{first} preferred, ties half", _share(form["win_rate"], form["interval"])],
        ["Of the decided questions", _share(form["decided_share"], form["decided_interval"])],
        ["Sign test over questions, p", _number(form["p"], 4)],
        ["Choices: won, tied, lost", _counts(ratings)],
        ["Questions: won, tied, lost", _counts(questions)],
        ["Sides chosen: A, B", "{A}, {B}".format(**form["sides_chosen"])],
        *_agreement_rows(agreement, "nominal"),
    ]
    note = (
        f"{_who(form)} A question is won where more of its raters preferred {first} than the "
        "other. Intervals are 95%: the first by bootstrap over questions, the second Wilson's. "
        f"{plural(form['identical_answers_left_out'], 'question')} with identical answers left "
        f"out. {KAPPA}"
    )
    return [(f"{first} against {second}", _noted(plain_table(["", "Value"], rows, 1), note))]


def _sheet(form: Mapping[str, Any]) -> list[Titled]:
    by_source = {(s["source"], s["criterion"]): s for s in form["scores"]}
    heads = [f"{c} ({'higher' if m == 'max' else 'lower'} is better)" for c, (_, m) in _criteria()]
    labels = form["labels"]
    rows = [[labels[s], *(_mean(by_source.get((s, c))) for c in CRITERIA)] for s in form["sources"]]
    rows += [_difference_row(form, other) for other in form["sources"][1:]]
    note = f"{_who(form)} Means over questions, 1 to 5, with 95% intervals (bootstrap over them)."
    scores = _noted(plain_table(["Answers of", *heads], rows, len(heads)), note)
    names = ("Krippendorff's alpha (ordinal)", "Cohen's kappa (quadratic)", "Fleiss' kappa")
    keys = ("krippendorff_alpha", "cohen_kappa", "fleiss_kappa")
    agreed = [[c, *(_number(form["agreement"][c][k]) for k in keys)] for c in CRITERIA]
    agreement = _noted(plain_table(["Criterion", *names], agreed, 3), KAPPA)
    return [("Scores", scores), ("Agreement between raters", agreement)]


def _criteria() -> list[tuple[str, tuple[str, str]]]:
    return list(CRITERIA.items())


def _difference_row(form: Mapping[str, Any], other: str) -> list[str]:
    first, labels = form["sources"][0], form["labels"]
    gaps = {g["criterion"]: g for g in form["differences"] if g["second"] == other}
    cells = [_gap(gaps.get(criterion)) for criterion in CRITERIA]
    return [f"{labels[first]} − {labels[other]}, paired", *cells]


def _agreement_rows(agreement: Mapping[str, float | None], level: str) -> list[list[str]]:
    return [
        [f"Krippendorff's alpha ({level})", _number(agreement["krippendorff_alpha"])],
        ["Fleiss' kappa", _number(agreement["fleiss_kappa"])],
        ["Cohen's kappa (two raters)", _number(agreement["cohen_kappa"])],
    ]


def _who(form: Mapping[str, Any]) -> str:
    raters = plural(len(form["raters"]), "rater")
    empty = plural(form["empty_cells"], "cell")
    return f"{raters}, {plural(form['items'], 'row')}, {empty} left empty."


def _counts(counts: Mapping[str, int]) -> str:
    return "{first}, {tie}, {second}".format(**counts)


def _share(value: float | None, interval: Any) -> str:
    if value is None:
        return MISSING
    return f"{value:.1%}" + (f" ({interval[0]:.1%} to {interval[1]:.1%})" if interval else "")


def _mean(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return MISSING
    interval = row["interval"]
    between = f" ({interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
    return f"{row['mean']:.2f}{between}"


def _gap(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return MISSING
    interval = row["interval"]
    ends = " to ".join(delta_text(end, 2) for end in interval) if interval else ""
    return delta_text(row["difference"], 2) + (f" ({ends})" if ends else "")


def _number(value: float | None, decimals: int = 3) -> str:
    return MISSING if value is None else f"{value:.{decimals}f}".replace("-", "−")


def _noted(table: Table, note: str) -> Table:
    return Table(table.columns, table.lines, note=note)
