"""Every registered source of preference pairs."""

from typing import get_args

import pytest

from tests.trainables.data.formats.shared import shared
from trainables.data.pairs.build import clean
from trainables.data.pairs.config import PairFormatName, PairSourceConfig
from trainables.data.pairs.registry import MADE, PAIRS, reader_of

REAL = {
    "liveqa": ("medquad", "liveqa_judged_nih_answers.jsonl"),
    "medec": ("medec",),
    "medsafetybench": ("med_safety_bench", "train.jsonl"),
}


def config(name: str) -> PairSourceConfig:
    if name in MADE:
        return PairSourceConfig(source={"hpo": "hpo:siblings", "toy": "toy:drugs"}[name])
    return PairSourceConfig(source=shared(*REAL[name]), format=name)  # type: ignore[arg-type]


def test_formats_are_what_the_spec_offers() -> None:
    assert set(PAIRS) == {*get_args(PairFormatName), *MADE}


@pytest.mark.parametrize("name", PAIRS)
def test_a_source_says_what_it_is(name: str) -> None:
    import sys

    module = {"hpo": "siblings", "toy": "drugs"}.get(name, name)
    assert len(sys.modules[f"trainables.data.pairs.{module}"].__doc__ or "") > 100
    assert all(map(callable, PAIRS[name]))


@pytest.mark.parametrize("name", [n for n in PAIRS if n not in ("preference", "hpo")])
def test_a_source_gives_pairs_of_different_answers(name: str) -> None:
    section = config(name)
    reader = reader_of(section)
    assert reader is PAIRS[name]
    digest = reader.fingerprint(section, True)
    assert digest == reader.fingerprint(section, False)
    assert digest
    found = reader.read(section, digest)
    assert found == reader.read(section, digest)
    assert len({pair.id for pair in found.pairs}) == len(found.pairs) > 0
    assert found.version
    kept, _ = clean(found.pairs)
    assert len(kept) > 0.7 * len(found.pairs)
    assert all(pair.group and not pair.source for pair in found.pairs)
