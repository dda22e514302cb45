"""Items as rows to train on, by a prompt format."""

from collections.abc import Sequence

from trainables.data.about import about_item
from trainables.data.config import Rationale, SourceConfig
from trainables.data.instructions.instruction import Instruction
from trainables.data.instructions.registry import INSTRUCTIONS
from trainables.data.items import Item
from trainables.data.rows import AnswerKind, Row
from trainables.errors import InputError

TEXT = "text"  # the kind of an item without a question


def rows_of_items(items: Sequence[Item], config: SourceConfig, fitting: str) -> list[Row]:
    """A row an item; `fitting` is the prompt format that `data.instruction: auto` stands for.

    Raises InputError where items of a benchmark's test set would be trained on.
    """
    _refuse_benchmark(items, config)
    name = fitting if config.instruction == "auto" else config.instruction
    return [row_of(item, INSTRUCTIONS[name], config.rationale) for item in items]


def row_of(item: Item, instruction: Instruction, rationale: Rationale) -> Row:
    """The item in a prompt format; plain text stays as it is."""
    if item.kind == TEXT:
        return Row(item.id, item.group, "", item.answer, "text", item.subject)
    question, answer = instruction.question(item), instruction.answer(item, rationale)
    kind: AnswerKind = "short" if instruction.short else "open"
    lines = instruction.short or bool(item.context) or rationale != "none"
    about = about_item(item, question)
    row = Row(item.id, item.group, question, answer, kind, item.subject, lines, about=about)
    return row._replace(system=item.system, turns=item.turns)


def _refuse_benchmark(items: Sequence[Item], config: SourceConfig) -> None:
    held = sum(item.benchmark for item in items)
    if not held or config.allow_benchmark_training:
        return
    raise InputError(
        "data.source",
        config.source,
        f"{held} of its {len(items)} rows belong to a benchmark's test set "
        f"(format {config.format}, split {config.hub_split}): a model trained on them cannot be "
        "measured by it, nor one that is chosen by them",
        "Choose another data.hub_split, or set data.allow_benchmark_training: true and do not "
        "report that benchmark.",
    )
