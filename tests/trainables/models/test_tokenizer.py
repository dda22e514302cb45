"""The tokenizer's key and its padding token."""

import json
import shutil
from pathlib import Path

from tests.trainables.sft.trials import TOY
from trainables.models.resolve import resolve
from trainables.models.tokenizer import load_tokenizer, tokenizer_key


def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(resolve(TOY), tmp_path / "model"))


def test_the_key_follows_the_tokenizer_and_nothing_else(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    key = tokenizer_key(folder)
    assert key == tokenizer_key(resolve(TOY))
    (folder / "model.safetensors").write_bytes(b"")
    (folder / "config.json").write_text("{}")
    assert tokenizer_key(folder) == key
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    assert tokenizer_key(folder) != key


def test_padding_falls_back_to_the_end_of_sequence(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    assert load_tokenizer(folder).pad_token == "<|pad|>"
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    del settings["pad_token"]
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    assert load_tokenizer(folder).pad_token == "<|end|>"


def test_the_key_follows_the_files_of_a_slow_tokenizer(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    keys = {tokenizer_key(folder)}
    for name in ("added_tokens.json", "spiece.model", "vocab.txt"):
        (folder / name).write_text("{}")
        keys.add(tokenizer_key(folder))
    assert len(keys) == 4
