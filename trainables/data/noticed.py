"""What rows hold that is seldom meant to be learnt: it is counted and told, never changed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trainables.data import turns
from trainables.data.rows import Row

HTML = re.compile(
    r"</?(?:p|br|hr|div|span|b|i|u|em|strong|a|ul|ol|li|h[1-6]|table|tbody|thead|tr|td|th|img|font"
    r"|sup|sub|pre|code|blockquote|script|style)(?:\s[^<>]*)?/?>"
    r"|&(?:nbsp|amp|lt|gt|quot|apos|#x?[0-9a-f]+);",
    re.IGNORECASE,
)
END_MARK = re.compile(
    r"(?:</?s>|<\|[\w.-]+\|>|<end_of_turn>|<eos>|\[/?INST\]|\[EOS\]|\[END\]|#{3,}|\bEOS|<END>)"
    r"\s*\Z",
    re.IGNORECASE,
)
LONGEST_MARK = 100  # characters at a text's end: in a long line of # the whole would take hours
WORDS = {
    "html": "hold HTML",
    "end_mark": "end with a typed end mark (</s>, EOS, ###)",
    "empty_question": "have an empty question",
    "empty_answer": "have an empty answer",
    "joined_turns": "have several turns of one side in a row, which are read as one",
    "opening_answer": "begin with an answer to nothing, which is left out",
    "open_end": "end with a question without an answer, which is left out",
    "unlearnt": "have answers that are not learnt (weight 0, train false)",
}
Noticed = dict[str, dict[str, Any]]


def noticed(rows: Sequence[Row]) -> Noticed:
    """For each of WORDS that is there: how many `rows`, and the id of the `first`."""
    found: Noticed = {}
    for row in rows:
        for name in _in_row(row):
            at = found.setdefault(name, {"rows": 0, "first": row.id})
            at["rows"] += 1
    return {name: found[name] for name in WORDS if name in found}


def together(parts: Mapping[str, Noticed]) -> Noticed:
    """Of a mixture's components; ids begin with the component's name."""
    found: Noticed = {}
    for component, part in parts.items():
        for name, at in part.items():
            first = f"{component}/{at['first']}"
            whole = found.setdefault(name, {"rows": 0, "first": first})
            whole["rows"] += at["rows"]
    return found


def told(report: Mapping[str, Any]) -> list[str]:
    """A line for each thing noticed in a data report; reports of older runs have none."""
    read = report["rows_read"]
    lines = [
        f"{at['rows']:,} of {read:,} rows {WORDS[name]} (the first: row {at['first']})"
        for name, at in report.get("noticed", {}).items()
    ]
    for part in (report, *report.get("components", {}).values()):
        lines += _of_their_own(part)
    if repeated := report.get("dropped", {}).get("leak_of_test"):
        lines.append(f"{repeated:,} validation rows repeat a test row and were dropped")
    if own := report.get("system_prompts"):
        lines.append(
            f"{own['rows']:,} of {own['of']:,} training rows have system prompts of their own "
            f"({own['different']:,} different)"
        )
    if apart := sum(report.get("turns_apart", {}).values()):
        lines.append(
            f"the model's chat template writes earlier turns of a chat otherwise once more follow: "
            f"each answer is a row of its own ({apart:,} rows more)"
        )
    controls = sum(report.get("control_text", {}).values())
    if controls:
        lines.append(
            f"{controls:,} rows hold the text of one of the model's control tokens: it is read as "
            "text, not as that token"
        )
    return lines


def _of_their_own(report: Mapping[str, Any]) -> Iterable[str]:
    """How the source is written, and what is said of its `data.validation` and `data.test`."""
    if how := report.get("how"):
        yield f"{report['source']}: {', '.join(how)}"
    for which, own in report.get("own", {}).items():
        lost = sum(own.get("dropped", {}).values())
        counts = f"{own['rows_read']:,} read{f', {lost:,} dropped by cleaning' if lost else ''}"
        yield f"{which} rows of their own: {', '.join(own['source'])} ({counts})"
        if shared := own["groups_trained_on"]:
            yield (
                f"{shared:,} groups of these {which} rows are in the training rows too: related "
                "rows are on both sides"
            )


def _in_row(row: Row) -> Iterable[str]:
    texts = (row.question, row.answer)
    if any(map(HTML.search, texts)):
        yield "html"
    if any(END_MARK.search(text.rstrip()[-LONGEST_MARK:]) for text in texts):
        yield "end_mark"
    if row.kind != "text" and not row.question.strip():
        yield "empty_question"
    if not row.answer.strip():
        yield "empty_answer"
    if row.turns:
        yield from turns.read(row.turns).remarks
