"""Runs medsweep with things planted that must never be found again, and looks for them."""

import resource
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from tests.medsweep.processes import COMMAND, environment

VARIABLES = (
    *("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "WANDB_API_KEY", "OPENAI_API_KEY"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("ANTHROPIC_API_KEY", "GITHUB_TOKEN", "GOOGLE_API_KEY", "SLACK_TOKEN", "AZURE_CLIENT_SECRET"),
    *("RAY_AUTH_TOKEN", "DATABASE_PASSWORD", "PIP_PASSWORD", "KAGGLE_KEY", "MY_OWN_SECRET"),
)


class Watched(NamedTuple):
    """A command that ended, and what could be seen of it from outside while it ran."""

    root: Path  # the run folder's parent, the cache, TMPDIR and HOME are inside
    folder: Path
    printed: str
    seen: dict[str, bytes]  # temporary files and command lines, as they were at their longest
    ports: frozenset[tuple[str, int]]  # (address, port) listened at
    cores: frozenset[int]  # bytes that a core dump of a process could have
    secrets: tuple[str, ...]


def canary(name: str) -> str:
    """A secret as long as real ones, which nothing else contains."""
    return f"canary{name.replace('_', '').lower()}{secrets.token_hex(12)}"


def planted_environment(root: Path, temporary: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """An environment with a canary in every variable and file that could hold a secret."""
    planted = {name: canary(name) for name in VARIABLES}
    planted["WANDB_API_KEY"] = secrets.token_hex(20)  # W&B takes no other form
    home = root / "home"
    files = {
        home / ".netrc": "machine api.wandb.ai login user password {}\n",
        home / ".cache/huggingface/token": "{}",
        home / ".aws/credentials": "[default]\naws_secret_access_key = {}\n",
    }
    found = []
    for path, form in files.items():
        path.parent.mkdir(parents=True)
        found.append(canary(path.name.strip(".")))
        path.write_text(form.format(found[-1]))
    places = {"HOME": home, "TMPDIR": temporary}
    env = {**environment(root / "cache"), **planted, **{k: str(v) for k, v in places.items()}}
    return env, (*planted.values(), *found)


def watched(root: Path, *arguments: object) -> Watched:
    """Run `medsweep ARGUMENTS --output ROOT/runs` with an open umask, and watch it."""
    temporary = Path(tempfile.mkdtemp(prefix="m", dir="/tmp"))  # short: Ray's sockets lie there
    env, planted = planted_environment(root, temporary)
    seen: dict[str, bytes] = {}
    ports: set[tuple[str, int]] = set()
    cores: set[int] = set()
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments), "--output", str(root / "runs")],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        umask=0,
        preexec_fn=_allow_cores,
    )
    over = threading.Event()
    watching = threading.Thread(target=_watch, args=(process, temporary, seen, ports, cores, over))
    watching.start()
    try:
        printed, _ = process.communicate(timeout=240)
    finally:
        process.kill()
        over.set()
        watching.join()
        shutil.rmtree(temporary, ignore_errors=True)
    assert process.returncode == 0, printed
    (folder,) = (root / "runs").iterdir()
    return Watched(root, folder, printed, seen, frozenset(ports), frozenset(cores), planted)


def holders(watched: Watched, word: str) -> list[str]:
    """Where a word stands: files of run folder and cache, temporary ones, command lines, output."""
    places = {"output": watched.printed.encode(), **watched.seen}
    for path in contents(watched.root / "runs", watched.root / "cache"):
        places[str(path)] = path.read_bytes()
    return [name for name, text in places.items() if word.encode() in text]


def contents(*folders: Path) -> Iterator[Path]:
    """All plain files below."""
    for folder in folders:
        yield from (p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())


def _watch(
    process: "subprocess.Popen[str]",
    temporary: Path,
    seen: dict[str, bytes],
    ports: set[tuple[str, int]],
    cores: set[int],
    over: threading.Event,
) -> None:
    while not over.wait(0.5):
        for path in temporary.rglob("*"):
            _note(path, seen)
        for child in _family(process.pid):
            try:
                seen[f"ps {child.pid}"] = " ".join(child.cmdline()).encode()
                cores.add(child.rlimit(psutil.RLIMIT_CORE)[0])
                found = child.net_connections("inet")
            except psutil.Error:
                continue
            ports |= {(c.laddr.ip, c.laddr.port) for c in found if c.status == "LISTEN"}


def _allow_cores() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def _note(path: Path, seen: dict[str, bytes]) -> None:
    try:
        if path.is_file() and not path.is_symlink():
            text = path.read_bytes()
            seen[str(path)] = max(text, seen.get(str(path), b""), key=len)
    except OSError:  # gone meanwhile
        return


def _family(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []
