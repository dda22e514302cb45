"""A chat template is a program that comes with a model: what it may take is limited."""

import resource
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trainables.data import template_limits
from trainables.data.template_limits import check_template
from trainables.errors import InputError
from trainables.models.tokenizer import load_tokenizer, tokenizer_key

MESSAGES = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
LOOP = "{% for a in range(90000) %}"
GREEDY = {
    "endless loop": LOOP + LOOP + LOOP + "{% endfor %}" * 3,
    "one huge text": "{{ 'x' * 10**10 }}",
    "a format": "{{ '%9999999999d' % 1 }}",
    "a filter": "{{ 'x'|center(9999999999) }}",
    "a list": "{% set n = ([0] * 9999)|map('string') %}{{ ([0] * 10**10)|length }}",
    "a doubling": "{% set n = namespace(x='x') %}"
    + "{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}",
    "endless recursion": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "a long output": LOOP + "{{ 'x' * 1000 }}{% endfor %}",
    "2 MB of template": "x" * 2_000_000,
}


def _tokenizer(template: str) -> Any:
    return SimpleNamespace(get_chat_template=lambda: template, special_tokens_map={})


@pytest.mark.parametrize("template", GREEDY.values(), ids=GREEDY)
def test_a_greedy_template_is_refused_in_time(
    template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template_limits, "SECONDS", 1.0)
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match="the model's chat template") as told:
        check_template(_tokenizer(template), MESSAGES)
    assert "put another template" in str(told.value)
    assert time.monotonic() - began < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KB


@pytest.mark.parametrize(
    "template",
    [
        "{% for m in messages %}{% generation %}{{ m['content'] }}{% endgeneration %}{% endfor %}",
        "{% for m in messages %}{% if loop.index > 5 %}{% break %}{% endif %}{{ m }}{% endfor %}",
        "{{ raise_exception('only users') }}",
        "{{ strftime_now('%d') }}{{ messages|tojson }}",
        "{% no such tag %}",  # that is said where it is rendered
    ],
)
def test_others_are_not(template: str) -> None:
    check_template(_tokenizer(template), MESSAGES)


def test_a_template_reaches_nothing_of_the_machine() -> None:
    from transformers.utils.chat_template_utils import render_jinja_template

    for attack in (
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append.__self__.__class__ }}",
        "{{ raise_exception.__globals__['json'] }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
    ):
        try:
            rendered, _ = render_jinja_template([MESSAGES], chat_template=attack)
        except Exception:
            continue
        assert rendered == [""], attack


@pytest.mark.parametrize("name", ["chat_template.jinja", "tokenizer.json"])
def test_a_file_that_no_tokenizer_has_is_refused_unread(tmp_path: Path, name: str) -> None:
    with (tmp_path / name).open("wb") as stream:
        stream.truncate(2 * 10**9)
    for reader in (tokenizer_key, load_tokenizer):
        began = time.monotonic()
        with pytest.raises(InputError, match=r"2,000,000,000 bytes"):
            reader(tmp_path)
        assert time.monotonic() - began < 1 or reader is load_tokenizer  # imports transformers
