"""Chats of several turns in both engines, against TRL's own trainer and transformers' loss."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.trainables.packing.packs import double_base, run_pack
from tests.trainables.sft.trials import TOY, config, run, token_rows_of, toy_tokenizer
from trainables.data.chat_turns import encode_chats
from trainables.data.prepared import Prepared
from trainables.data.rows import Row
from trainables.data.token_rows import TokenRows, token_rows
from trainables.data.turns import Chat, Turn, written
from trainables.evaluation.answer_loss import answer_loss
from trainables.forward.adapter import fresh_adapter
from trainables.forward.passes import TrialRows, loss_pass
from trainables.models.load import load_base
from trainables.regularizers.fisher import fisher_key
from trainables.sft.train import as_dataset


def turns(number: int) -> list[tuple[str, str]]:
    """Two or three questions and their answers."""
    said = []
    for n in range(2 + number % 2):
        said += [("user", f"Code {n} of {number}?"), ("assistant", f"It is {'AB'[n % 2]}{number}.")]
    return said


def row_of(number: int) -> Row:
    chat = Chat(tuple(Turn(*turn) for turn in turns(number)))
    return Row(str(number), str(number), chat.question, chat.answer, turns=written(chat))


def chats(first: int, count: int, tokenizer: Any = None, length: int = 500) -> TokenRows:
    rows = [row_of(number) for number in range(first, first + count)]
    found = encode_chats(tokenizer or toy_tokenizer(), rows, None, length)
    flat = [own for each in found for own in each]
    return token_rows([row for row, _ in flat], [item for _, item in flat])


def mixed() -> Prepared:
    return Prepared("chats", chats(0, 9), chats(100, 4), {})


TRIAL = config(training={"max_length": 500, "max_steps": 12, "per_device_train_batch_size": 2})


def summed_loss(model: Any, rows: TokenRows) -> float:
    """By transformers, with labels of our places."""
    total = 0.0
    for place in range(len(rows)):
        ids = torch.from_numpy(rows.row(place).astype("int64"))
        labels = torch.full_like(ids, -100)
        learnt = torch.from_numpy(rows.supervised(place))
        labels[learnt] = ids[learnt]
        with torch.inference_mode():
            total += float(model(input_ids=ids[None], labels=labels[None]).loss) * len(learnt)
    return total


def test_the_loss_is_that_of_all_answers() -> None:
    rows, base = chats(0, 7), load_base(TOY, "cpu")
    assert rows.learnt is not None
    wanted = summed_loss(base.model, rows)
    found = answer_loss(base.model, rows, 700)
    assert found.nats == pytest.approx(wanted, rel=1e-5)
    assert found.tokens == sum(len(rows.supervised(place)) for place in range(7))
    assert found.answer_bytes == sum(
        len(text) for number in range(7) for role, text in turns(number) if role == "assistant"
    )


def test_a_pass_of_the_packed_engine_says_the_same() -> None:
    rows, base = chats(0, 5), double_base()
    adapter = fresh_adapter(base, TRIAL.lora, 0)  # type: ignore[arg-type]
    single = token_rows_of([("What is pain?", "It hurts.")], toy_tokenizer())
    parts = [TrialRows("a", adapter, rows, range(5)), TrialRows("b", adapter, single, [0])]
    nats = loss_pass(base.model, parts)
    assert sum(nats[0]) == pytest.approx(summed_loss(base.model, rows), rel=1e-6)
    assert nats[1][0] == pytest.approx(summed_loss(base.model, single), rel=1e-6)


def test_both_engines_train_alike() -> None:
    alone = run(TRIAL, data=mixed())
    packed = run_pack(load_base(TOY, "cpu"), {"a": TRIAL}, {"a": mixed()})["a"]
    assert [r.step for r in packed] == [r.step for r in alone]
    for one, other in zip(packed, alone, strict=True):
        assert one.metrics["val_loss"] == pytest.approx(other.metrics["val_loss"], rel=1e-4)
    assert alone[-1].metrics["val_loss"] < alone[0].metrics["val_loss"]


def test_answers_before_the_last_are_learnt_indeed() -> None:
    rows = chats(0, 9)
    last = TokenRows(**{**rows.__dict__, "learnt": None})
    trained, other = (
        run(TRIAL, data=Prepared("x", given, chats(100, 4), {}))[-1].metrics["val_loss"]
        for given in (rows, last)
    )
    assert trained < other


def test_the_key_of_weights_importance_knows_the_mask(tmp_path: Path) -> None:
    rows = chats(0, 3)
    last = TokenRows(**{**rows.__dict__, "learnt": None})
    assert fisher_key(tmp_path, rows) != fisher_key(tmp_path, last)


@pytest.mark.parametrize("name", ["llama3", "gemma"])
def test_labels_are_those_of_trls_trainer(tmp_path: Path, name: str) -> None:
    import trl
    from datasets import Dataset

    tokenizer = toy_tokenizer()
    template = Path(trl.__file__).parent / "chat_templates" / f"{name}.jinja"
    tokenizer.chat_template = template.read_text()
    tokenizer.add_special_tokens(
        {"additional_special_tokens": ["<|eot_id|>", "<end_of_turn>", "<start_of_turn>"]}
    )
    messages = [
        [{"role": role, "content": text} for role, text in turns(number)] for number in range(4)
    ]
    model = copy.deepcopy(load_base(TOY, "cpu").model)
    trainer = trl.SFTTrainer(
        model,
        trl.SFTConfig(
            output_dir=str(tmp_path),
            assistant_only_loss=True,
            max_length=None,
            use_cpu=True,
            bf16=False,
            report_to=[],
        ),
        train_dataset=Dataset.from_dict({"messages": messages}),
        processing_class=tokenizer,
    )
    ours = as_dataset(chats(0, 4, tokenizer, 4000))
    for mine, its in zip(ours, trainer.train_dataset, strict=True):
        length = len(mine["input_ids"])
        assert mine["input_ids"] == its["input_ids"][:length]
        labels = its["labels"][:length]
        differ = [at for at in range(length) if mine["labels"][at] != labels[at]]
        # a line break behind an end mark is learnt there
        assert {tokenizer.decode([labels[at]]).strip() for at in differ} <= {""}
        assert sum(label != -100 for label in mine["labels"]) >= 20
