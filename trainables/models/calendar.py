"""Chat templates that write today's date, pinned to one day.

Such a template calls transformers' function `strftime_now` (Llama 3.x, Mistral, gpt-oss, SmolLM3).
Pinned, it brings a macro of that name, so that wherever it is rendered, in training, measuring, a
resume or from an export, it writes the same day.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Any

FUNCTION = "strftime_now"
PINNED = "{#- medsweep: the date is pinned -#}"
TEMPLATES = ("chat_template.jinja", "tokenizer_config.json", "additional_chat_templates/*.jinja")
DIRECTIVES = "aAwdbBmyYHIpMSfjUWGuVcxX"
UNPADDED = {"%-d": "%d", "%-m": "%m", "%-H": "%H", "%-I": "%I", "%-M": "%M", "%-S": "%S"}


def moves_with_calendar(folder: Path) -> bool:
    """Whether a chat template in a model folder writes today's date."""
    files = (file for name in TEMPLATES for file in folder.glob(name) if file.is_file())
    texts = (file.read_text(encoding="utf-8", errors="replace") for file in files)
    return any(FUNCTION in text and PINNED not in text for text in texts)


def today() -> str:
    """Today, as `model.template_date` has it."""
    return date.today().isoformat()


def pin(tokenizer: Any, day: str | None) -> None:
    """Make the tokenizer's chat templates write `day` for today, at 00:00; None: leave them."""
    if day is None or not tokenizer.chat_template:
        return
    found = tokenizer.chat_template
    several = isinstance(found, dict)
    tokenizer.chat_template = (
        {name: pinned(text, day) for name, text in found.items()} if several else pinned(found, day)
    )


def pinned(template: str, day: str) -> str:
    """A chat template with its date pinned; one without a date as it is."""
    if FUNCTION not in template or PINNED in template:
        return template
    moment = datetime.fromisoformat(day)
    plain = {f"%{letter}": moment.strftime(f"%{letter}") for letter in DIRECTIVES}
    short = {name: str(int(moment.strftime(padded))) for name, padded in UNPADDED.items()}
    written = {**short, **plain}
    filters = "".join(f"|replace('{name}', '{text}')" for name, text in written.items())
    macro = f"{{%- macro {FUNCTION}(format) -%}}{{{{ format{filters} }}}}{{%- endmacro -%}}"
    return f"{PINNED}{macro}{template}"
