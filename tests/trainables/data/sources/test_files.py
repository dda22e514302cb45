import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainables.data.config import DataConfig, FieldMapping
from trainables.data.rows import Row
from trainables.data.sources import files
from trainables.data.sources.source import own_group
from trainables.errors import InputError

RECORDS: list[dict[str, Any]] = [
    {"question": "What is fever?", "answer": "Heat, of the body.", "topic": "signs"},
    {"question": "Où est le cœur ?", "answer": 'In the "chest".', "topic": "places"},
]
GROUPED = FieldMapping(group="topic")


def read(path: Path, fields: FieldMapping | None = None) -> list[Row]:
    config = DataConfig(source=str(path), fields=fields or FieldMapping())
    return files.read(config, files.fingerprint(config, False)).rows


def jsonl(folder: Path, *records: object) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def write_json(path: Path) -> None:
    path.write_text(json.dumps(RECORDS), encoding="utf-8")


def write_jsonl(path: Path) -> None:
    jsonl(path.parent, *RECORDS)


def write_csv(path: Path) -> None:
    path.write_text(
        'question,answer,topic\nWhat is fever?,"Heat, of the body.",signs\n'
        'Où est le cœur ?,"In the ""chest"".",places\n',
        encoding="utf-8-sig",
    )


def write_tsv(path: Path) -> None:
    path.write_text(
        "question\tanswer\ttopic\nWhat is fever?\tHeat, of the body.\tsigns\n"
        'Où est le cœur ?\t"In the ""chest""."\tplaces\n',
        encoding="utf-8",
    )


def write_parquet(path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(RECORDS), path)


WRITERS = {
    ".json": write_json,
    ".jsonl": write_jsonl,
    ".csv": write_csv,
    ".tsv": write_tsv,
    ".parquet": write_parquet,
}


@pytest.mark.parametrize("suffix", files.READERS)
def test_every_format_gives_the_same_rows(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows{suffix}"
    WRITERS[suffix](path)
    assert read(path, GROUPED) == [
        Row("1", "signs", "What is fever?", "Heat, of the body."),
        Row("2", "places", "Où est le cœur ?", 'In the "chest".'),
    ]


def test_an_object_of_objects_gives_its_keys_as_ids(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps({"a7": RECORDS[0]}))
    assert [row.id for row in read(path)] == ["a7"]


def test_without_a_group_the_same_question_stays_together(tmp_path: Path) -> None:
    rows = [
        {"question": question, "answer": "x"} for question in ("What is it?", "what  is it?", "?")
    ]
    groups = [row.group for row in read(jsonl(tmp_path, *rows))]
    assert groups[0] == groups[1] == own_group("What is it?") != groups[2]


def test_mapped_columns_and_a_number_as_group(tmp_path: Path) -> None:
    path = jsonl(tmp_path, {"input": "Q", "output": "A", "page": 7, "more": [1]})
    assert read(path, FieldMapping(question="input", answer="output", group="page")) == [
        Row("1", "7", "Q", "A")
    ]


def test_absent_text_is_left_to_cleaning(tmp_path: Path) -> None:
    path = jsonl(tmp_path, {"question": "What?", "answer": None, "topic": None})
    assert read(path, GROUPED) == [Row("1", own_group("What?"), "What?", "")]


def test_blank_lines_count(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n" + json.dumps(RECORDS[0]) + "\n\n")
    assert [row.id for row in read(path)] == ["2"]


def test_a_line_separator_inside_a_text_does_not_end_the_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"question": "a\u2028b", "answer": "c\x85d"}\n', encoding="utf-8")
    assert read(path)[0].question == "a\u2028b"


def test_fingerprint_follows_the_content_not_the_path(tmp_path: Path) -> None:
    first = jsonl(tmp_path, *RECORDS)
    moved = tmp_path / "moved.jsonl"
    moved.write_bytes(first.read_bytes())
    prints = [files.fingerprint(DataConfig(source=str(path)), False) for path in (first, moved)]
    assert prints[0] == prints[1]
    moved.write_bytes(first.read_bytes() + b"\n")
    assert files.fingerprint(DataConfig(source=str(moved)), False) != prints[0]


def refused(path: Path, field: str, *says: str, fields: FieldMapping | None = None) -> None:
    with pytest.raises(InputError) as caught:
        read(path, fields)
    assert caught.value.field == field
    for part in says:
        assert part in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    refused(tmp_path / "none.jsonl", "data.source", "no such file", "none.jsonl")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", ""),
        ("a.json", "[]"),
        ("a.json", "{}"),
        ("a.csv", ""),
        ("a.csv", "question,answer\n"),
    ],
)
def test_empty(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    refused(tmp_path / name, "data.source", "the data set is empty")


def test_empty_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"question": [], "answer": []}), path)
    refused(path, "data.source", "the data set is empty")


def test_missing_column_names_those_present_and_the_nearest(tmp_path: Path) -> None:
    refused(
        jsonl(tmp_path, {"qestion": "a", "answer": "b"}),
        "data.fields.question",
        "row 1 has no such column; it has 'qestion', 'answer'",
        "got 'question'",
        "Did you mean 'qestion'?",
    )


def test_missing_group_column(tmp_path: Path) -> None:
    fields = FieldMapping(group="branch")
    refused(jsonl(tmp_path, *RECORDS), "data.fields.group", "has no such column", fields=fields)


def test_a_row_without_the_column(tmp_path: Path) -> None:
    refused(jsonl(tmp_path, RECORDS[0], {"question": "a"}), "data.fields.answer", "row 2 has no")


@pytest.mark.parametrize("line", ['{"question": ', "nonsense", "[" * 100_000])
def test_bad_json_line(line: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(RECORDS[0]) + "\n" + line + "\n")
    refused(path, "data.source", "rows.jsonl, row 2 is not JSON")


@pytest.mark.parametrize("record", [[1], "text", 3, None])
def test_a_line_that_is_no_object(record: object, tmp_path: Path) -> None:
    refused(jsonl(tmp_path, RECORDS[0], record), "data.source", "row 2 is not an object")


def test_json_that_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('"text"')
    refused(tmp_path / "a.json", "data.source", "neither a list nor an object")


@pytest.mark.parametrize(("bom", "at"), [(b"", 14), (b"\xef\xbb\xbf", 17)])
@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".json"])
def test_not_utf8_names_the_byte(bom: bytes, at: int, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows{suffix}"
    path.write_bytes(bom + b'{"question":\n "\x81t\x81"}')
    refused(path, "data.source", f"not UTF-8 at byte {at + 1} (line 2): b'\\x81'")


@pytest.mark.parametrize("value", [3, 2.5, True, ["a"], {"a": 1}])
def test_a_cell_that_is_not_text(value: object, tmp_path: Path) -> None:
    path = jsonl(tmp_path, RECORDS[0], {"question": "a", "answer": value})
    refused(path, "data.fields.answer", "row 2, column 'answer'", type(value).__name__)


@pytest.mark.parametrize("value", [2.5, True, ["a"]])
def test_a_group_that_is_no_name(value: object, tmp_path: Path) -> None:
    path = jsonl(tmp_path, {"question": "a", "answer": "b", "topic": value})
    refused(path, "data.fields.group", "neither text nor a whole number", fields=GROUPED)


def test_csv_with_a_comma_too_many(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("question,answer\na,b\nc,d,e\n")
    refused(tmp_path / "a.csv", "data.source", "row 2 (line 3) has 3 cells but the header has 2")


def test_csv_with_an_open_quote(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('question,answer\na,"b\n')
    refused(tmp_path / "a.csv", "data.source", "bad CSV")


def test_not_parquet(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("text")
    refused(tmp_path / "a.parquet", "data.source", "not a Parquet file")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").mkdir()
    refused(tmp_path / "a.jsonl", "data.source", "no such file")


def test_real_medical_questions() -> None:
    path = Path(__file__).parents[5] / "shared" / "data" / "medquad" / "medquad_dev.jsonl"
    if not path.is_file():
        pytest.skip("the development data is not here")
    assert len(read(path, FieldMapping(group="focus"))) == 14_197


def test_columns_that_no_row_holds_are_said(tmp_path: Path) -> None:
    base = {"question": "What is it?", "answer": "It is that.", "number": 3, "empty": ""}
    plain = jsonl(tmp_path, base)
    config = DataConfig(source=str(plain))
    assert files.read(config, files.fingerprint(config, True)).how == ()
    beside = jsonl(tmp_path, base, {**base, "context": "Renal failure.", "options": {"A": "x"}})
    read_ = files.read(config, files.fingerprint(config, True))
    assert beside == plain
    assert read_.how == ("the rows hold nothing of the columns context, options",)
    assert "context" not in read_.version
    one = DataConfig(source=str(beside), fields=FieldMapping(system="context", group="options"))
    jsonl(tmp_path, {**base, "context": "x", "options": "y", "note": "z"})
    found = files.read(one, files.fingerprint(one, True))
    assert found.how == ("the rows hold nothing of the column note",)


@pytest.mark.parametrize(
    ("columns", "meant"),
    [
        (("prompt", "completion"), "Did you mean 'prompt'?"),
        (("Query", "Response"), "Did you mean 'Query'?"),
        (("text",), "Write data.format: text"),
        (("x", "y"), "Name the column in data.fields."),
    ],
)
def test_what_other_tools_call_columns(
    columns: tuple[str, ...], meant: str, tmp_path: Path
) -> None:
    refused(jsonl(tmp_path, dict.fromkeys(columns, "words")), "data.fields.question", meant)


@pytest.mark.parametrize(
    ("content", "answer", "how"),
    [
        ("question|answer\nWhat, is?|It is, it\n", "It is, it", "vertical bars"),
        ("sep=;\nquestion;answer\nWhat?;It is, it\n", "It is, it", "semicolons"),
        ("question;answer;dose (mg, daily)\nWhat?;That;3,5\n", "That", "semicolons"),
        ('"question";"answer"\n"A, b?";"That;\nit is"\n', "That;\nit is", "semicolons"),
        ("\nquestion\tanswer\nWhat?\tThat; it, is\n", "That; it, is", "tabs"),
    ],
)
def test_what_stands_between_cells(content: str, answer: str, how: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content, encoding="utf-8", newline="")
    config = DataConfig(source=str(path))
    found = files.read(config, files.fingerprint(config, True))
    assert [row.answer for row in found.rows] == [answer]
    assert found.how[0] == f"cells separated by {how}"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_with_and_without_a_mark(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("question,answer\nWhat is a café?,It is 5 µg.\n".encode(encoding))
    assert read(path)[0].answer == "It is 5 µg."


def test_utf_16_that_is_cut_off_is_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("question,answer\nWhat?,That.\n".encode("utf-16")[:-1])
    refused(path, "data.source", "not UTF-16 at byte", "cut off or damaged")


def test_half_a_character_of_json_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"question": "Half \\ud83d?", "answer": "It is.", "topic": "\\ud83d"}\n')
    for fields in (FieldMapping(), GROUPED):
        assert read(path, fields)[0].question == "Half \ud83d?"


@pytest.mark.parametrize(
    ("name", "content", "fix"),
    [
        ("rows.jsonl", '{\n "question": "a?",\n "answer": "b"\n}\n', "jq -c . FILE"),
        ("rows.jsonl", '[{"question": "a?", "answer": "b"},\n', "a .json file"),
        ("rows.json", '[{"question": "a?", "answer": "b"},]', "no comma before"),
        ("rows.json", '{"question": ["a?"], "answer": ["b"]}', "orient='records'"),
    ],
)
def test_usual_mistakes_of_json(name: str, content: str, fix: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content)
    refused(path, "data.source", fix)
