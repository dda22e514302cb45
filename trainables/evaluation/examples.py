"""The spec's own questions (`evaluation.examples`), answered at a trial's end and never scored."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trainables.evaluation.generation import answers
from trainables.evaluation.measure import Predictions

if TYPE_CHECKING:
    from trainables.data.token_rows import TokenRows
    from trainables.training.config import SingleTrial


def example_rows(tokenizer: Any, config: "SingleTrial") -> "TokenRows":
    """The questions as prompts, `example-1`, `example-2`, …, without an answer."""
    from trainables.data.chat_format import Encoded, prompts
    from trainables.data.rows import Row
    from trainables.data.token_rows import token_rows

    questions = config.evaluation.examples
    encoded = prompts(tokenizer, questions, config.data.system_prompt)
    names = [f"example-{i}" for i in range(1, len(questions) + 1)]
    rows = [Row(name, name, text, "") for name, text in zip(names, questions, strict=True)]
    return token_rows(rows, [Encoded(ids, len(ids), 0, False) for ids in encoded])


def answer_examples(model: Any, tokenizer: Any, config: "SingleTrial") -> Predictions:
    """What predictions.jsonl holds of them; () where the spec names none."""
    if not config.evaluation.examples:
        return ()
    rows, settings = example_rows(tokenizer, config), config.evaluation
    # in calls of their own: other batches could round the scored answers otherwise
    texts = answers(model, tokenizer, rows, settings.max_new_tokens, settings.max_batch_tokens)
    return example_predictions(rows, texts)


def example_predictions(rows: "TokenRows", texts: Sequence[str]) -> Predictions:
    """Lines of predictions.jsonl: as those of validation rows, but without a reference."""
    return tuple(
        {"id": i, "question": question, "prediction": text}
        for i, question, text in zip(rows.ids, rows.questions, texts, strict=True)
    )
