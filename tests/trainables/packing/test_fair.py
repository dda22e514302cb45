"""No trial of a pack starves: each step of the pack takes one batch of every trial."""

from tests.trainables.packing.packs import fields
from tests.trainables.sft.trials import TOY, config, prepared
from trainables.context import ListContext
from trainables.models.load import load_base
from trainables.packing.pack import Pack

TRIALS = {
    "small": config(training=fields(max_steps=90, per_device_train_batch_size=1)),
    "large": config(training=fields(max_steps=90, per_device_train_batch_size=11)),
    "accumulating": config(
        training=fields(max_steps=90, per_device_train_batch_size=2, gradient_accumulation_steps=3)
    ),
}


def test_every_trial_goes_on_at_every_step_of_the_pack() -> None:
    # 50 tokens a call: the large batch alone needs several calls
    pack = Pack(load_base(TOY, "cpu"), TOY, max_tokens=50)
    for name, trial in TRIALS.items():
        pack.join(name, trial, ListContext(prepared()))
    for step in range(1, 13):
        assert pack.step() == []
        done = {name: trial.progress.step for name, trial in pack.trials.items()}
        assert done == {"small": step, "large": step, "accumulating": step // 3}
    seconds = {name: trial.seconds for name, trial in pack.trials.items()}
    pack.close()
    # divided by the tokens that each used
    assert seconds["large"] > 2 * seconds["accumulating"] > 2 * seconds["small"]
