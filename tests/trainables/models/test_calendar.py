"""Templates that write today's date write the run's."""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from trainables.data.chat_format import prompts
from trainables.models.calendar import PINNED, moves_with_calendar, pinned
from trainables.models.config import ModelConfig
from trainables.models.load import load_base
from trainables.models.tokenizer import load_tokenizer, tokenizer_key
from trainables.models.toy import make_toy

DAY = "2024-03-05"
# as Llama 3.2 writes it
LLAMA = """{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{{- "Today Date: " + date_string + "\\n" }}"""
# as Mistral and gpt-oss write it, and with what others may ask
MISTRAL = '{%- set today = strftime_now("%Y-%m-%d") %}{{ "Now: " + today.split("-")[0] }}'
REST = "{{ strftime_now('%A, %B %-d %Y %H:%M') }}"
TURNS = (
    "{%- for m in messages %}{{ '<' + m['role'] + '>' + m['content'] + '<|end|>' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{ '<assistant>' }}{%- endif %}"
)


def dated(tmp_path: Path, head: str) -> Path:
    folder = make_toy(tmp_path / "dated")
    path = folder / "tokenizer_config.json"
    settings = {**json.loads(path.read_text()), "chat_template": head + TURNS}
    path.write_text(json.dumps(settings))
    return folder


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (LLAMA, "Today Date: 05 Mar 2024\n"),
        (MISTRAL, "Now: 2024"),
        (REST, "Tuesday, March 5 2024 00:00"),
    ],
)
def test_the_day_is_the_runs(head: str, said: str, tmp_path: Path) -> None:
    folder = dated(tmp_path, head)
    assert moves_with_calendar(folder)
    tokenizer = load_tokenizer(folder, DAY)
    (ids,) = prompts(tokenizer, ["Q?"], "S.")
    assert tokenizer.decode(ids).startswith(f"{said}<system>S.<|end|><user>Q?")


def test_saved_it_stays_pinned(tmp_path: Path) -> None:
    load_tokenizer(dated(tmp_path, LLAMA), DAY).save_pretrained(tmp_path / "saved")
    assert not moves_with_calendar(tmp_path / "saved")
    again = load_tokenizer(tmp_path / "saved", "2020-01-01")
    (ids,) = prompts(again, ["Q?"], None)
    assert tokenizer_text(again, ids).startswith("Today Date: 05 Mar 2024")


def test_a_base_model_has_its_configurations_day(tmp_path: Path) -> None:
    config = ModelConfig(name_or_path=str(dated(tmp_path, LLAMA)), template_date=DAY)
    base = load_base(config, "cpu")
    (ids,) = prompts(base.tokenizer, ["Q?"], None)
    assert tokenizer_text(base.tokenizer, ids).startswith("Today Date: 05 Mar 2024")


def tokenizer_text(tokenizer: Any, ids: list[int]) -> str:
    return str(tokenizer.decode(ids))


def test_without_a_day_it_is_today_and_the_key_moves(tmp_path: Path) -> None:
    folder = dated(tmp_path, LLAMA)
    (ids,) = prompts(load_tokenizer(folder), ["Q?"], None)
    assert f"{datetime.now():%d %b %Y}" in tokenizer_text(load_tokenizer(folder), ids)
    assert tokenizer_key(folder, DAY) != tokenizer_key(folder, "2024-03-06")
    assert tokenizer_key(folder) == tokenizer_key(folder, time.strftime("%Y-%m-%d"))


def test_a_template_without_a_date_stays_as_it_is(tmp_path: Path) -> None:
    folder = make_toy(tmp_path / "toy")
    assert not moves_with_calendar(folder)
    assert load_tokenizer(folder, DAY).chat_template == load_tokenizer(folder).chat_template
    assert tokenizer_key(folder, DAY) == tokenizer_key(folder)
    assert pinned("Hello", DAY) == "Hello"
    assert pinned(pinned(LLAMA, DAY), "2020-01-01").count(PINNED) == 1


def test_a_configuration_without_a_day_is_written_as_before() -> None:
    assert "template_date" not in ModelConfig(name_or_path="toy:llama").model_dump()
    config = ModelConfig.model_validate({"name_or_path": "x", "template_date": DAY})
    assert config.model_dump()["template_date"] == DAY
    with pytest.raises(ValueError, match="2024-13-01"):
        ModelConfig.model_validate({"name_or_path": "x", "template_date": "2024-13-01"})
