"""Model folders as downloads, disks and people leave them: refused with the file and the fix."""

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from search_spaces.space import build_space
from sweeps.readiness.checks import make_ready
from sweeps.readiness.preparation import Preparation
from sweeps.spec.errors import SpecError
from sweeps.spec.sections import SweepSpec
from trainables.models.toy import make_toy

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
SETTINGS = "tokenizer_config.json"
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
UP = "model.layers.1.mlp.up_proj.weight"

Damage = Callable[[Path], Any]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    rows = (
        {"question": f"What is the dose of drug {n}?", "answer": f"It is {n} milligrams a day."}
        for n in range(40)
    )
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture
def said(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Damage], str]:
    """What is told of a model folder before anything starts; "" where nothing is."""
    monkeypatch.setenv("MEDSWEEP_CACHE", str(place / "cache"))

    def tell(damage: Damage) -> str:
        model = make_toy(tmp_path / "model")
        damage(model)
        trial = {
            "kind": "sft",
            "model": {"name_or_path": str(model)},
            "data": {"source": str(place / "rows.jsonl")},
            "training": {"learning_rate": 1e-3},
        }
        search = {"parameters": {"lora.r": {"values": [2, 4]}}, "num_trials": 2}
        spec = SweepSpec.model_validate({"name": "x", "trial": trial, "search": search})
        shelf = Preparation(lambda line: None, lambda key, report: None)
        try:
            make_ready(spec, build_space(spec.search.parameters), shelf, tmp_path / "run")
        except SpecError as error:
            (problem,) = error.problems
            assert problem.fix
            return str(problem)
        return ""

    return tell


def text(name: str, content: str) -> Damage:
    return lambda folder: (folder / name).write_text(content)


def settings(name: str, **values: Any) -> Damage:
    """The file with other values; None leaves one out."""

    def change(folder: Path) -> None:
        content = {**json.loads((folder / name).read_text()), **values}
        kept = {key: value for key, value in content.items() if value is not None}
        (folder / name).write_text(json.dumps(kept))

    return change


def weights(change: Callable[[dict[str, Any]], Any]) -> Damage:
    def damage(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        change(tensors)
        save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})

    return damage


def header(change: Callable[[dict[str, Any]], Any]) -> Damage:
    """The header alone changed: it lies about what follows."""

    def damage(folder: Path) -> None:
        whole = (folder / WEIGHTS).read_bytes()
        (length,) = struct.unpack("<Q", whole[:8])
        tensors = json.loads(whole[8 : 8 + length])
        change(tensors)
        head = json.dumps(tensors).encode()
        content = struct.pack("<Q", len(head)) + head + whole[8 + length :]
        (folder / WEIGHTS).write_bytes(content)

    return damage


def shards(written: tuple[str, ...], index: str | None = "") -> Damage:
    """The weights in two files, of which only some are there; an index of both unless given."""

    def damage(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        (folder / WEIGHTS).unlink()
        names = sorted(tensors)
        of = {name: FIRST if place < 12 else SECOND for place, name in enumerate(names)}
        for file in written:
            save_file({n: tensors[n] for n in names if of[n] == file}, folder / file)
        if index is not None:
            (folder / INDEX).write_text(index or json.dumps({"metadata": {}, "weight_map": of}))

    return damage


def replaced(make: Callable[[Path], Any], name: str = WEIGHTS) -> Damage:
    def damage(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return damage


def rewritten(change: Callable[[bytes], bytes]) -> Damage:
    def damage(folder: Path) -> None:
        file = folder / WEIGHTS
        file.write_bytes(change(file.read_bytes()))

    return damage


def half_written(whole: bytes) -> bytes:
    return whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2)


def nan(tensors: dict[str, Any]) -> None:
    tensors[UP] = np.full_like(tensors[UP], np.nan)


def outside(folder: Path) -> None:
    shards((FIRST, SECOND))(folder)
    index = json.loads((folder / INDEX).read_text())
    (folder / SECOND).rename(folder.parent / SECOND)
    moved = {n: f"../{f}" if f == SECOND else f for n, f in index["weight_map"].items()}
    (folder / INDEX).write_text(json.dumps({"weight_map": moved}))


def template(text: Any) -> Damage:
    return settings(SETTINGS, chat_template=text)


def no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / SETTINGS).unlink()


REFUSED: dict[str, tuple[Damage, str]] = {
    "a missing shard": (shards((FIRST,)), f"lacks 1 of its 2 files of weights, e.g. {SECOND}"),
    "shards without index": (shards((FIRST, SECOND), None), f"neither {WEIGHTS} nor {INDEX}"),
    "an index of no JSON": (shards((FIRST, SECOND), "{"), f"a {INDEX} that is no JSON object"),
    "an index of nothing": (shards((FIRST, SECOND), "{}"), "names no files (weight_map)"),
    "an index as a pointer": (shards((FIRST, SECOND), POINTER), "a pointer of Git LFS"),
    "an index to elsewhere": (outside, f"names a file outside its folder: ../{SECOND}"),
    "cut weights": (rewritten(lambda whole: whole[:-1000]), f"{WEIGHTS} is not a whole"),
    "a cut header": (rewritten(lambda whole: whole[:500]), f"{WEIGHTS} is not a safetensors"),
    "bytes behind": (rewritten(lambda w: w + bytes(9)), "9 bytes that its header does not name"),
    "half written": (rewritten(half_written), "holds zeros where weights belong"),
    "NaN": (weights(nan), f"{WEIGHTS} holds NaN in {UP}"),
    "a pointer": (text(WEIGHTS, POINTER), f"{WEIGHTS} is not a safetensors file"),
    "two in one place": (
        header(lambda h: h[UP].update(h["model.layers.0.mlp.up_proj.weight"])),
        "its header lies about",
    ),
    "a hole": (header(lambda h: h.pop("model.norm.weight")), "safetensors file"),
    "an unknown type": (header(lambda h: h[UP].update(dtype="X9")), "unknown variant `X9`"),
    "a turned shape": (header(lambda h: h[UP].update(shape=[64, 128])), "have another shape"),
    "a lost tensor": (weights(lambda t: t.pop(UP)), f"are in no file, e.g. {UP}"),
    "a folder": (replaced(Path.mkdir), f"{WEIGHTS} is no file"),
    "a dead link": (replaced(lambda file: file.symlink_to("nowhere")), f"{WEIGHTS} is no file"),
    "a pipe": (replaced(os.mkfifo), f"{WEIGHTS} is no file"),
    "unfinished": (
        lambda folder: (folder / WEIGHTS).rename(folder / f"{WEIGHTS}.incomplete"),
        f"is half a download ({WEIGHTS}.incomplete)",
    ),
    "another architecture": (settings("config.json", model_type="gpt2"), "are in no file"),
    "an unknown one": (settings("config.json", model_type="nope"), "cannot be loaded"),
    "another width": (settings("config.json", hidden_size=128), "have another shape"),
    "text for a number": (settings("config.json", hidden_size="big"), "cannot be loaded"),
    "no such activation": (settings("config.json", hidden_act="nope"), "cannot be loaded"),
    "a number for a list": (settings("config.json", architectures=7), "that no model has"),
    "layers below zero": (settings("config.json", num_hidden_layers=-1), "with -1 layers"),
    "a pad outside": (settings("config.json", pad_token_id=9999), "cannot be loaded"),
    "a list": (text("generation_config.json", "[]"), "a generation_config.json that is no JSON"),
    "no tokenizer": (no_tokenizer, "has no tokenizer"),
    "a tokenizer's pointer": (
        text("tokenizer.json", POINTER),
        "a tokenizer.json that is a pointer",
    ),
    "a cut tokenizer": (text("tokenizer.json", '{"model'), "a tokenizer.json that is no JSON"),
    "an empty tokenizer": (text("tokenizer.json", "{}"), "tokenizer that cannot be read"),
    "no vocabulary": (settings("tokenizer.json", model=7), "JSON files that no model has"),
    "a number as a token": (settings(SETTINGS, eos_token=5), "tokenizer that cannot be read"),
    "a token too many": (settings(SETTINGS, eos_token="<new>"), "a tokenizer of 260 tokens"),
    "neither end nor padding": (
        settings(SETTINGS, pad_token=None, eos_token=None),
        "without an end and a padding token",
    ),
    "no settings": (lambda folder: (folder / SETTINGS).unlink(), "without an end and a padding"),
    "a template that raises": (template("{{ raise_exception('no') }}"), "refuses a question"),
    "a template of a later row": (
        template(
            "{% for m in messages %}{{ m.content }}{% if 'drug 7?' in m.content %}"
            "{{ raise_exception('seven') }}{% endif %}{% endfor %}"
        ),
        "template refuses row 8: seven",
    ),
    "a template cut off": (template("{% for m in messages %}"), "template refuses"),
    "a template of a number": (template(7), "is no text (int)"),
    "only a template for tools": (
        template([{"name": "tool", "template": "{{ x }}"}]),
        "is one of several (tool)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_damaged_model_folder_is_refused_with_what_is_wrong(
    case: str, said: Callable[[Damage], str]
) -> None:
    damage, told = REFUSED[case]
    assert told in said(damage)


SOUND: dict[str, Damage] = {
    "as it is": lambda folder: None,
    "two files and an index": shards((FIRST, SECOND)),
    "no padding": settings(SETTINGS, pad_token=None),
    "no end": settings(SETTINGS, eos_token=None),
    "no chat template": settings(SETTINGS, chat_template=None),
    "neither end nor template": settings(SETTINGS, eos_token=None, chat_template=None),
    "one matrix of zeros": weights(lambda t: t.update({UP: np.zeros_like(t[UP])})),
}


@pytest.mark.parametrize("case", SOUND)
def test_a_model_folder_that_can_be_used(case: str, said: Callable[[Damage], str]) -> None:
    assert said(SOUND[case]) == ""
