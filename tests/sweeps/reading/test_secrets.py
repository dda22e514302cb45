"""What looks like a secret, and what does not."""

from typing import Any

import pytest

from sweeps.reading.document import Document
from sweeps.reading.secrets import masked, secret_findings

HEX = "deadbeef" * 5


def findings(data: dict[str, Any], text: str = "") -> list:
    return secret_findings(Document("s", text, data, {}))[0]


@pytest.mark.parametrize(
    ("data", "value", "variable"),
    [
        ({"a": "hf_" + "x" * 34}, "hf_***", "HF_TOKEN"),
        ({"a": ["b", "use hf_" + "x" * 34]}, "hf_***", "HF_TOKEN"),
        ({"a": "sk-" + "x" * 40}, "sk-***", "OPENAI_API_KEY"),
        ({"a": "sk-ant-" + "x" * 40}, "sk-ant-***", "ANTHROPIC_API_KEY"),
        ({"a": HEX}, "***", "WANDB_API_KEY"),
        ({"a": "AKIA" + "A" * 16}, "AKIA***", "AWS_ACCESS_KEY_ID"),
        ({"a": "ghp_" + "x" * 36}, "ghp_***", "GITHUB_TOKEN"),
        ({"hf_" + "x" * 34: 1}, "hf_***", "HF_TOKEN"),
        ({"hub_token": "abc"}, "***", "HF_TOKEN"),
        ({"wandb": {"api_key": "abc"}}, "***", "WANDB_API_KEY"),
        ({"db_password": "abc"}, "***", "DB_PASSWORD"),
        ({"password": 12345678}, "***", "PASSWORD"),
        ({"secrets": {"secret": ["abc"]}}, "***", "SECRET"),
    ],
)
def test_secrets(data: dict[str, Any], value: str, variable: str) -> None:
    found = findings(data)
    assert [finding.value for finding in found] == [value]
    assert variable in str(found[0].fix)


@pytest.mark.parametrize(
    "data",
    [
        {"revision": HEX},
        {"search": {"parameters": {"model.revision": {"values": [HEX]}}}},
        {"a": f"/cache/snapshots/{HEX}/model"},
        {"a": f"pypi:x@{HEX}"},
        {"a": HEX + "00"},
        {"max_new_tokens": 128, "max_batch_tokens": 409600},
        {"pad_token": "<pad>"},
        {"password": None, "token": ""},
        {"a": "task-oriented-dialogue-models-in-medicine"},
        {"a": "the hf_hub"},
        {"a": "https://example.org/a@b"},
    ],
)
def test_what_only_looks_like_one(data: dict[str, Any]) -> None:
    assert findings(data) == []


def test_text_is_masked_by_pattern_and_by_value() -> None:
    assert masked(f"x hf_{'a' * 30} hunter2", ["hunter2"]) == "x hf_*** ***"
