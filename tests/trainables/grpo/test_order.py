from collections import Counter

from trainables.grpo.config import GRPOTrainingConfig
from trainables.grpo.order import GroupOrder
from trainables.training.order import epoch_order


def training(**fields: int) -> GRPOTrainingConfig:
    return GRPOTrainingConfig.model_validate({"seed": 3, **fields})


def test_each_step_has_whole_groups_and_each_use_its_own_pass() -> None:
    t = training(
        per_device_train_batch_size=3,
        gradient_accumulation_steps=2,
        num_generations=2,
        num_iterations=2,
    )
    order = GroupOrder(5, t)
    rows = list(order)
    a, b, c, d, e = epoch_order(5, 3, 0)
    first = [a, a, b, b, c, c]  # three prompts, two answers each
    last = [d, d, e, e, a, a]  # filled up with the epoch's first
    assert rows == first * 4 + last * 4  # 2 batches × 2 iterations
    assert len(order) == len(rows) == 48
    assert t.steps_per_epoch(5) == 4


def test_epochs_differ_and_depend_on_the_seed_only() -> None:
    t = training(per_device_train_batch_size=2, num_generations=2)
    order = GroupOrder(7, t)
    first = list(order)
    order.epoch = 1
    assert list(order) != first
    assert Counter(order) == Counter(first)
    order.epoch = 0
    assert list(order) == first


def test_fewer_rows_than_prompts_of_a_step() -> None:
    t = training(per_device_train_batch_size=8, num_generations=2)
    assert Counter(GroupOrder(3, t)) == {row: 2 * n for row, n in _times(3).items()}
    assert t.steps_per_epoch(3) == 1


def _times(rows: int) -> dict[int, int]:
    order = epoch_order(rows, 3, 0)
    return Counter([*order, order[0]])
