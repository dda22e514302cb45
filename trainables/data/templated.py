"""Messages as the tokenizer's chat template writes them; a template is a program and may fail."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def templated(
    tokenizer: "PreTrainedTokenizerBase", messages: Sequence[dict[str, str]], **options: Any
) -> str:
    """The text. Raises TemplateError, whatever it is that the template raises."""
    from jinja2 import TemplateError

    try:
        return str(tokenizer.apply_chat_template(list(messages), tokenize=False, **options))
    except TemplateError:
        raise
    except Exception as error:
        raise TemplateError(f"{type(error).__name__}: {error}") from error
