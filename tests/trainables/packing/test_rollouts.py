"""Sampled answers: each trial's own, whoever shares the batch."""

from collections.abc import Iterator

import pytest
import torch

from tests.trainables.packing.packs import fields
from tests.trainables.sft.trials import TOY, config, prepared
from trainables.context import ListContext
from trainables.evaluation.generation import end_tokens
from trainables.forward.key_values import token_bytes
from trainables.forward.sampling import answer_keys
from trainables.models.load import Base
from trainables.packing.pack import Pack
from trainables.packing.rollouts import Rollouts, packed_samples


@pytest.fixture
def pack(double: Base) -> Iterator[Pack]:
    made = Pack(double, TOY)
    for seed, name in enumerate("abc"):
        made.join(name, config(training=fields(seed=seed)), ListContext(prepared()))
        adapter = made.trials[name].adapter
        generator = torch.Generator().manual_seed(seed)
        adapter.flat.data.add_(torch.randn(adapter.flat.shape, generator=generator))
        adapter.refresh()
    yield made
    made.close()


def asked(pack: Pack, name: str, count: int, temperature: float = 1.0) -> Rollouts:
    rows = prepared().train
    prompts = [rows.prompt(i) for i in range(count)]
    keys = answer_keys(ord(name), 0, count)
    return Rollouts(pack.trials[name].adapter, prompts, keys, temperature)


def test_answers_are_the_same_in_any_company(pack: Pack) -> None:
    wanted = {n: asked(pack, n, 4 + i, 1 + i / 4) for i, n in enumerate("abc")}
    alone = [packed_samples(pack.base, [own], 12)[0] for own in wanted.values()]
    assert packed_samples(pack.base, [*wanted.values()], 12) == alone
    small = 120 * token_bytes(pack.base.model)  # two or three answers at a time
    assert packed_samples(pack.base, [*wanted.values()][::-1], 12, small) == alone[::-1]
    assert alone[0][0] != alone[1][0]


def test_an_answer_ends_with_its_end_token_or_is_cut(pack: Pack) -> None:
    ends = end_tokens(pack.base.model, pack.base.tokenizer)
    (found,) = packed_samples(pack.base, [asked(pack, "a", 11, 50.0)], 600)
    ended = [answer for answer in found if answer[-1] in ends]
    assert ended  # uniform over 259 tokens, nearly every answer ends in 600
    assert all(token not in ends for answer in ended for token in answer[:-1])
    cut = packed_samples(pack.base, [asked(pack, "a", 11, 50.0)], 3)[0]
    assert all(len(answer) == 3 or answer[-1] in ends for answer in cut)
    assert all(long[: len(short)] == short for long, short in zip(found, cut, strict=True))
