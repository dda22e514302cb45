"""A task for PPO whose optimum is known, on a model that trains in seconds.

A question is one letter x of five; the right answer is three letters that depend on x and on their
place, and then the end. A place is right or wrong, the reward is the share of the four that are
right. So the best expected reward is 1, by one answer a question. A policy that does not look at
the question gets at most 0.4 (one letter in five right at three places, and the end), and one
that answers at random about 0.1.

The model is a Llama of 2 layers with random weights and 9 tokens. Its padding token is never
sampled (a constant of the hidden state serves as a bias against it), so that engines which treat a
sampled padding token differently have the same task.

Every learning rate is tried with every number of minibatches on the search's seeds; the setting
with the highest mean reward over all updates then runs with five other seeds. So both sides of the
comparison, `benchmarks.ppo_toy` and `benchmarks.ppo_toy_trl`, have the same budget.

Needs torch, transformers and tokenizers, and nothing else of what medsweep needs: the same file
runs in other libraries' environments.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.output import JSON, command, write

LETTERS = "abcde"
VOCABULARY = [*LETTERS, "?", "=", "<|end|>", "<|pad|>"]
END, PAD = VOCABULARY.index("<|end|>"), VOCABULARY.index("<|pad|>")
SHIFTS = (1, 3, 4)  # the answer's letters, counted on from the question's
ANSWER_TOKENS = len(SHIFTS) + 1
OPTIMUM = 1.0
WIDTH, LAYERS, HEADS = 64, 2, 4
NEVER = -60.0  # logit of the padding token
TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'user' %}?{{ m['content'] }}"
    "{% else %}={{ m['content'] }}<|end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}={% endif %}"
)
FIXED: JSON = {
    "batch": 160,  # answers an update
    "num_ppo_epochs": 4,
    "kl_coef": 0.03,
    "gamma": 1.0,
    "lam": 0.95,
    "cliprange": 0.2,
    "cliprange_value": 0.2,
    "vf_coef": 0.5,
    "temperature": 1.0,
    "response_length": ANSWER_TOKENS,
    "lora": {"r": 8, "lora_alpha": 16, "target_modules": "all-linear"},
    "updates": 200,
}
LEARNING_RATES = (3e-4, 1e-3, 3e-3)
MINIBATCHES = (1, 4)
SEARCH_SEEDS = (100, 101)
SEEDS = (0, 1, 2, 3, 4)
LAST = 10  # updates over which the reward at the end is averaged
# (folder of the model, setting, seeds) -> by seed the mean true reward of each update's answers
Run = Callable[[Path, JSON, Sequence[int]], dict[int, list[float]]]


def answer(letter: str) -> str:
    """The right answer to a question."""
    place = LETTERS.index(letter)
    return "".join(LETTERS[(place + shift) % len(LETTERS)] for shift in SHIFTS)


def score(letter: str, text: str) -> float:
    """The share of the answer's places, its end among them, that are right; 0..1."""
    right = sum(a == b for a, b in zip(text, answer(letter), strict=False))
    return (right + (len(text) == len(SHIFTS))) / ANSWER_TOKENS


def right_places(prompts: Sequence[Any], completions: Sequence[Any], **_: Any) -> list[float]:
    """The task's reward, of TRL's signature: texts, or chat messages of one turn each."""
    texts = [
        [t if isinstance(t, str) else t[-1]["content"] for t in x] for x in (prompts, completions)
    ]
    return [score(_letter(prompt), text) for prompt, text in zip(*texts, strict=True)]


def _letter(prompt: str) -> str:
    return next(x for x in prompt if x in LETTERS)


def prompt_tokens(letter: str) -> list[int]:
    """The question as the model sees it."""
    return [VOCABULARY.index(x) for x in ("?", letter, "=")]


def token_score(letter: str, tokens: Sequence[int]) -> float:
    """`score` of sampled tokens; those from the first end token on are not part of the text."""
    text = [VOCABULARY[t] for t in tokens]
    return score(letter, "".join(text[: text.index("<|end|>")] if "<|end|>" in text else text))


def write_model(folder: Path, seed: int = 0) -> Path:
    """The model and its tokenizer, as `from_pretrained` reads them."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        max_position_embeddings=64,
        initializer_range=WIDTH**-0.5,
        bos_token_id=None,
        eos_token_id=END,
        pad_token_id=PAD,
        tie_word_embeddings=False,
        dtype=torch.float32,
    )
    model = LlamaForCausalLM(config)
    _forbid_padding(model)
    model.save_pretrained(folder)
    _write_tokenizer(folder)
    return folder


def _forbid_padding(model: Any) -> None:
    """Hidden unit 0 is the same for all tokens and no layer writes to it; the head turns it against
    the padding token, and reads nothing else for it."""
    import torch

    with torch.no_grad():
        model.model.embed_tokens.weight.normal_()[:, 0] = 1.0
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight[0] = 0
            layer.mlp.down_proj.weight[0] = 0
        model.lm_head.weight[:, 0] = 0
        model.lm_head.weight[PAD] = 0
        model.lm_head.weight[PAD, 0] = NEVER


def _write_tokenizer(folder: Path) -> None:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {word: place for place, word in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|pad|>"
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)


def compare(doc: str | None, file: str, run: Run, about: Callable[[], JSON]) -> None:
    """The command of an engine: search, repeat the best setting, write."""
    import torch

    parser = command(doc)
    parser.add_argument("--place", type=int, help="only this setting of the search, not written")
    parser.set_defaults(json=Path("benchmarks/results") / file)
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = [
        {**FIXED, "learning_rate": rate, "num_mini_batches": parts}
        for rate, parts in product(LEARNING_RATES, MINIBATCHES)
    ]
    with tempfile.TemporaryDirectory() as folder:
        own = partial(run, write_model(Path(folder) / "model"))
        if options.place is not None:
            tried(own, settings[options.place], SEARCH_SEEDS)
            return
        rows = [tried(own, setting, SEARCH_SEEDS) for setting in settings]
        final = tried(own, best(rows), SEEDS)
    search = [{k: v for k, v in row.items() if k != "curves"} for row in rows]
    write(options.json, {**about(), "threads": 1, "search": search, "final": final}, indent=None)


def tried(run: Any, setting: JSON, seeds: Sequence[int]) -> JSON:
    """A setting's curves and what is read from them."""
    began = time.perf_counter()
    curves: dict[int, list[float]] = run(setting, seeds)
    taken = time.perf_counter() - began
    row = {
        "setting": setting,
        "mean": statistics.mean(statistics.mean(curve) for curve in curves.values()),
        "at_the_end": {seed: at_the_end(curve) for seed, curve in curves.items()},
        "updates_to_95": {seed: updates_to(0.95, curve) for seed, curve in curves.items()},
        "seconds_a_run": round(taken / len(curves), 2),
        "curves": {seed: [round(x, 4) for x in curve] for seed, curve in curves.items()},
    }
    shown = {k: row[k] for k in ("mean", "at_the_end", "updates_to_95", "seconds_a_run")}
    print(setting["learning_rate"], setting["num_mini_batches"], shown, flush=True)
    return row


def at_the_end(curve: Sequence[float]) -> float:
    """Mean reward of the last updates, over the optimum."""
    return statistics.mean(curve[-LAST:]) / OPTIMUM


def updates_to(share: float, curve: Sequence[float]) -> int | None:
    """Updates until the mean of LAST of them first is that share of the optimum; None: never."""
    means = (statistics.mean(curve[n - LAST : n]) for n in range(LAST, len(curve) + 1))
    return next((n for n, mean in enumerate(means, LAST) if mean >= share * OPTIMUM), None)


def best(rows: Sequence[JSON]) -> JSON:
    """The setting with the highest mean reward over all updates: the fastest and surest."""
    setting: JSON = max(rows, key=lambda row: row["mean"])["setting"]
    return setting
