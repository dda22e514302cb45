"""What a file is in truth, told from its first bytes: a workbook that was renamed, a compressed
file, a web page in place of a download, a pointer of Git LFS."""

from pathlib import Path
from typing import NamedTuple

from trainables.errors import InputError


class Signature(NamedTuple):
    """The first bytes of a kind of file, what it is called, and what to do about it."""

    begins: bytes
    what: str
    fix: str


EXPORT = "Open it in a spreadsheet program and save the sheet as CSV (UTF-8)."
FETCH = "Fetch the file itself again, and look at it before the sweep."

SIGNATURES = (
    Signature(b"\x1f\x8b", "compressed with gzip", "Unpack it first: gunzip -k {}"),
    Signature(b"\x28\xb5\x2f\xfd", "compressed with zstd", "Unpack it first: zstd -d {}"),
    Signature(b"BZh91AY&SY", "compressed with bzip2", "Unpack it first: bunzip2 -k {}"),
    Signature(b"\xfd7zXZ", "compressed with xz", "Unpack it first: unxz -k {}"),
    Signature(b"PK\x03\x04", "an Excel workbook or another ZIP archive", EXPORT),
    Signature(b"\xd0\xcf\x11\xe0", "an old Excel workbook", EXPORT),
    Signature(b"%PDF", "a PDF document", "Write its rows into a file of text."),
    Signature(b"PAR1\x15", "a Parquet file", "Call it {}.parquet."),
    Signature(b"ARROW1\0\0", "an Arrow file", "Save it as Parquet or JSON lines."),
    Signature(b"SQLite format 3\0", "an SQLite database", "Save the table as CSV."),
    Signature(b"version https://git-lfs", "a pointer of Git LFS", "Run `git lfs pull` there."),
    Signature(b"<!doctype html", "a web page", FETCH),
    Signature(b"<html", "a web page", FETCH),
)


def refuse_another(path: Path, content: bytes, expected: bytes = b"") -> None:
    """InputError where the first bytes are those of another kind of file than its name says.

    expected: the signature that the file may have.
    """
    start = content[:64].lstrip()
    forms = (start, start.lower())  # web pages are written in either case
    for signature in SIGNATURES:
        if signature.begins != expected and any(f.startswith(signature.begins) for f in forms):
            message = f"{path.name} is no file of {path.suffix[1:] or 'text'} but {signature.what}"
            raise InputError("data.source", path.name, message, signature.fix.format(path.name))
