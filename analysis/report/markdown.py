"""The report in Markdown: the same content, curves as sparklines, no figures."""

import re
from collections.abc import Iterator

from analysis.report.cells import Cell, Table
from analysis.report.comparison import comparison_passages
from analysis.report.content import DISCLAIMER, Content, joint_table
from analysis.report.examples import CHOSEN, CONVERSATIONS, Example
from analysis.report.passage import Passage
from analysis.visible import visible
from analysis.wording import NOTICE, title

# an underscore between letters or digits is no markup: learning_rate stays readable
SPECIAL = re.compile(r"[\\`*\[\]|#~]|(?<![^\W_])_|_(?![^\W_])")
ENTITIES = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;"})


def render_markdown(heading: str, written: str, contents: list[Content]) -> str:
    """The whole file. Text of the run is escaped, so that none of it becomes markup."""
    parts = [f"# {plain(heading)}", f"Written {written}", f"> **{DISCLAIMER}**"]
    if len(contents) > 1:
        parts += ["## All sweeps", table(joint_table(contents))]
        for passage in comparison_passages(contents):
            parts += _passage(passage, "##")
    level = "##" if len(contents) == 1 else "###"
    for content in contents:
        if len(contents) > 1:
            parts.append(f"## {plain(content.run.name)}")
        parts += _section(content, level)
    return "\n\n".join(parts) + "\n"


def plain(text: str) -> str:
    """Text as itself, on one line: nothing in it is markup, HTML or a cell border."""
    return SPECIAL.sub(r"\\\g<0>", visible(" ".join(text.split()))).translate(ENTITIES)


def in_code(text: object) -> str:
    """Text between backticks, on one line: it cannot end them, or a cell."""
    flat = visible(" ".join(str(text).split())).replace("&", "&amp;").replace("<", "&lt;")
    return flat.replace("|", "\\|").replace("`", "'")


def table(content: Table) -> str:
    """A Markdown table, numeric columns right-aligned, and its note."""
    heads = [plain(c.title) for c in content.columns]
    rules = ["---:" if c.numeric else "---" for c in content.columns]
    rows = [[_cell(cell) for cell in line.cells] for line in content.lines]
    drawn = "\n".join(f"| {' | '.join(row)} |" for row in [heads, rules, *rows])
    return f"{drawn}\n\n{plain(content.note)}" if content.note else drawn


def example_parts(
    conversations: list[Example], answered: list[Example], best: str, level: str
) -> Iterator[str]:
    """The questions of the spec and some validation rows, each with all its answers."""
    if conversations:
        yield f"{level} Conversation examples"
        yield f"{CONVERSATIONS} {NOTICE}."
        yield from (_example(e, best) for e in conversations)
    if answered:
        yield f"{level} Example answers"
        yield f"{CHOSEN} {NOTICE}."
        yield from (_example(e, best) for e in answered)


def _section(content: Content, level: str) -> Iterator[str]:
    yield from (f"> **Warning:** {plain(warning)}." for warning in content.warnings)
    yield "\n".join(f"- {name}: {plain(value)}" for name, value in content.facts)
    yield f"{level} Summary"
    yield from map(plain, content.summary)
    if content.configuration:
        yield table(content.configuration)
    yield f"{level} Experiments"
    yield table(content.experiments)
    if content.comparison and content.best:
        yield f"{level} {plain(content.best.name)} against the base model"
        yield table(content.comparison)
    if content.stages:
        yield f"{level} After each stage"
        yield table(content.stages)
    if content.efficiency:
        yield f"{level} Parameter efficiency"
        yield table(content.efficiency)
    for passage in content.passages:
        yield from _passage(passage, level)
    if content.curves.lines:
        yield f"{level} Learning curves: {title(content.curve_metric)}"
        yield table(content.curves)
    if content.best:
        yield from example_parts(content.conversations, content.examples, content.best.name, level)
    if content.ratings:
        yield f"{level} Ratings by people"
        for heading, rows in content.ratings:
            yield f"**{plain(heading)}**"
            yield table(rows)
    if content.failures:
        yield f"{level} Failed trials"
        yield table(content.failures)
    yield from _provenance(content, level)


def _passage(passage: Passage, level: str) -> Iterator[str]:
    yield f"{level} {plain(passage.title)}"
    yield from map(plain, passage.sentences)
    for heading, rows in passage.tables:
        if heading:
            yield f"**{plain(heading)}**"
        yield table(rows)
    if passage.terms:
        yield "\n".join(f"- {plain(name)}: {plain(meaning)}" for name, meaning in passage.terms)


def _provenance(content: Content, level: str) -> Iterator[str]:
    if content.data:
        yield f"{level} Data"
        for heading, rows in content.data:
            yield f"**{plain(heading)}**"
            yield table(rows)
        known = "".join(f"{name}: {plain(value)}. " for name, value in content.data_facts)
        yield f"{known}No trial can read the test rows."
    yield f"{level} Environment"
    yield table(content.environment)


def _cell(cell: Cell) -> str:
    text = plain(cell.text)
    return f"**{text}**" if cell.emphasis == "top" else text


def _example(example: Example, best: str) -> str:
    reference = [("Reference", example.reference)] if example.reference is not None else []
    answers = (*reference, ("Base model", example.base), (best, example.best))
    lines = [f"- {plain(name)}: {plain(text or 'not recorded')}" for name, text in answers]
    return "\n".join([f"**{plain(example.question)}**", "", *lines])
