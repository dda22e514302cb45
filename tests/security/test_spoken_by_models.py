"""What models, data, specs and run folders say is shown everywhere and obeyed nowhere."""

import csv
import html.parser
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from analysis.decision import decided
from analysis.ratings.forms import Form, write_form
from analysis.report import write_report
from analysis.runs import load_run
from analysis.spreadsheet import FORMULA
from analysis.tables import write_trials_csv
from analysis.visible import visible
from medsweep.main import run_app
from tests.analysis.fixtures import write_run

RUN = "document.documentElement.setAttribute('data-ran', '1')"
ATTACKS = (
    f"<script>{RUN}</script>",
    f'<img src=x onerror="{RUN}">',
    f'<svg onload="{RUN}">',
    f"</script><script>{RUN}</script>",
    f"--><script>{RUN}</script>",
    f'\'"><body onload="{RUN}">',
    f'<a href="javascript:{RUN}">x</a>',
    f"{{{{ ''.__class__ }}}}{{% raw %}}<script>{RUN}</script>",
    f"![x](http://evil.test/x) [y](javascript:{RUN}) <http://evil.test> `` ` ```\n# heading\n",
    "\x1b]0;title\x07\x1b[31m\x9b1m\u202egnp.exe\r\n",
    '=HYPERLINK("http://evil.test","x")',
)
HOSTILE = "".join(ATTACKS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose every text is an attack: labels, errors, answers, rows, keys, models."""
    run = write_run(tmp_path_factory.mktemp("hostile") / "run")
    for path in run.rglob("*.json"):
        path.write_text(json.dumps(_hostile(json.loads(path.read_text()))))
    for path in run.rglob("*.jsonl"):
        lines = [line for line in path.read_text().splitlines() if line.endswith("}")]
        path.write_text("".join(json.dumps(_hostile(json.loads(x))) + "\n" for x in lines))
    decision = decided(run)
    write_report([decision])
    write_trials_csv(decision.run)
    return run


def test_no_text_becomes_an_element_of_the_page(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "data-ran" in page  # the attacks are there, as text
    found = _Elements(page)
    assert found.handlers == []
    assert {name for name in found.named if name.startswith(("http", "javascript"))} == set()
    assert found.scripts
    assert not any(RUN in script and "<" in script for script in found.scripts)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
def test_no_script_runs_in_a_browser(folder: Path, tmp_path: Path) -> None:
    control = tmp_path / "control.html"
    control.write_text(f"<html><body><script>{RUN}</script></body></html>")
    assert 'data-ran="1"' in _opened(control, tmp_path)
    shown = _opened(folder / "report.html", tmp_path)
    assert "js-plotly-plot" in shown  # our own scripts do run
    assert 'data-ran="1"' not in shown


def test_no_text_becomes_markup(folder: Path) -> None:
    text = (folder / "report.md").read_text()
    assert "data-ran" in text
    assert "<" not in text.replace("&lt;", "")
    assert re.findall(r"(?<!\\)\]\((?:http|javascript)", text) == []
    assert re.findall(r"^>(?! \*\*)", text, re.MULTILINE) == []
    assert "\n# heading" not in text


def test_no_text_is_a_formula_or_steers_a_terminal(folder: Path, tmp_path: Path) -> None:
    with (folder / "trials.csv").open(newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    texts = [cell for cell in cells if not _is_number(cell)]
    assert any("HYPERLINK" in cell for cell in texts)
    assert [cell for cell in texts if cell.startswith(FORMULA)] == []
    for name in ("report.html", "report.md", "trials.csv"):
        own = (folder / name).read_bytes().decode()
        if name == "report.html":  # Plotly's own script matches control characters
            own = "".join(_Elements(own).texts)
        assert visible(own) == own, name


@pytest.mark.parametrize("start", [*FORMULA, " =", "  @"])
def test_every_csv_guards_formulas(start: str, folder: Path, tmp_path: Path) -> None:
    form = Form("rating", ("item", "a"), ({"a": f"{start}1+1"},), ("k",), "guide", {})
    write_form(form, tmp_path, tmp_path / "form.csv")
    with (tmp_path / "form.csv").open(newline="", encoding="utf-8-sig") as stream:
        assert list(csv.reader(stream))[1][1] == f"'{start}1+1"
    run = load_run(folder)
    object.__setattr__(run.trials[0], "label", f"{start}1+1")
    with write_trials_csv(run).open(newline="") as stream:
        assert not next(csv.DictReader(stream))["label"].lstrip().startswith(FORMULA)


@pytest.mark.parametrize("verb", ["status", "best", "effects"])
def test_no_command_obeys_a_run_folder(
    folder: Path, verb: str, capfd: pytest.CaptureFixture[str]
) -> None:
    run_app([verb, str(folder)])
    told = capfd.readouterr()
    assert visible(told.out + told.err) == told.out + told.err
    assert "Traceback" not in told.err


def _hostile(value: object, key: str = "") -> object:
    """The same content with an attack in each text that is free."""
    if isinstance(value, dict):
        return {k: _hostile(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_hostile(item, key) for item in value]
    if isinstance(value, str) and key in FREE:
        return HOSTILE + value
    return HOSTILE if key in ("label", "error") and value is None else value


FREE = {
    *("label", "error", "question", "reference", "prediction", "prompt", "name_or_path", "model"),
    *("source", "system_prompt", "gpu", "hostname", "command", "commit", "python", "platform"),
}


class _Elements(html.parser.HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.handlers: list[str] = []
        self.named: list[str] = []
        self.scripts: list[str] = []
        self.texts: list[str] = []
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.handlers += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]
        self.named += [value or "" for name, value in attrs if name in ("href", "src", "action")]

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        (self.scripts if self._inside == "script" else self.texts).append(data)


def _opened(page: Path, tmp_path: Path) -> str:
    """The page's DOM after its scripts ran."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000"]
    options.append(f"--user-data-dir={tmp_path / 'chromium'}")
    done = subprocess.run(
        [
            "chromium",
            *options,
            f"--user-data-dir={tmp_path / 'chromium'}",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
