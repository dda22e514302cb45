from collections import Counter

from trainables.data.config import DataConfig
from trainables.data.filters import clean_rows
from trainables.data.sources import toy
from trainables.data.splitting import split_by_group

CONFIG = DataConfig(source="toy:drugs")
ROWS = toy.read(CONFIG, toy.fingerprint(CONFIG, False)).rows


def test_240_rows_on_80_drugs_the_same_every_time() -> None:
    assert len(ROWS) == len({row.id for row in ROWS}) == 240
    assert set(Counter(row.group for row in ROWS).values()) == {3}
    assert list(toy.drug_rows()) == ROWS


def test_cleaning_drops_none() -> None:
    kept, dropped = clean_rows(ROWS, CONFIG.cleaning)
    assert kept == ROWS
    assert set(dropped.values()) == {0}


def test_what_is_asked_of_a_held_out_drug_can_be_learnt() -> None:
    train, validation, _ = split_by_group(ROWS, CONFIG.split, CONFIG.seed)
    families = {family.suffix for family in toy.FAMILIES}
    seen = {suffix for suffix in families for row in train if row.group.endswith(suffix)}
    assert seen == families
    assert not {row.group for row in validation} & {row.group for row in train}
