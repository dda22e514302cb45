"""Chat templates are programs that come with a model: a sandbox bounds what they may do, this what
they may take."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from trainables.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PROBE = Path(__file__).with_name("template_probe.py")
TEMPLATE_CHARACTERS = 1_000_000  # the longest published ones have 20,000
RENDERED_CHARACTERS = 10_000_000
SECONDS = 5.0
OTHER_CONTENT = "Take a model of text; templates of models for images want another form of content."
OTHER_TEMPLATE = "Take another model, or put another template into its folder."


def check_template(
    tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Mapping[str, str]]
) -> None:
    """Render the chat template where it can be stopped, once for each text of it and `messages`.

    Raises InputError where it is too long, or takes too long, too much memory or too much text.
    """
    template = _template(tokenizer)
    if len(template) > TEMPLATE_CHARACTERS:
        raise unusable(f"has {len(template):,} characters", OTHER_TEMPLATE)
    given = {
        "template": template,
        "messages": list(messages),
        "largest": RENDERED_CHARACTERS,
        "variables": {**tokenizer.special_tokens_map, "add_generation_prompt": False},
    }
    if reason := _excess(json.dumps(given)):
        raise unusable(reason, OTHER_TEMPLATE)


def _template(tokenizer: "PreTrainedTokenizerBase") -> str:
    try:
        template = tokenizer.get_chat_template()
    except ValueError as error:  # several, and none that is meant where none is named
        names = ", ".join(sorted(tokenizer.chat_template or ()))
        raise unusable(f"is one of several ({names}), none of them `default`") from error
    if not isinstance(template, str):
        raise unusable(f"is no text ({type(template).__name__})", OTHER_TEMPLATE)
    return template


def unusable(what: str, fix: str = OTHER_CONTENT) -> InputError:
    """The error for a model whose chat template cannot be used."""
    return InputError("model.name_or_path", None, f"the model's chat template {what}", fix)


@cache
def _excess(given: str) -> str | None:
    """What it takes too much of; None where it stays within the limits."""
    try:
        done = subprocess.run(  # noqa: S603 (our own interpreter and file)
            [sys.executable, "-I", str(PROBE)],
            input=given.encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"does not end: a question and its answer take it more than {SECONDS:.0f} s"
    return None if done.returncode == 0 else "takes more memory than 500 MB, or never ends"
