"""Samples from hashed numbers: the right frequencies, the same in any company."""

import numpy as np
import torch

from trainables.forward.sampling import Draw, answer_keys, inverted, uniform


def chosen(logits: torch.Tensor, keys: list[int], place: int, temperature: float) -> torch.Tensor:
    draw = Draw(keys, [temperature] * len(keys), torch.device("cpu"))
    return draw(logits.expand(len(keys), -1), torch.arange(len(keys)), place)


def chi_square(counts: np.ndarray, p: np.ndarray) -> float:
    wanted = counts.sum() * p
    return float(((counts - wanted) ** 2 / wanted).sum())


def test_frequencies_are_those_of_the_softmax() -> None:
    logits = torch.tensor([2.0, 0.0, -1.0, 1.0, 0.5, -3.0])
    keys = answer_keys(1, 2, 30_000)
    for place, temperature in ((0, 1.0), (7, 1.0), (0, 0.5)):
        counts = np.bincount(chosen(logits, keys, place, temperature).numpy(), minlength=6)
        p = (logits.double() / temperature).softmax(0).numpy()
        assert chi_square(counts, p) < 20.5  # 99.9% of chi-square with 5 degrees of freedom


def test_large_vocabularies_too() -> None:
    logits = torch.randn(700, generator=torch.Generator().manual_seed(0)).mul(2)
    logits[[3, 300, 699]] = -torch.inf
    counts = np.bincount(chosen(logits, answer_keys(4, 1, 40_000), 2, 0.8).numpy(), minlength=700)
    p = (logits.double() / 0.8).softmax(0).numpy()
    often = p * 40_000 > 5
    rest = np.append(counts[often], counts[~often].sum()), np.append(p[often], p[~often].sum())
    degrees = often.sum()
    assert chi_square(*rest) < degrees + 3.1 * (2 * degrees) ** 0.5
    assert counts[[3, 300, 699]].sum() == 0


def test_by_hand() -> None:
    logits = torch.tensor([[0.2, 0.5, 0.0, 0.3]]).log().repeat(6, 1)
    level = torch.tensor([1e-12, 0.199, 0.201, 0.699, 0.701, 1 - 1e-12]).double()
    assert inverted(logits, torch.ones(6), level).tolist() == [0, 0, 1, 1, 3, 3]
    wide = torch.full((6, 600), -torch.inf)
    wide[:, [5, 255, 256, 599]] = logits
    found = inverted(wide, torch.ones(6), level)
    assert found.tolist() == [5, 5, 255, 255, 599, 599]


def test_the_numbers_are_uniform_and_unrelated() -> None:
    found = torch.stack([uniform(torch.arange(20_000, dtype=torch.int32), n) for n in (0, 1, 2)])
    assert float(found.min()) > 0
    assert float(found.max()) < 1
    for row in found:
        counts = np.histogram(row.numpy(), bins=20, range=(0, 1))[0]
        assert chi_square(counts, np.full(20, 0.05)) < 43.8  # 99.9%, 19 degrees of freedom
    between = torch.corrcoef(found) - torch.eye(3)
    assert float(between.abs().max()) < 0.03
    beside = torch.corrcoef(torch.stack([found[0, 1:], found[0, :-1]]))[0, 1]
    assert abs(float(beside)) < 0.03


def test_an_answer_does_not_depend_on_its_company() -> None:
    logits = torch.randn(50)
    keys = answer_keys(3, 0, 20)
    together = chosen(logits, keys, 4, 1.0)
    alone = [int(chosen(logits, [key], 4, 1.0)) for key in keys]
    assert together.tolist() == alone
    assert len(set(alone)) > 5
    assert chosen(logits, keys, 5, 1.0).tolist() != together.tolist()


def test_keys_differ_by_seed_step_and_place() -> None:
    keys = answer_keys(1, 1, 50) + answer_keys(1, 2, 50) + answer_keys(2, 1, 50)
    assert len(set(keys)) == 150


def test_nan_draws_a_token_of_the_vocabulary() -> None:
    drawn = chosen(torch.full((300,), torch.nan), answer_keys(1, 1, 5), 0, 1.0)
    assert int(drawn.min()) >= 0
    assert int(drawn.max()) < 300
