"""The documents say what is so: specs load, links lead somewhere, commands and fields exist."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import typer

from medsweep.main import app
from sweeps.presets.find import presets
from sweeps.reading.loading import load_spec

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_readme_s_spec_loads(tmp_path: Path) -> None:
    (spec,) = (body for kind, body in FENCE.findall(_text("README.md")) if kind == "yaml")
    assert len(spec.splitlines()) <= 22
    file = tmp_path / "readme.yaml"
    file.write_text(spec, encoding="utf-8")
    loaded = load_spec(file).spec
    assert loaded.search.num_trials == 20
    assert loaded.trial.model.quantization == "nf4"


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", _without_comments(name)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            broken.append(target)
    assert broken == []


def _without_comments(name: str) -> str:
    return re.sub(r"<!--.*?-->", "", _text(name), flags=re.DOTALL)


def _anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize(
    ("document", "least"), [("docs/path-of-a-trial.md", 40), ("docs/faithful.md", 40)]
)
def test_a_document_names_what_is_there(document: str, least: int) -> None:
    steps = re.findall(r"\]\(\.\./([\w/]+\.py)\)((?:,?\s+`\w+`)+)", _text(document))
    named = [(file, name) for file, names in steps for name in re.findall(r"`(\w+)`", names)]
    assert len(named) >= least
    gone = [(file, name) for file, name in named if not re.search(_definition(name), _text(file))]
    assert gone == []


def _definition(name: str) -> str:
    return rf"(?m)^\s*(?:def|class) {name}\b|^{name}\b.* = "


def test_the_readme_lists_every_document() -> None:
    linked = set(re.findall(r"\]\(docs/([\w-]+\.md)\)", _text("README.md")))
    assert linked == {path.name for path in (ROOT / "docs").glob("*.md")}


def _commands() -> dict[str, set[str]]:
    """Every verb with its options; a group of verbs has those of all its members."""
    group = typer.main.get_command(app)
    return {name: _options(command) for name, command in group.commands.items()}  # type: ignore[attr-defined]


def _options(command: Any) -> set[str]:
    inner = getattr(command, "commands", {})
    own = {
        option
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    return own.union(*(_options(member) for member in inner.values()))


@pytest.mark.parametrize("name", NAMES)
def test_commands_exist(name: str) -> None:
    known = _commands()
    shown = re.findall(r"(?<![\w./-])medsweep ([a-z]+)([^`\n#]*)", "\n".join(_code(name)))
    assert [verb for verb, _ in shown if verb not in known] == []
    for verb, rest in shown:
        options = re.findall(r"(?<!\S)\[?(--?[a-z][a-z-]*)", rest)
        assert [o for o in options if o not in known[verb]] == [], f"medsweep {verb}{rest}"


def _code(name: str) -> list[str]:
    text = _text(name)
    blocks = [body for kind, body in FENCE.findall(text) if kind in ("", "sh", "bash")]
    return blocks + re.findall(r"`([^`\n]+)`", FENCE.sub("", text))


def test_the_list_of_commands_is_complete() -> None:
    rows = re.findall(r"^\| `medsweep ([a-z]+)([^`]*)`", _text("docs/cli.md"), re.MULTILINE)
    known = _commands()
    assert {verb for verb, _ in rows} == set(known)
    for verb, rest in rows:
        options = {o for o in known[verb] if o.startswith("--") and o != "--help"}
        short = {"--output"} if verb in ("init", "report") else set()  # shown as -o
        written = set(re.findall(r"--[a-z-]+", rest))
        unsaid = {o for o in options - short - written if o.replace("--no-", "--") not in written}
        assert (unsaid, written - options) == (set(), set()), verb


@pytest.mark.parametrize("name", NAMES)
def test_make_targets_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", _text("Makefile"), re.MULTILINE))
    for line in "\n".join(_code(name)).splitlines():
        words = re.match(r"make((?: [a-z-]+)+)", line)
        assert not words or set(words[1].split()) <= targets, line


def test_presets_are_described() -> None:
    text = _text("docs/presets.md")
    assert [name for name in presets() if f"`{name}`" not in text] == []
    for name in presets():
        assert str(load_spec(name).spec.search.num_trials) in text


def test_the_spec_s_tables_are_the_models() -> None:
    rendered = runpy.run_path(str(ROOT / "docs/spec_tables.py"))["rendered"]
    text = _text("docs/spec.md")
    assert rendered(text) == text, "run `python docs/spec_tables.py`"
    assert "|  |\n" not in text.split("### `search.sampler`")[0], "a field without a meaning"
    assert rendered(text.replace("`nf4`", "`nf5`")) != text.replace("`nf4`", "`nf5`")
