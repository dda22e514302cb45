"""The sealed test: what it says where it was opened, and that it is sealed where it was not."""

from collections.abc import Iterator, Sequence

from analysis.comparing.measures import Compared, Comparison
from analysis.comparing.opened import Comparisons, against_others, own_interval
from analysis.final_test import Opening, mean_told, openings
from analysis.report.cells import Table, plain_table
from analysis.report.passage import Passage
from analysis.runs import Run, TrialView
from analysis.sealed_test import read_parts, sealed, sealed_parts
from analysis.selection import criteria
from analysis.selection.ties import listed
from analysis.total_reward import total_earned
from analysis.verdict.leader import means
from analysis.wording import MISSING, delta_text, metric_text, plural, title
from trainables.evaluation.metric_names import BENCHMARK_OF, REWARD

HEADS = (
    "Experiment",
    "Runs",
    "Validation, search",
    "Validation, new seeds",
    "Test",
    "Test − search",
    "95% interval of the test",
)
OTHER_HEADS = ("Against", "Measure", "Chosen", "Other", "Difference", "95% interval", "p", "Rows")
SEALED = (
    "The test rows are sealed: no number in this report comes from them. medsweep best RUN --final "
    "opens them, once, for the chosen configuration with all its seeds, the baselines and the base "
    "model."
)
PARTS = "Sealed with them, and opened with them: the test part of {}."
READ = (
    "{} asked on the test part by every trial: that number was seen before the choice, and is no "
    "test's. To keep it sealed: split: validation, or another that it has, in "
    "evaluation.benchmarks."
)
NOTE = (
    "Test: mean ± standard deviation (n - 1) over the runs, all of the same configuration; the "
    "interval is of other rows, and of other seeds where there are several runs. Test − search "
    "holds both the optimism of a value that won a search and that the rows are others."
)
UNMEASURED = (
    "Not measured on the test: {}. KL, what a trained reward model gives, memory and time are "
    "measured while trials train, and there alone."
)
OTHER_NOTE = (
    "Difference: the chosen less the other, on the same test rows, over the runs with new seeds "
    "where both have them (of a base model its one measurement); its 95% interval is of other rows "
    "and other seeds, or of other rows alone where one run of each was measured. p is corrected "
    "for the measures against the same other (Holm)."
)


def sealed_test_passage(run: Run, best: TrialView | None) -> Passage | None:
    """None where nothing was sealed."""
    opened = openings(run.folder)
    if not opened:
        rows, parts = sealed(run), sealed_parts(best) if best else ()
        told = _sealed(bool(rows), parts)
        return Passage("Sealed test", (*told, *_read(best))) if best and told else None
    last = opened[-1]
    metrics = _metrics(run, last)
    others = against_others(run, last, metrics)
    tables = [(title(metric), _table(run, last, metric)) for metric in metrics]
    if any(comparison.measures for _, comparison in others):
        tables.append(("On the test, against the others", _against(others)))
    sentences = (
        *_told(run, opened),
        *_unmeasured(run, last),
        *_verdicts(run, last, others),
        *_read(run.find(last.chosen)),
    )
    return Passage("Sealed test", sentences, tuple(tables))


def _sealed(rows: bool, parts: Sequence[str]) -> list[str]:
    if not rows and parts:
        return [SEALED.replace("test rows are", f"test part of {listed(parts)} is")]
    return [SEALED, *([PARTS.format(listed(parts))] if parts else [])] if rows else []


def _read(trial: TrialView | None) -> list[str]:
    """Benchmarks whose test was no secret."""
    names = read_parts(trial) if trial else ()
    return [READ.format(f"{listed(names)} {'were' if len(names) > 1 else 'was'}")] if names else []


def _metrics(run: Run, opened: Opening) -> list[str]:
    """What the choice compares, and what the test parts of benchmarks measured; where nothing of
    the first was measured, the loss and each reward instead."""
    measured, sought = _measured(opened), [c.metric for c in criteria(run.search)]
    parts = [m for m in measured if BENCHMARK_OF.get(m)]
    others = [m for m in measured if m == "val_loss" or m.startswith(REWARD)]
    shown = [m for m in sought if m in measured] or others or sought
    return list(dict.fromkeys([*shown, *parts]))


def _measured(opened: Opening) -> list[str]:
    return list(dict.fromkeys(m for own in opened.measured.values() for m in own))


def _unmeasured(run: Run, opened: Opening) -> list[str]:
    """What the choice compares and the test rows do not tell."""
    known = _measured(opened)
    missing = [title(c.metric) for c in criteria(run.search) if c.metric not in known]
    return [UNMEASURED.format(listed(missing))] if missing and known and opened.rows else []


def _told(run: Run, opened: tuple[Opening, ...]) -> list[str]:
    last = opened[-1]
    what = [plural(last.rows, "row")] if last.rows else []
    what += [f"{plural(n, 'question')} of {name}" for name, n in last.benchmarks.items()]
    told = [
        f"The test rows were opened {plural(len(opened), 'time')}, last on {last.opened}, "
        f"for {run.find(last.chosen).name}, which was chosen before: "
        f"{f'on {listed(what)}' if what else 'no row was measured'}."
    ]
    if last.left:
        told.append(
            f"It was interrupted: {listed(last.left)} not measured yet. medsweep best RUN --final "
            "goes on, as the same opening."
        )
    if len(opened) > 1:
        told.append(
            "They were opened more than once: if anything was chosen by what they said, they are "
            "validation rows by now."
        )
    return told


def _verdicts(run: Run, opened: Opening, others: Comparisons) -> Iterator[str]:
    """The chosen against each other, in what the choice compares."""
    name, sought = run.find(opened.chosen).name, [c.metric for c in criteria(run.search)]
    for other, comparison in others:
        for one in comparison.measures:
            if one.metric in sought and one.difference is not None:
                yield f"On the test {name} {_words(one, other)}."


def _words(one: Compared, other: str) -> str:
    size = metric_text(one.metric, abs(one.difference or 0.0), 4)
    if one.better is None:
        lead = f"is not told from {other} in {title(one.metric)} (difference {size}"
    else:
        word = "better" if one.better else "worse"
        lead = f"is {word} than {other} in {title(one.metric)} by {size} ("
    sure = f"95% interval of the difference {_interval(one)}; " if one.interval else ""
    joint = "; " if one.better is None else ""
    seeds = plural(one.n_seeds, "seed") + (
        "" if one.seeds_seen else ", chance between seeds not seen"
    )
    return f"{lead}{joint}{sure}{seeds}, {plural(one.n_rows, 'row')})"


def _interval(one: Compared) -> str:
    low, high = one.interval or (None, None)
    if low is None or high is None:
        return MISSING
    return f"{delta_text(low)} to {delta_text(high)}"


def _table(run: Run, opened: Opening, metric: str) -> Table:
    lines = [_line(run, opened, trial, metric) for trial in opened.runs]
    chosen = run.find(opened.chosen)
    base, validated = _of_base(chosen, opened).get(metric), run.base_of(chosen)
    before = validated.metrics.get(metric) if validated else None
    apart = MISSING if base is None or before is None else delta_text(base - before)
    told = [metric_text(metric, before, 4), MISSING, metric_text(metric, base, 4), apart]
    lines.append(["base model", "1", *told, MISSING])
    table = plain_table(HEADS, lines, numeric=6)
    return Table(table.columns, table.lines, NOTE)


def _of_base(chosen: TrialView, opened: Opening) -> dict[str, float]:
    """With its rewards as the chosen trial weighs them."""
    return {**total_earned(chosen.config, opened.base), **opened.base}


def _line(run: Run, opened: Opening, trial: str, metric: str) -> list[str]:
    view, values = run.find(trial), opened.values(trial, metric)
    searched, test, difference = view.metrics.get(metric), MISSING, MISSING
    if values:
        mean, sd = mean_told(values)
        spread = "" if sd is None else f" ± {metric_text(metric, sd, 4)}"
        test = f"{metric_text(metric, mean, 4)}{spread}"
        difference = MISSING if searched is None else delta_text(mean - searched)
    sure = own_interval(run, opened, trial, metric)
    ends = sure.interval if sure else None
    return [
        view.name,
        str(len(values)),
        metric_text(metric, searched, 4),
        metric_text(metric, means(view).get(metric), 4),
        test,
        difference,
        " to ".join(metric_text(metric, end, 4) for end in ends) if ends else MISSING,
    ]


def _against(others: Sequence[tuple[str, Comparison]]) -> Table:
    """The chosen less the others, measure by measure."""
    lines = [
        [
            other,
            title(one.metric),
            *(metric_text(one.metric, value, 4) for value in reversed(one.values)),
            MISSING if one.difference is None else delta_text(one.difference),
            _interval(one),
            MISSING if one.p is None else f"{one.p:.2g}",
            MISSING if one.difference is None else f"{one.n_rows:,}",
        ]
        for other, comparison in others
        for one in comparison.measures
    ]
    table = plain_table(OTHER_HEADS, lines, numeric=6)
    return Table(table.columns, table.lines, OTHER_NOTE)
