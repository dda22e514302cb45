"""A model's own generation settings change no answer."""

import json
from pathlib import Path

from trainables.evaluation.generation import TokenPrompt, continued, end_tokens
from trainables.models.config import ModelConfig
from trainables.models.load import load_base
from trainables.models.toy import make_toy

SETTINGS = {
    "do_sample": True,
    "temperature": 3.0,
    "repetition_penalty": 5.0,
    "min_new_tokens": 12,
    "no_repeat_ngram_size": 1,
    "suppress_tokens": list(range(60, 130)),
    "bad_words_ids": [[n] for n in range(130, 200)],
    "eos_token_id": [257, 7],
}


def written(folder: Path) -> tuple[list[list[int]], list[int]]:
    base = load_base(ModelConfig(name_or_path=str(folder), dtype="float32"), "cpu")
    ends = end_tokens(base.model, base.tokenizer)
    prompts = [TokenPrompt([65, 66, 67]), TokenPrompt([100])]
    return continued(base.model, prompts, 16, [257], 258), ends


def test_answers_are_the_models_own_greedy_ones(tmp_path: Path) -> None:
    plain, odd = make_toy(tmp_path / "plain"), make_toy(tmp_path / "odd")
    (odd / "generation_config.json").write_text(json.dumps(SETTINGS))
    greedy, _ = written(plain)
    answers, ends = written(odd)
    assert answers == greedy
    assert 7 in ends  # the tokens that end an answer are the model's
