"""Keys and passwords have no place in a spec: the run folder keeps a copy of it.

What looks like one is refused, and shown only in a form that gives nothing away.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sweeps.reading.document import Document, Path, SpecFinding
from sweeps.spec.errors import Problem

MASK = "***"

# a pattern's first group is the part that may be shown; with it, the variable to use instead
PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(hf_|api_org_)[A-Za-z0-9]{16,}"), "HF_TOKEN"),
    (re.compile(r"\b(sk-ant-)[A-Za-z0-9_-]{12,}"), "ANTHROPIC_API_KEY"),
    (re.compile(r"\b(sk-)[A-Za-z0-9_-]{16,}"), "OPENAI_API_KEY"),
    (re.compile(r"\b(wandb_v\d_)[A-Za-z0-9_]{16,}"), "WANDB_API_KEY"),
    (re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{12,}\b"), "AWS_ACCESS_KEY_ID"),
    (re.compile(r"\b(gh[pousr]_|github_pat_)[A-Za-z0-9_]{20,}"), "GITHUB_TOKEN"),
    (re.compile(r"\b(AIza)[A-Za-z0-9_-]{30,}"), "GOOGLE_API_KEY"),
    (re.compile(r"\b(xox[abpr]-)[A-Za-z0-9-]{10,}"), "SLACK_TOKEN"),
    (re.compile(r"(-----BEGIN )[A-Z ]*PRIVATE KEY-----[^\0]*"), "a key file outside the spec"),
    (re.compile(r"(://)[^/\s:@]+:[^/\s@]+(?=@)"), "a netrc file"),
)
WANDB_KEY = re.compile(r"(?<![0-9A-Za-z])()[0-9a-f]{40}(?![0-9A-Za-z])")
# a git commit has the same 40 digits; it is expected here
COMMIT_KEYS = re.compile(r"(^|[._])(revision|commit|sha)$")
COMMIT_PLACE = re.compile(r"(@|/snapshots/|/tree/|sha1:)[0-9a-f]{40}")
SECRET_KEYS = re.compile(
    r"(^|[_.-])(token|api_?key|apikey|password|passwd|secret|secret_?key|access_?key|credentials?)$",
    re.IGNORECASE,
)
NOT_SECRET = re.compile(r"(^|[_.-])(pad|eos|bos|unk|sep|cls|mask)_token$", re.IGNORECASE)


def secret_findings(document: Document) -> tuple[list[SpecFinding], list[str]]:
    """Findings for everything that looks like a secret, and the secrets themselves to redact."""
    findings, secrets = [], []
    for path, text in _texts(document.data, ()):
        for secret, shown, variable in _secrets_at(path, text):
            findings.append(_finding(_masked_path(path, secret), shown, variable))
            secrets.append(secret)
    for line, secret, shown, variable in _loose(document.text, secrets):
        place: Path = (f"line {line}",)
        document.lines[place] = line
        findings.append(_finding(place, shown, variable))
        secrets.append(secret)
    return list(dict.fromkeys(findings)), secrets


def redact(problem: Problem, secrets: list[str]) -> Problem:
    """The problem with every secret masked, wherever it stands in it."""
    return replace(
        problem,
        field=masked(problem.field, secrets),
        message=masked(problem.message, secrets),
        fix=None if problem.fix is None else masked(problem.fix, secrets),
        value=_redacted(problem.value, secrets),
    )


def masked(text: str, secrets: list[str]) -> str:
    """The text without the secrets, and without whatever else looks like one."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, _mask(secret))
    for pattern, _ in PATTERNS:
        text = pattern.sub(lambda match: match.group(1) + MASK, text)
    return text


def _redacted(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        return masked(value, secrets)
    if isinstance(value, dict):
        return {masked(str(k), secrets): _redacted(v, secrets) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(item, secrets) for item in value]
    return MASK if not isinstance(value, bool) and str(value) in secrets else value


def _mask(secret: str) -> str:
    found = (pattern.match(secret) for pattern, _ in PATTERNS)
    return next((match.group(1) for match in found if match), "") + MASK


def _finding(path: Path, shown: str, variable: str) -> SpecFinding:
    what = "looks like a secret, and the run folder keeps a copy of the spec"
    return SpecFinding(path, what, shown, f"Remove it from the spec, and set {variable} instead")


def _masked_path(path: Path, secret: str) -> Path:
    # lines are looked up by the path as written, so only a key that is a secret is replaced
    return tuple(p.replace(secret, _mask(secret)) if isinstance(p, str) else p for p in path)


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text in the data with its path, keys included."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, int | float) and abs(value) >= 1e5:  # a PIN or a key of digits alone
        yield path, str(value)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key), f"\0{key}"  # marked: a key is no value of itself
            yield from _texts(item, (*path, key))


def _secrets_at(path: Path, text: str) -> list[tuple[str, str, str]]:
    """(secret, masked, variable) for each secret in this text."""
    is_key = text.startswith("\0")
    found = _patterned(text.removeprefix("\0"), commits=_names(path, COMMIT_KEYS))
    if found or is_key or not text.strip():
        return found
    name = next((str(p) for p in reversed(path) if not isinstance(p, int)), "")
    if is_secret_name(name):
        return [(text, MASK, _variable(name, path))]
    return []


def is_secret_name(name: str) -> bool:
    """Whether a key of this name holds a secret: `hub_token`, `api_key`, `password`."""
    return bool(SECRET_KEYS.search(name)) and not NOT_SECRET.search(name)


def _names(path: Path, pattern: re.Pattern[str]) -> bool:
    return any(pattern.search(part) for part in path if isinstance(part, str))


def _patterned(text: str, commits: bool) -> list[tuple[str, str, str]]:
    found = []
    rest = text
    for pattern, variable in PATTERNS:
        for match in pattern.finditer(rest):
            found.append((match.group(0), match.group(1) + MASK, variable))
        rest = pattern.sub(" ", rest)
    if not commits:
        without = COMMIT_PLACE.sub(" ", rest)
        found += [(m.group(0), MASK, "WANDB_API_KEY") for m in WANDB_KEY.finditer(without)]
    return found


def _loose(text: str, known: list[str]) -> Iterator[tuple[int, str, str, str]]:
    """Secrets in comments: the text is copied too."""
    for number, line in enumerate(text.splitlines(), start=1):
        for secret, shown, variable in _patterned(line, commits=True):
            if not any(secret in other or other in secret for other in known):
                yield number, secret, shown, variable


def _variable(name: str, path: Path) -> str:
    """The environment variable for a key of this name at this place."""
    low = name.lower()
    if any("wandb" in str(part).lower() for part in path):
        return "WANDB_API_KEY"
    if low in ("token", "use_auth_token", "auth_token") or low.startswith(("hf", "hub", "hugging")):
        return "HF_TOKEN"
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
