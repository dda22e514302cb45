"""The toy model: the same bytes everywhere, loadable, learnable."""

import threading
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from trainables.data.chat_format import chat_format
from trainables.models.toy import make_toy


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_the_same_bytes_twice(tmp_path: Path) -> None:
    first, second = make_toy(tmp_path / "a"), make_toy(tmp_path / "b")
    assert contents(first) == contents(second)
    assert sorted(contents(first)) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]


def test_it_is_made_once(tmp_path: Path) -> None:
    folder = make_toy(tmp_path / "toy")
    (folder / "model.safetensors").write_bytes(b"kept")
    assert make_toy(folder) == folder
    assert (folder / "model.safetensors").read_bytes() == b"kept"


def test_several_at_once_leave_one_whole_folder(tmp_path: Path) -> None:
    threads = [threading.Thread(target=make_toy, args=(tmp_path / "toy",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [p.name for p in tmp_path.iterdir() if not p.name.endswith(".lock")] == ["toy"]
    assert contents(tmp_path / "toy") == contents(make_toy(tmp_path / "other"))


def test_transformers_loads_all_of_it(tmp_path: Path) -> None:
    folder = make_toy(tmp_path / "toy")
    model, info = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    assert model.dtype == torch.float32
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert len(tokenizer) == model.config.vocab_size
    assert (tokenizer.eos_token_id, tokenizer.pad_token_id) == (
        model.config.eos_token_id,
        model.config.pad_token_id,
    )
    text = "Fièvre & 发烧 10–20 mg\n"
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    assert chat_format(tokenizer, None).end_of_turn == tokenizer.eos_token
    with torch.no_grad():
        logits = model(torch.tensor([tokenizer("fever")["input_ids"]])).logits
    assert torch.isfinite(logits).all()
    assert 0.5 < float(logits.std()) < 2
