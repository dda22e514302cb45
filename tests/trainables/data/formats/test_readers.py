"""Every reader on a small file in its published layout; the content is made up."""

from pathlib import Path
from typing import Any

import pytest

from tests.trainables.data.formats.shared import json_lines, whole_json
from trainables.data.formats.reading import read_items
from trainables.data.formats.registry import FORMATS
from trainables.data.items import Item
from trainables.errors import InputError

CHOICE = {"question": "Which is blue?", "opa": "grass", "opb": "sky", "opc": "snow", "opd": "coal"}
MCQ = CHOICE | {"subject_name": "Colour", "exp": "Light scatters.", "choice_type": "single"}
USMLE: dict[str, Any] = {
    "question": "Which is blue?",
    "answer": "sky",
    "options": {"A": "grass", "B": "sky", "C": "snow", "D": "coal"},
    "answer_idx": "B",
    "meta_info": "step1",
}
OPTIONS = ("grass", "sky", "snow", "coal")


def only(source: str, format: Any, **options: Any) -> Item:
    (item,) = read_items(source, format, **options).items
    return item


# --- MedQA -------------------------------------------------------------------------------------


def test_medqa_original(tmp_path: Path) -> None:
    json_lines(tmp_path / "test.jsonl", [USMLE])
    item = only(str(tmp_path), "medqa")
    assert (item.options, item.gold, item.answer, item.subject) == (OPTIONS, 1, "sky", "step1")
    assert item.benchmark


def test_medqa_five_options_and_nulls_of_the_hub(tmp_path: Path) -> None:
    five = USMLE | {"options": USMLE["options"] | {"E": "soot"}}
    padded = USMLE | {"options": USMLE["options"] | {"E": None}}
    json_lines(tmp_path / "train.jsonl", [five, padded])
    first, second = read_items(str(tmp_path), "medqa", split="train").items
    assert (first.options, second.options) == ((*OPTIONS, "soot"), OPTIONS)
    assert not first.benchmark


def test_medqa_bigbio_source(tmp_path: Path) -> None:
    listed = [{"key": k, "value": v} for k, v in USMLE["options"].items()]
    file = json_lines(tmp_path / "rows.jsonl", [USMLE | {"options": listed[::-1]}])
    item = only(file, "medqa", split="train")
    assert (item.options, item.gold) == (OPTIONS, 1)


def test_medqa_bigbio_schema(tmp_path: Path) -> None:
    row = {"id": "7", "question": "Which is blue?", "choices": [*OPTIONS], "answer": ["sky"]}
    item = only(json_lines(tmp_path / "rows.jsonl", [row]), "medqa", split="train")
    assert (item.id, item.options, item.gold) == ("7", OPTIONS, 1)


def test_medqa_hf(tmp_path: Path) -> None:
    row = {"id": "train-1", "sent1": "Which is blue?", "sent2": "", "label": 1}
    row |= {f"ending{n}": text for n, text in enumerate(OPTIONS)}
    item = only(json_lines(tmp_path / "rows.jsonl", [row]), "medqa", split="train")
    assert (item.question, item.options, item.gold) == ("Which is blue?", OPTIONS, 1)


def test_medqa_answer_that_is_another_option_is_refused(tmp_path: Path) -> None:
    file = json_lines(tmp_path / "rows.jsonl", [USMLE, USMLE | {"answer_idx": "C"}])
    with pytest.raises(InputError, match=r"rows.jsonl, row 2, column 'answer': is not the text of"):
        read_items(file, "medqa")


# --- MedMCQA -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cops", "given", "golds"),
    [
        ([1, 2, 3, 4], None, [0, 1, 2, 3]),
        ([0, 1, 2, 3], None, [0, 1, 2, 3]),
        ([0, 1, 1], None, [0, 1, 1]),
        ([4, 1], None, [3, 0]),
        ([1, 2], 1, [0, 1]),
        ([1, 2], 0, [1, 2]),
        ([-1, -1], None, [None, None]),
    ],
)
def test_medmcqa_index_base(
    tmp_path: Path, cops: list[int], given: Any, golds: list[int | None]
) -> None:
    rows = [MCQ | {"id": f"q{n}", "cop": cop} for n, cop in enumerate(cops)]
    file = json_lines(tmp_path / "train.json", rows)
    items = read_items(file, "medmcqa", split="train", answer_index_base=given).items
    assert [item.gold for item in items] == golds
    texts = ["" if gold is None else OPTIONS[gold] for gold in golds]
    assert [item.answer for item in items] == texts


@pytest.mark.parametrize(
    ("cops", "why"), [([1, 2, 3], "neither 0 nor 4 occurs"), ([0, 4], "both 0 and 4 occur")]
)
def test_medmcqa_undecidable_index_base_asks(tmp_path: Path, cops: list[int], why: str) -> None:
    file = json_lines(tmp_path / "train.json", [MCQ | {"cop": cop} for cop in cops])
    with pytest.raises(InputError, match=why) as caught:
        read_items(file, "medmcqa", split="train")
    assert caught.value.field == "data.answer_index_base"


def test_medmcqa_index_beyond_the_options(tmp_path: Path) -> None:
    file = json_lines(tmp_path / "train.json", [MCQ | {"cop": 4}])
    with pytest.raises(InputError, match="points to no option"):
        read_items(file, "medmcqa", split="train", answer_index_base=0)


def test_medmcqa_without_answers(tmp_path: Path) -> None:
    item = only(json_lines(tmp_path / "test.json", [MCQ]), "medmcqa", split="test")
    assert (item.gold, item.answer, item.kind, item.subject) == (None, "", "single", "Colour")


# --- the others --------------------------------------------------------------------------------


def test_pubmedqa_hub_columns(tmp_path: Path) -> None:
    row = {
        "pubid": 12377809,  # of the official test set
        "question": "Is it so?",
        "context": {"contexts": ["One.", "Two."], "labels": ["A", "B"], "meshes": []},
        "long_answer": "It is.",
        "final_decision": "maybe",
    }
    file = json_lines(tmp_path / "rows.jsonl", [row, row | {"pubid": 1}])
    test, train = (only(file, "pubmedqa", split=split) for split in ("test", "train"))
    assert (test.id, train.id) == ("12377809", "1")
    assert (test.benchmark, train.benchmark) == (True, False)
    assert (test.context, test.gold, test.answer) == ("One.\nTwo.", 2, "It is.")


def test_pubmedqa_takes_the_test_ids_beside_the_file(tmp_path: Path) -> None:
    row = {"QUESTION": "So?", "CONTEXTS": ["One."], "LONG_ANSWER": "Yes.", "final_decision": "yes"}
    whole_json(tmp_path / "ori_pqal.json", {"1": row, "2": row})
    whole_json(tmp_path / "test_ground_truth.json", {"2": "yes"})
    assert only(str(tmp_path), "pubmedqa").id == "2"


def test_mmlu_hub_columns_and_other_subjects(tmp_path: Path) -> None:
    row = {"question": "Which is blue?", "choices": [*OPTIONS], "answer": 1, "subject": "anatomy"}
    file = json_lines(tmp_path / "rows.jsonl", [row, row | {"subject": "marketing"}])
    item = only(file, "mmlu", split="test")
    assert (item.subject, item.gold, item.answer) == ("anatomy", 1, "sky")


def test_mmlu_with_a_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "anatomy_test.csv").write_text("question,A,B,C,D,answer\nq,a,b,c,d,A\n")
    with pytest.raises(InputError, match=r"anatomy_test\.csv, row 1, column 'answer': is none"):
        read_items(str(tmp_path), "mmlu")


@pytest.mark.parametrize(
    "row",
    [
        {"question": "Q?", "answer": "A.", "question_focus": "Flu", "question_type": "cause"},
        {"question": "Q?", "answer": "A.", "focus": "Flu", "qtype": "cause"},
    ],
)
def test_medquad_layouts(tmp_path: Path, row: dict[str, str]) -> None:
    item = only(json_lines(tmp_path / "medquad.jsonl", [row]), "medquad")
    assert (item.question, item.answer, item.group, item.kind) == ("Q?", "A.", "focus:flu", "cause")


def test_medquad_csv_of_the_hub(tmp_path: Path) -> None:
    (tmp_path / "medquad.csv").write_text('qtype,Question,Answer\ncause,Q?,"A, b."\n')
    item = only(str(tmp_path), "medquad")
    assert (item.question, item.answer) == ("Q?", "A, b.")


def test_flashcards(tmp_path: Path) -> None:
    row = {"instruction": "Answer this question truthfully", "input": "Q?", "output": "A."}
    file = whole_json(tmp_path / "medical_meadow_wikidoc_medical_flashcards.json", [row])
    item = only(file, "flashcards")
    assert (item.question, item.answer) == ("Q?", "A.")


def test_lavita(tmp_path: Path) -> None:
    row = {"instruction": "Be a doctor.", "input": "Q?", "output": "A."}
    rows = json_lines(tmp_path / "train.jsonl", [row, row | {"input": ""}])
    both, alone = read_items(rows, "lavita").items
    assert (both.question, alone.question) == ("Be a doctor.\nQ?", "Be a doctor.")


def test_medtext(tmp_path: Path) -> None:
    (tmp_path / "medtext_2.csv").write_text("Prompt,Completion\nQ?,A.\n")
    item = only(str(tmp_path), "medtext")
    assert (item.question, item.answer) == ("Q?", "A.")


def test_chemprot_and_rct(tmp_path: Path) -> None:
    row = {"text": "<< X >> blocks [[ Y ]] .", "label": "INHIBITOR", "metadata": []}
    item = only(json_lines(tmp_path / "train.jsonl", [row]), "chemprot", split="train")
    assert (item.context, item.answer) == (row["text"], "inhibitor")
    assert item.options[item.gold or 0] == "inhibitor"
    assert len(item.options) == 13
    row = {"text": "We asked whether .", "label": "OBJECTIVE"}
    item = only(json_lines(tmp_path / "test.jsonl", [row]), "rct")
    assert (item.answer, item.gold, item.benchmark) == ("objective", 1, True)


def test_filled_prompts_of_medicine_tasks(tmp_path: Path) -> None:
    row = {"id": 0, "input": "… Which part?", "options": ["Methods", "Results"], "gold_index": 1}
    item = only(whole_json(tmp_path / "test.json", [row]), "rct")
    assert (item.question, item.answer, item.gold) == ("… Which part?", "Results", 1)


def test_an_unknown_class_is_refused(tmp_path: Path) -> None:
    file = json_lines(tmp_path / "train.jsonl", [{"text": "X.", "label": "OTHER"}])
    with pytest.raises(InputError, match="column 'label': is none of background, objective"):
        read_items(file, "rct", split="train")


RADIOLOGY = {
    "data": [
        {
            "title": "patient-1",
            "paragraphs": [
                {
                    "document_id": "report-1",
                    "context": "No effusion. A nodule of 4 mm, 4 mm across.",
                    "qas": [
                        {
                            "id": "a",
                            "question": "How large?",
                            "is_impossible": False,
                            "answers": [
                                {"text": "4 mm", "answer_start": 25},
                                {"text": "4 mm across", "answer_start": 31},
                                {"text": "4 mm", "answer_start": 31},
                            ],
                        },
                        {"id": "b", "question": "Why?", "is_impossible": True, "answers": []},
                    ],
                }
            ],
        }
    ]
}


def test_squad_several_answers_and_none(tmp_path: Path) -> None:
    file = whole_json(tmp_path / "dev.json", RADIOLOGY)
    sized, why = read_items(file, "squad", split="validation").items
    assert (sized.id, sized.group, sized.answer) == ("a", "patient-1", "4 mm")
    assert sized.answers == ("4 mm", "4 mm across")
    assert (why.answer, why.answers, why.kind) == ("", (), "unanswerable")


def test_squad_flat_columns_of_the_hub(tmp_path: Path) -> None:
    row = {"id": 1, "question": "How?", "context": "So and so.", "document_id": 9}
    rows = [row | {"answers": {"text": ["So"], "answer_start": [0]}}]
    rows.append(row | {"id": 2, "answers": {"text": [], "answer_start": []}})
    first, second = read_items(json_lines(tmp_path / "rows.jsonl", rows), "squad").items
    assert (first.group, first.answer, second.kind) == ("9", "So", "unanswerable")


def test_squad_answerable_without_an_answer_is_refused(tmp_path: Path) -> None:
    content: Any = {"data": [{"paragraphs": [{"context": "C.", "qas": []}]}]}
    content["data"][0]["paragraphs"][0]["qas"] = [{"id": 1, "question": "Q?", "answers": []}]
    file = whole_json(tmp_path / "rows.json", content)
    with pytest.raises(InputError, match="document 1, paragraph 1, question 1, column 'answers'"):
        read_items(file, "squad")


def test_medsafetybench_csv_by_category(tmp_path: Path) -> None:
    folder = tmp_path / "test" / "gpt4"
    folder.mkdir(parents=True)
    content = ",harmful_medical_request,safe_response\n0,Do harm.,I will not.\n"
    (folder / "med_safety_demonstrations_category_4.csv").write_text(content)
    item = only(str(tmp_path), "medsafetybench", split="test")
    assert (item.question, item.answer) == ("Do harm.", "I will not.")
    assert (item.subject, item.kind) == ("4", "unsafe")


def test_text_and_mimic(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("One two. Three four.\n\n" + "word " * 600)
    items = read_items(str(tmp_path / "book.txt"), "text").items
    assert [len(item.answer.split()) for item in items] == [4, 250, 250, 100]
    assert {(item.group, item.question, item.kind) for item in items} == {("book:0", "", "text")}
    notes = (
        '"ROW_ID","SUBJECT_ID","HADM_ID","CHARTDATE","CHARTTIME","STORETIME","CATEGORY",'
        '"DESCRIPTION","CGID","ISERROR","TEXT"\n'
        '1,22,3,,,,"Discharge summary","Report",,,"First line.\nSecond."\n'
        '2,22,3,,,,"Nursing","Report",,1,"An error."\n'
    )
    (tmp_path / "NOTEEVENTS.csv").write_text(notes)
    item = only(str(tmp_path), "mimic")
    assert (item.answer, item.group, item.subject) == (
        "First line.\nSecond.",
        "22",
        "Discharge summary",
    )
    assert FORMATS["mimic"].private


# --- what all formats refuse -------------------------------------------------------------------

SPLITS = {name: "all" if format.one_split else "train" for name, format in FORMATS.items()}


@pytest.mark.parametrize("name", FORMATS)
def test_a_record_of_another_layout_names_file_row_and_column(tmp_path: Path, name: Any) -> None:
    file = json_lines(tmp_path / "rows.jsonl", [{"colour": "SECRET"}])
    split = "test" if name == "mmlu" else SPLITS[name]
    with pytest.raises(InputError) as caught:
        read_items(file, name, split=split)
    problem = caught.value
    assert problem.field == "data.format"
    assert "rows.jsonl, row 1 has no column" in problem.message
    assert "it has 'colour'" in problem.message
    assert "expects the columns" in str(problem.fix)
    assert "SECRET" not in str(problem)


@pytest.mark.parametrize("name", FORMATS)
def test_a_folder_without_the_split_says_which_it_has(tmp_path: Path, name: Any) -> None:
    split = next(iter(FORMATS[name].splits))
    with pytest.raises(InputError, match="no file of the split") as caught:
        read_items(str(tmp_path), name, split=split)
    assert caught.value.field == "data.source"


def test_a_file_of_another_split_by_its_name_is_refused(tmp_path: Path) -> None:
    file = json_lines(tmp_path / "dev.json", [MCQ | {"cop": 4}])
    with pytest.raises(InputError, match="is the split 'validation' by its name") as caught:
        read_items(file, "medmcqa", split="train")
    assert caught.value.fix == "Write data.hub_split: validation."


def test_no_such_split_format_or_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the format has no such split"):
        read_items(str(tmp_path), "medtext", split="dev")
    with pytest.raises(InputError, match="no such format"):
        read_items(str(tmp_path), "medword")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no such file or folder"):
        read_items(str(tmp_path / "gone"), "medtext")
    with pytest.raises(InputError, match="medec is not published on the hub"):
        read_items(None, "medec")


def test_bad_json_is_told_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"text": "SECRET\n')
    with pytest.raises(InputError, match=r"not JSON.*train.jsonl, row 1") as caught:
        read_items(str(tmp_path / "train.jsonl"), "text")
    assert "SECRET" not in str(caught.value)


def test_ids_that_occur_twice_get_a_number(tmp_path: Path) -> None:
    rows = [{"id": "x", "text": "One."}, {"id": "x", "text": "Two."}]
    items = read_items(json_lines(tmp_path / "rows.jsonl", rows), "text").items
    assert [item.id for item in items] == ["x-0", "x-0#2"]
