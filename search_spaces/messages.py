"""Pydantic's findings in the words of a person who writes a spec."""

from typing import Any

from pydantic_core import ErrorDetails

PLAIN: dict[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not a known key",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be {le} or less",
    "literal_error": "must be {expected}",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a mapping (key: value)",
    "model_type": "must be a mapping (key: value)",
    "model_attributes_type": "must be a mapping (key: value)",
    "string_too_short": "must not be empty",
    "too_short": "must have at least {min_length} entries, has {actual_length}",
    "too_long": "must have at most {max_length} entries, has {actual_length}",
}


def plain_message(error: ErrorDetails) -> str:
    """The message for one finding. Never holds the value itself: it may be a secret."""
    context: dict[str, Any] = error.get("ctx", {})
    if error["type"] == "value_error":
        return str(context["error"])
    if error["type"] == "missing" and error["loc"] and isinstance(error["loc"][-1], int):
        return f"has too few entries: entry {error['loc'][-1] + 1} is missing"
    template = PLAIN.get(error["type"])
    return template.format(**context) if template else _lower_first(error["msg"])


def _lower_first(text: str) -> str:
    return (text[:1].lower() + text[1:]).replace("input should be", "must be")
