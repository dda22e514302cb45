"""BERTScore on a tiny random BERT: against the definition in plain loops, and the authors' code."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from trainables.errors import InputError
from trainables.evaluation.bertscore import bertscore, bertscore_each, embedded, load_encoder
from trainables.evaluation.encoders import PINS, folder_of

WORDS = ["the", "a", "lung", "liver", "heart", "is", "was", "enlarged", "small", "painful", "."]
WORDS += [",", "of", "and", "patient"]
PAIRS = [
    ("the liver is enlarged", "the patient liver was enlarged ."),
    ("heart", "the heart of the patient is small and painful"),
    ("small lung", "small lung"),
    ("lung , liver and heart unseen", "painful"),
]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    folder = tmp_path_factory.mktemp("bert")
    vocabulary = {w: i for i, w in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    marks = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=32, **marks
    ).save_pretrained(folder)
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32}
    config = BertConfig(
        vocab_size=len(vocabulary), num_hidden_layers=2, max_position_embeddings=32, **shape
    )
    BertModel(config).save_pretrained(folder)
    return str(folder)


def by_loops(encoder: str, prediction: str, reference: str) -> float:
    """The paper's equations, a row at a time and with no batch."""
    loaded = load_encoder(encoder)

    def tokens(text: str) -> list[Any]:
        ids = loaded.tokenizer(text, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            return list(loaded.model(input_ids=ids).last_hidden_state[0])

    def best(a: list[Any], b: list[Any]) -> float:
        cosine = torch.nn.functional.cosine_similarity
        counted = a[1:-1]  # without [CLS] and [SEP]
        return sum(max(float(cosine(x, y, dim=0)) for y in b) for x in counted) / len(counted)

    said, wanted = tokens(prediction), tokens(reference)
    precision, recall = best(said, wanted), best(wanted, said)
    return 2 * precision * recall / (precision + recall)


def test_equals_the_definition(encoder: str) -> None:
    found = bertscore_each([p for p, _ in PAIRS], [r for _, r in PAIRS], encoder)
    assert found == pytest.approx([by_loops(encoder, *pair) for pair in PAIRS], abs=1e-5)
    assert found[2] == pytest.approx(1, abs=1e-6)


def test_equals_the_authors_package(encoder: str) -> None:
    package = pytest.importorskip("bert_score")
    *_, expected = package.score(
        [p for p, _ in PAIRS], [r for _, r in PAIRS], model_type=encoder, num_layers=2, idf=False
    )
    found = bertscore_each([p for p, _ in PAIRS], [r for _, r in PAIRS], encoder)
    assert found == pytest.approx(expected.tolist(), abs=1e-5)


def test_neighbours_change_nothing(encoder: str) -> None:
    loaded = load_encoder(encoder)
    texts = ["heart", "the heart of the patient is small and painful"]
    together = embedded(loaded, texts)
    alone = [embedded(loaded, [text])[0] for text in texts]
    for a, b in zip(together, alone, strict=True):
        torch.testing.assert_close(a.vectors, b.vectors, atol=1e-5, rtol=0)


def test_an_empty_answer_has_no_score(encoder: str) -> None:
    assert bertscore_each(["", "heart"], ["lung", ""], encoder) == [0.0, 0.0]
    assert bertscore(["heart"], ["heart"], encoder) == {"bertscore_f1": pytest.approx(1)}


def test_texts_longer_than_the_encoder_are_cut(encoder: str) -> None:
    (text,) = embedded(load_encoder(encoder), ["heart " * 100])
    assert text.vectors.shape == (32, 16)
    assert text.counts.sum() == 30


def test_only_pinned_wheels(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a pinned encoder"):
        folder_of("pypi:other==1.0")
    with pytest.raises(InputError, match=r"evaluation\.bertscore_model"):
        folder_of(str(tmp_path))


@pytest.mark.slow
def test_the_packaged_minilm_prefers_what_means_the_same(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path))
    (name,) = PINS
    reference = "Abnormally low number of platelets in the blood."
    near, far = bertscore_each(
        ["A reduced count of thrombocytes.", "The bone of the thigh is short."],
        [reference, reference],
        f"pypi:{name}",
    )
    assert near > far
