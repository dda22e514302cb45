"""JSON files of a model folder that are none: cut off, empty, pointers of Git LFS, lists."""

import json
from collections.abc import Iterator
from pathlib import Path

from trainables.models.model_folder import NAME, Finding, ModelFolder

OBJECTS = (  # what transformers reads as objects, and fails at without naming the file
    *("config.json", "generation_config.json", "model.safetensors.index.json"),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "chat_template.json"),
)
POINTER = b"version https://git-lfs"


def unread_files(model: ModelFolder) -> Iterator[Finding]:
    """Each file that is there and holds no JSON object, or an empty configuration."""
    for name in OBJECTS:
        file = model.folder / name
        if file.exists() and (reason := _unread(file)):
            yield Finding(NAME, model.name, f"has a {name} that {reason}", FIX)
    if not model.config and not _unread(model.folder / "config.json"):
        yield Finding(NAME, model.name, "has an empty config.json", FIX)


FIX = "Fetch the model again, whole"


def _unread(file: Path) -> str | None:
    """Why it cannot be read as an object; None where it can."""
    if not file.is_file():
        return "is no file"
    try:
        content = file.read_bytes()
        if content.startswith(POINTER):
            return "is a pointer of Git LFS, not the file itself (`git lfs pull` fetches it)"
        found = json.loads(content)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    except (ValueError, RecursionError) as error:
        return f"is no JSON object ({str(error)[:80]})"
    return None if isinstance(found, dict) else "is no JSON object"
