"""How models write: the spec's way, not that of the `generation_config.json` that came with them.

transformers' `generate`, and TRL's trainers through it, fill in what they are not told from the
model's own settings: penalties, least lengths, suppressed tokens would change greedy answers too.
"""

from collections.abc import Collection, Mapping
from typing import Any

# which tokens begin, end and pad an answer: what is kept
TOKENS = ("eos_token_id", "bos_token_id", "pad_token_id")
# what every call gives itself, or what changes no answer
SILENT = (
    *("transformers_version", "max_length", "max_new_tokens", "use_cache", "disable_compile"),
    *("cache_implementation", "cache_config", "output_scores", "output_attentions"),
    *("output_hidden_states", "output_logits", "return_dict_in_generate", "decoder_start_token_id"),
    *("renormalize_logits", "remove_invalid_values", "assistant_early_exit", "chat_format"),
)
NEUTRAL: Mapping[str, object] = {  # values that change no answer, where that is not 0
    "temperature": 1,
    "top_p": 1,
    "typical_p": 1,
    "repetition_penalty": 1,
    "encoder_repetition_penalty": 1,
    "length_penalty": 1,
    "num_beams": 1,
    "num_beam_groups": 1,
    "num_return_sequences": 1,
    "guidance_scale": 1,
}
LEGACY = (  # what config.json of older models holds of it
    *("do_sample", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty", "num_beams"),
    *("length_penalty", "min_length", "min_new_tokens", "no_repeat_ngram_size", "bad_words_ids"),
    *("suppress_tokens", "begin_suppress_tokens", "forced_bos_token_id", "forced_eos_token_id"),
)


def set_aside(settings: Mapping[str, Any], only: Collection[str] = ()) -> dict[str, Any]:
    """Those of generation settings that would change answers, of the names `only` if given."""
    return {
        name: value
        for name, value in settings.items()
        if name not in (*TOKENS, *SILENT) and not name.startswith("_")
        if not only or name in only
        if value not in (None, False, [], {}, NEUTRAL.get(name, 0))
    }


def own_generation_config(settings: Any) -> Any:
    """transformers' GenerationConfig with nothing of `settings`, the model's own, but its tokens:
    greedy, no penalties, no least length."""
    from transformers import GenerationConfig

    return GenerationConfig(**{name: getattr(settings, name, None) for name in TOKENS})
