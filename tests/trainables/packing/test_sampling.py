"""Samples from hashed noise: the right frequencies, the same in any company."""

import numpy as np
import torch

from trainables.packing.sampling import GumbelNoise, answer_keys, gumbel


def chosen(logits: torch.Tensor, keys: list[int], place: int, temperature: float) -> torch.Tensor:
    noise = GumbelNoise(keys, [temperature] * len(keys), 5, torch.device("cpu"))
    ids = torch.zeros(len(keys), 5 + place, dtype=torch.long)
    return noise(ids, logits.expand(len(keys), -1)).argmax(1)


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


def test_the_noise_is_gumbels() -> None:
    found = gumbel(torch.arange(40, dtype=torch.int32), 3, 5000).double()
    assert abs(float(found.mean()) - 0.5772157) < 0.02
    assert abs(float(found.var()) - np.pi**2 / 6) < 0.05
    assert bool(torch.isfinite(found).all())
    assert abs(float(torch.corrcoef(torch.stack([found[0], found[1]]))[0, 1])) < 0.05


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
