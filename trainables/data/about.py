"""What a data set says of a question besides its prompt and answer: what rewards may read."""

import json
from typing import Any

from trainables.data.cleaning import faithful
from trainables.data.items import Item

UNSAFE = "unsafe"  # the kind of a request that asks for harm
COLUMNS = ("question", "context", "options", "gold", "rationale", "unsafe")


def about_item(item: Item, prompt: str) -> str:
    """Compact JSON of what is known of the item: those of COLUMNS that say something; "" where
    there is none. The item's own `question` is there where it is not the whole `prompt`."""
    question = faithful(item.question)
    known = {
        "question": question if question != faithful(prompt) else "",
        "context": faithful(item.context),
        "options": [faithful(option) for option in item.options],
        "gold": item.gold,
        "rationale": faithful(item.rationale),
        "unsafe": item.kind == UNSAFE,
    }
    filled = {name: value for name, value in known.items() if value or name == "gold"}
    if item.gold is None:
        del filled["gold"]
    return json.dumps(filled, ensure_ascii=False, separators=(",", ":")) if filled else ""


def about_row(text: str) -> dict[str, Any]:
    """The inverse: each of COLUMNS that is known."""
    return dict(json.loads(text)) if text else {}
