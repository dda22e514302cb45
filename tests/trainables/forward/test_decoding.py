"""Answers written with our own loop are those of transformers' `generate`."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from tests.trainables.packing.packs import fields
from tests.trainables.sft.test_architectures import MODELS
from tests.trainables.sft.trials import TOY, config, prepared, toy_tokenizer
from trainables.context import ListContext
from trainables.evaluation.generation import TokenPrompt, continued
from trainables.forward import decoding
from trainables.forward.adapter import PackedAdapter
from trainables.forward.decoding import written
from trainables.forward.key_values import KeyValues, token_bytes
from trainables.forward.sampling import Draw, answer_keys
from trainables.models.config import ModelConfig
from trainables.models.load import Base, load_base
from trainables.packing.pack import Pack

LORAS = (
    fields(r=4),
    fields(r=2, lora_alpha=3, target_modules="all-linear"),
    fields(r=5, use_rslora=True),
)
NO_END = [100_000]


def first(logits: torch.Tensor, _rows: torch.Tensor, _place: int) -> torch.Tensor:
    return logits.argmax(1)


def adapters(pack: Pack, targets: list[str], scale: float = 1.0) -> list[PackedAdapter]:
    """Of three trials: other ranks, other targets, random weights."""
    for n, lora in enumerate(LORAS):
        trial = config(lora=fields(target_modules=targets) | lora)
        pack.join(str(n), trial, ListContext(prepared()))
        adapter = pack.trials[str(n)].adapter
        noise = torch.randn(len(adapter.flat), generator=torch.Generator().manual_seed(n))
        adapter.flat.data.add_(noise, alpha=scale)
        adapter.refresh()
    return [t.adapter for t in pack.trials.values()]


@pytest.fixture
def pack(double: Base) -> Iterator[Pack]:
    made = Pack(double, TOY)
    yield made
    made.close()


def generated(
    model: Any, adapter: PackedAdapter, prompts: list[Any], new: int, ends: list[int]
) -> Any:
    return continued(model, [TokenPrompt(prompt, adapter) for prompt in prompts], new, ends, 258)


def cut(answers: list[list[int]], ends: list[int]) -> list[list[int]]:
    return [a[: min([a.index(e) for e in ends if e in a], default=len(a))] for a in answers]


@pytest.mark.parametrize("name", [*MODELS, "toy"])
def test_greedy_answers_are_those_of_generate(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, targets = TOY, ["q_proj", "v_proj"]
    if name in MODELS:
        settings, targets = MODELS[name]
        torch.manual_seed(0)
        AutoModelForCausalLM.from_config(settings).save_pretrained(tmp_path)
        toy_tokenizer().save_pretrained(tmp_path)
        where = ModelConfig(name_or_path=str(tmp_path), dtype="float32")
    loaded = load_base(where, "cpu")
    model = copy.deepcopy(loaded.model).double()
    pack = Pack(Base(model, loaded.tokenizer, loaded.folder, torch.float64), where)
    own = adapters(pack, targets, 0.3)
    rows = prepared().train
    prompts = [rows.prompt(i)[: 3 + 2 * i] for i in range(9)]
    monkeypatch.setattr(decoding, "PROMPT_TOKENS", 40)  # several passes
    found = written(model, prompts, [a for a in own for _ in range(3)], first, 10, NO_END)
    for n, adapter in enumerate(own):
        mine = slice(3 * n, 3 * n + 3)
        # one by one: transformers' padded rows of a capped attention are NaN in double precision
        alone = [generated(model, adapter, [prompt], 10, NO_END)[0] for prompt in prompts[mine]]
        assert found[mine] == alone
    assert len({tuple(a) for a in found}) > 6
    pack.close()


def test_samples_are_those_of_generate_with_the_same_keys(pack: Pack) -> None:
    whose = [a for a in adapters(pack, ["q_proj", "v_proj"]) for _ in range(4)]
    rows, keys = prepared().train, answer_keys(1, 2, 12)
    prompts = [rows.prompt(i % 5) for i in range(12)]
    draw = Draw(keys, [0.9] * 12, pack.base.model.device)
    found = written(pack.base.model, prompts, whose, draw, 8, NO_END)
    asked = list(map(TokenPrompt, prompts, whose, keys))
    assert found == continued(pack.base.model, asked, 8, NO_END, 258, 0.9)
    assert len({tuple(a) for a in found}) == 12


def test_rows_that_ended_leave_and_the_others_do_not_notice(
    pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = adapters(pack, ["q_proj", "v_proj"])
    rows = prepared().train
    prompts = [rows.prompt(i) for i in range(9)]
    whose = [own[0]] * 2 + [own[1]] * 4 + [own[2]] * 3
    model = pack.base.model
    whole = written(model, prompts, whose, first, 24, NO_END)
    # half of the answers end somewhere, one at its first token
    ends = sorted({whole[0][0], whole[3][5], whole[4][9], whole[7][12]})
    widths: list[int] = []
    inside = model.model.forward

    def watched(*args: Any, **kwargs: Any) -> Any:
        widths.append(kwargs["input_ids"].shape[1])
        return inside(*args, **kwargs)

    monkeypatch.setattr(model.model, "forward", watched)
    found = written(model, prompts, whose, first, 24, ends)
    assert cut(found, ends) == cut(whole, ends)
    assert widths[1] <= 9
    assert widths[-1] < 6  # passes became smaller
    assert sorted(widths[1:], reverse=True) == widths[1:]


def test_no_pass_after_the_last_answer_ended(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    own = adapters(pack, ["q_proj"])
    prompts = [prepared().train.prompt(0)] * 3
    model = pack.base.model
    ends = [a[0] for a in written(model, prompts, own, first, 1, NO_END)]
    calls: list[int] = []
    hook = model.register_forward_hook(lambda *_: calls.append(1))
    written(model, prompts, own, first, 50, ends)
    hook.remove()
    assert len(calls) == 1


def test_a_poisoned_trial_changes_no_other_by_one_bit(pack: Pack) -> None:
    own = adapters(pack, ["q_proj", "v_proj", "o_proj"])
    rows = prepared().train
    prompts = [rows.prompt(i) for i in range(9)]
    whose = [a for a in own for _ in range(3)]
    seen: list[torch.Tensor] = []

    def note(logits: torch.Tensor, _rows: torch.Tensor, _place: int) -> torch.Tensor:
        seen.append(logits[[0, 1, 2, 6, 7, 8]])
        return logits.nan_to_num().argmax(1)

    written(pack.base.model, prompts, whose, note, 8, NO_END)
    clean, seen = seen, []
    own[1].flat.data.fill_(float("nan"))
    own[1].refresh()
    written(pack.base.model, prompts, whose, note, 8, NO_END)
    assert len(clean) == len(seen) == 8
    assert all(torch.equal(a, b) for a, b in zip(clean, seen, strict=True))


def test_bytes_of_a_token(pack: Pack) -> None:
    own = adapters(pack, ["q_proj"])
    caches: list[KeyValues] = []
    inside = KeyValues.keep

    def note(self: KeyValues, rows: torch.Tensor) -> None:
        caches.append(self)
        inside(self, rows)

    model = pack.base.model
    prompts = [prepared().train.prompt(0)] * 3
    answers = written(model, prompts, own, first, 3, NO_END)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KeyValues, "keep", note)
        written(model, prompts, own, first, 3, [answers[0][0]])
    held = [t for layer in caches[0]._layers.values() for t in layer]
    assert token_bytes(model) == sum(t[0, :, 0].nbytes for t in held)
