"""Answers kept in a file as they come, so that a killed evaluation goes on where it was."""

import json
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any, TextIO


class FileStore(MutableMapping[str, Any]):
    """A line an answer, appended at once. `scope` stands for the model and the settings that all
    answers depend on; lines of another scope are kept and not seen."""

    def __init__(self, path: Path, scope: str) -> None:
        self.path, self.scope = path, scope
        self._held = {key: value for at, key, value in _lines(path) if at == scope}
        self._stream: TextIO | None = None

    def __getitem__(self, key: str) -> Any:
        return self._held[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._held[key] = value
        if self._stream is None:
            self._stream = _appending(self.path)
        self._stream.write(json.dumps([self.scope, key, value]) + "\n")
        self._stream.flush()

    def __delitem__(self, key: str) -> None:
        raise TypeError("answers are kept")

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def _lines(path: Path) -> Iterator[tuple[str, str, Any]]:
    """The whole lines of the file; the last one of a killed process may be torn."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            scope, key, value = json.loads(line)
        except ValueError:
            continue
        yield scope, key, value


def _appending(path: Path) -> TextIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    torn = path.is_file() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
    stream = path.open("a", encoding="utf-8")
    if torn:
        stream.write("\n")
    return stream
