"""Escape sequences in what models, data, specs and run folders say never reach the terminal."""

import io

import pytest
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from analysis.visible import visible
from medsweep.failures import explain
from medsweep.terminal import Terminal, say
from trainables.errors import InputError

ATTACKS = {
    "colour": "\x1b[31mred",
    "title": "\x1b]0;title\x07",
    "clipboard": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "link": "\x1b]8;;http://evil\x1b\\here\x1b]8;;\x1b\\",
    "clear": "\x1b[2J\x1b[H",
    "one byte CSI": "\x9b31m",
    "carriage return": "safe\rgone",
    "backspace": "safe\b\b\b\bgone",
    "right to left": "abc\u202etxt.exe",
    "isolate": "\u2066abc\u2069",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_nothing_printed_steers_the_terminal(
    attack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = io.StringIO()
    console = Terminal(file=stream, width=60, force_terminal=False)
    table = Table(title=escape(attack))
    table.add_column(escape(attack))
    table.add_row(escape(attack))
    for shown in (escape(attack), Text(attack), table, Panel(escape(attack), title=escape(attack))):
        console.print(shown)
    say(attack)
    explain(InputError("trial." + attack, attack, attack, attack))
    explain(ValueError(attack))  # a bug of ours: its traceback
    told = capsys.readouterr()
    printed = stream.getvalue() + told.out + told.err
    assert visible(printed) == printed
    assert "This is a bug in medsweep" in printed


def test_what_is_not_an_attack_stays() -> None:
    text = "naïve\tcafé 服用 👩‍⚕️\nline — “quoted” ½\u200f\u00a0"
    assert visible(text) == text


def test_its_own_colours_stay() -> None:
    stream = io.StringIO()
    Terminal(file=stream, force_terminal=True, color_system="standard").print("[red]red[/]")
    assert "\x1b[31mred" in stream.getvalue()
