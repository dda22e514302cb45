"""Tokenizers made on the spot, with the chat templates of real model families."""

from collections.abc import Callable
from typing import Any

Build = Callable[..., Any]

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# as Zephyr and TinyLlama: the end-of-turn mark is eos itself
ZEPHYR = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}{{ eos_token }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
# as Gemma: raises at a system turn
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
NO_SYSTEM += CHATML
# drops a system turn without a word
DEAF = (
    "{% for m in messages %}{% if m['role'] != 'system' %}<|im_start|>{{ m['role'] }}\n"
    "{{ m['content'] }}<|im_end|>\n{% endif %}{% endfor %}"
)
# as Qwen3: the last answer opens with an empty block of thoughts
THINKING = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if m['role'] == 'assistant' %}<think>\n\n</think>\n\n{% endif %}"
    "{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# as Vicuna: the answer follows a space, and no mark but eos ends it
SPACED = (
    "{% for m in messages %}{{ m['role'].upper() }}: {{ m['content'] }}"
    "{% if m['role'] == 'assistant' %}{{ eos_token }}{% else %} {% endif %}{% endfor %}"
)
# nothing at all ends an answer
ENDLESS = "{% for m in messages %}{{ m['role'] }}> {{ m['content'] }}\n{% endfor %}"
SHOUTING = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'].replace('ß', 'ss') }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def byte_level(template: str | None, merges: tuple[tuple[str, str], ...] = ()) -> Any:
    """A token a byte, besides `merges`; `</s>` is eos, the ChatML marks are special."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    alphabet += ["".join(pair) for pair in merges]
    model = models.BPE({char: index for index, char in enumerate(alphabet)}, list(merges))
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    marks = ("<s>", "</s>", "<|im_start|>", "<|im_end|>")
    tokenizer.add_special_tokens([AddedToken(mark, special=True) for mark in marks])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", chat_template=template
    )
