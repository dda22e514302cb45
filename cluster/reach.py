"""What can be reached from here, and which keys are at hand. Keys are never shown."""

import netrc
import os
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

SECONDS = 5.0
PYPI = "https://pypi.org/simple"
CheckResult = tuple[bool | None, str, str]  # ok, detail, fix


def package_index() -> CheckResult:
    """Whether the package index answers (one small page of it)."""
    url = index_url()
    shown = without_credentials(url)
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/pip/", timeout=SECONDS):  # noqa: S310
            return True, f"{shown} answers", ""
    except urllib.error.HTTPError as answer:
        ok = answer.code == 404  # an index without pip is an index still
        return (
            ok or None,
            f"{shown} answers with {answer.code}",
            "" if ok else "Check PIP_INDEX_URL",
        )
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "reason", problem)
        detail = f"{shown} does not answer ({reason})"
        return None, detail, "Only needed to install; set PIP_INDEX_URL to a mirror that answers"


def index_url() -> str:
    """The index that pip or uv would use, from the environment or pip's configuration."""
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        if os.environ.get(name):
            return os.environ[name]
    named = os.environ.get("PIP_CONFIG_FILE")
    usual = [
        Path("/etc/pip.conf"),
        Path.home() / ".pip/pip.conf",
        Path.home() / ".config/pip/pip.conf",
    ]
    files = [*usual, Path(named)] if named else usual
    found = [url for file in files if (url := _configured(file))]
    return found[-1] if found else PYPI


def _configured(file: Path) -> str | None:
    import configparser

    parser = configparser.RawConfigParser()
    try:
        parser.read(file)
    except (configparser.Error, UnicodeDecodeError, OSError):
        return None
    return parser.get("global", "index-url", fallback=None)


def without_credentials(url: str) -> str:
    """The address without user name and password."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def huggingface() -> CheckResult:
    """Offline, or with or without a token."""
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        return True, "offline (HF_HUB_OFFLINE): only models and data in the cache", ""
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache/huggingface"))
    file = Path(os.environ.get("HF_TOKEN_PATH", home / "token"))
    if os.environ.get("HF_TOKEN") or file.exists():
        return True, "a token is present", ""
    return None, "no token: public models and data only", "For gated models: `hf auth login`"


def wandb_key() -> CheckResult:
    """Whether `mode: online` would find a key."""
    if os.environ.get("WANDB_API_KEY") or _in_netrc():
        return True, "a key is present", ""
    return None, "no key: `mode: offline` works, `online` does not", "`wandb login`"


def _in_netrc() -> bool:
    host = urlsplit(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname
    try:
        file = os.environ.get("NETRC")
        return bool(host and netrc.netrc(file).authenticators(host))
    except (OSError, netrc.NetrcParseError):
        return False
