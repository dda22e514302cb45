"""Results row by row: what two models that were asked the same can be compared by.

A table holds what was measured of one set of rows. Its columns bear the names of metrics: their
mean over the rows is the metric, but for the loss (`nats`, of `tokens` and `bytes` of answer) and
`bleu`, which is that of each row by itself. No text is kept, and of private rows no id of theirs.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from trainables.data.token_rows import TokenRows

# sets of rows, besides benchmarks by their names
VALIDATION = "validation"  # of the validation loss
ANSWERS = "answers"  # whose questions were answered greedily: scores of text
SAMPLED = "sampled"  # whose questions were answered with samples: rewards
PAIRS = "pairs"  # of two answers
UNSEEN_PAIRS = "unseen"  # the same of sources that are never trained on
CONTENT = "content"
WHOLE_NUMBERS = frozenset({"tokens", "bytes"})
Values = Mapping[str, Sequence[float | None]]  # column → a value a row, None: it has none


class RowTable(TypedDict):
    """n rows of one set: (n,) ids, unique in the set; (n,) groups, as hashes; (n,) each column.
    `content` tells sets of equal ids apart that are of other texts. JSON can hold it."""

    set: str
    content: str
    id: list[str]
    group: list[int]
    values: dict[str, list[float | None]]


def row_table(name: str, rows: "TokenRows", values: Values, together: int = 1) -> RowTable:
    """The table of token rows, in their order; of examples, where so many go together (2: the
    answers of a pair)."""
    ids = [
        f"{hashed(own):016x}" if rows.component(place) in rows.hidden else own
        for place, own in enumerate(rows.ids)
    ]
    own, groups = ids[::together], rows.groups[::together]
    return table_of(name, own, groups, rows.references, values)


def table_of(
    name: str, ids: Sequence[str], groups: Sequence[str], texts: Iterable[str], values: Values
) -> RowTable:
    """A table of rows with these ids, known by these texts, of which a hash of all together is
    kept. ValueError where a column has another length."""
    for column, found in values.items():
        if len(found) != len(ids):
            raise ValueError(f"{name}: {len(found)} values of {column} for {len(ids)} rows")
    return RowTable(
        set=name,
        content=f"{hashed(json.dumps(sorted(texts))):016x}",
        id=list(ids),
        group=[hashed(group) - 2**63 for group in groups],  # as int64 holds it
        values={column: list(found) for column, found in values.items()},
    )


def loss_table(rows: "TokenRows", nats: Sequence[float]) -> RowTable:
    """Each row's summed loss (nats), and the answer's tokens and bytes that it is of."""
    tokens, size = rows.answer_counts().tolist(), rows.answer_bytes.tolist()
    return row_table(VALIDATION, rows, {"nats": nats, "tokens": tokens, "bytes": size})


def hashed(text: str) -> int:
    """64 bits of a text's SHA-256."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")


def row_count(tables: Sequence[RowTable]) -> int:
    """Values in all tables, ids and groups among them."""
    return sum(len(table["id"]) * (2 + len(table["values"])) for table in tables)


def parquet_of(tables: Sequence[RowTable]) -> bytes:
    """The tables as a Parquet file, one under the other: `set`, `id`, `group` and the columns of
    all, null where a row's set has no such column. Each set is a row group, so that a reader of
    one leaves the others alone; their `content` is in the schema's metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = list(dict.fromkeys(name for table in tables for name in table["values"]))
    kinds = [(name, pa.int64() if name in WHOLE_NUMBERS else pa.float64()) for name in names]
    keys = [("set", pa.dictionary(pa.int32(), pa.string())), ("id", pa.string())]
    content = json.dumps({table["set"]: table["content"] for table in tables})
    schema = pa.schema([*keys, ("group", pa.int64()), *kinds], {CONTENT: content})
    stream = io.BytesIO()
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for table in tables:
            if table["id"]:
                writer.write_table(_arrow(table, schema))
    return stream.getvalue()


def _arrow(table: RowTable, schema: Any) -> Any:
    import pyarrow as pa

    n = len(table["id"])
    cells: dict[str, Sequence[Any]] = {"set": [table["set"]] * n, **table["values"]}
    cells |= {"id": table["id"], "group": table["group"]}
    return pa.table(
        [pa.array(cells.get(field.name, [None] * n), field.type) for field in schema], schema=schema
    )
