"""The system prompt that a trial was trained and measured with: part of what is shipped."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.runs import look_up

FILE = "prompt.json"
KEY = "system_prompt"


def trained_with(config: Mapping[str, Any], data: Mapping[str, Any] | None = None) -> str | None:
    """The system prompt of a trial; all stages of a staged one have the same.

    Where the run's `data` (data.json) says that all its training rows had one of their own, that.
    """
    own = _of_rows(config, data).get("text")
    if isinstance(own, str):
        return own
    above = "stages.0.data" if "stages" in config else "data"
    found = look_up(dict(config), f"{above}.{KEY}")
    return None if found is None else str(found)


def _of_rows(config: Mapping[str, Any], data: Mapping[str, Any] | None) -> dict[str, Any]:
    """What data.json says of system prompts of the rows' own; empty where they have none."""
    source = look_up(dict(config), "data.source")
    reports = [report for report in (data or {}).values() if isinstance(report, dict)]
    named = [report for report in reports if report.get("source") == source]
    found = (named or [{}])[0].get("system_prompts")
    return found if isinstance(found, dict) else {}


def write_prompt(
    config: Mapping[str, Any], folder: Path, data: Mapping[str, Any] | None = None
) -> None:
    """Put it into a file beside what is exported, also where there is none."""
    text = json.dumps({KEY: trained_with(config, data)}, ensure_ascii=False, indent=2)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def prompt_section(config: Mapping[str, Any], data: Mapping[str, Any] | None = None) -> str:
    """What the model card says of it."""
    prompt, own = trained_with(config, data), _of_rows(config, data)
    others = ""
    if own and own.get("text") is None:
        others = (
            f"{own['rows']:,} of {own['of']:,} training rows had system prompts of their own "
            f"({own['different']:,} different). The others: "
        )
    if prompt is None:
        return f"## System prompt\n\n{others}Trained and measured without a system prompt."
    quoted = "\n".join(f"    {line}" for line in prompt.splitlines())
    told = (
        f"Trained and measured with this one, which `{FILE}` holds: a conversation begins with it."
    )
    return f"## System prompt\n\n{others}{told}\n\n{quoted}"


def asked_with(given: str | None, *folders: Path | str | None) -> str | None:
    """The system prompt to ask with: `given` ("": none), else that of the first of these folders
    that says one, an exported model's or a trial's own adapter."""
    if given is not None:
        return given or None
    for folder in folders:
        found = _said(Path(folder).expanduser()) if folder else None
        if found is not None:
            return found[KEY] or None
    return None


def _said(folder: Path) -> dict[str, str | None] | None:
    shipped, trial = _object(folder / FILE), _object(folder.parent / "config.json")
    if KEY in shipped:
        return {KEY: shipped[KEY]}
    config = trial.get("config")
    data = _object(folder.parent.parent.parent / "data.json")  # RUN/trials/TRIAL/adapter
    return {KEY: trained_with(config, data)} if isinstance(config, Mapping) else None


def _object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
