"""A task for PPO whose optimum is known, on a model that trains in seconds.

A question is one letter x of five; the right answer is three letters that depend on x and on their
place, and then the end. A place is right or wrong, the reward is the share of the four that are
right. So the best expected reward is 1, by one answer a question. A policy that does not look at
the question gets at most 0.4 (one letter in five right at three places, and the end), and one
that answers at random about 0.1.

The model is a Llama of 2 layers with random weights and 9 tokens. Its padding token is never
sampled (a constant of the hidden state serves as a bias against it), so that engines which treat a
sampled padding token differently have the same task. Needs torch, transformers and tokenizers, and
nothing of medsweep: the same file runs in other libraries' environments.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
