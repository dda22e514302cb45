"""Parts that several prompt formats share."""

from string import ascii_uppercase

from trainables.data.config import Rationale
from trainables.data.items import Item

DECISIONS = frozenset({"yes", "no", "maybe"})


def with_context(item: Item, question: str) -> str:
    """The question below the passage it is about, if there is one."""
    return f"{item.context}\n\n{question}" if item.context else question


def with_options(item: Item) -> str:
    """The question, and a line an option with its letter; decisions (yes, no, maybe) need none."""
    if not item.options or is_decision(item):
        return item.question
    return "\n".join((item.question, *lettered(item)))


def lettered(item: Item) -> tuple[str, ...]:
    """ "A. text" for each option, in order."""
    return tuple(f"{ascii_uppercase[n]}. {text}" for n, text in enumerate(item.options))


def is_decision(item: Item) -> bool:
    """Whether the options are yes, no and perhaps maybe."""
    return bool(item.options) and DECISIONS.issuperset(item.options)


def final_answer(item: Item) -> str:
    """The right option with its letter, the decision, or the reference; "" if not published."""
    if not item.options:
        return item.answer
    if item.gold is None:
        return ""
    return item.options[item.gold] if is_decision(item) else lettered(item)[item.gold]


def explained(final: str, why: str, rationale: Rationale) -> str:
    """An answer with its rationale, if there is one and it is asked for."""
    if not final or not why or why == final or rationale == "none":
        return final
    return f"{why}\n\nAnswer: {final}" if rationale == "before" else f"{final}\n\n{why}"
