"""Own files of chats: `messages` as OpenAI and TRL write them, `conversations` as ShareGPT does.

https://platform.openai.com/docs/guides/supervised-fine-tuning,
https://huggingface.co/docs/trl/dataset_formats#conversational; ShareGPT's layout as LLaMA-Factory
reads it (https://github.com/hiyouga/LLaMA-Factory/tree/main/data), a `system` column included.
"""

from collections.abc import Iterable, Iterator
from functools import partial

from trainables.data.formats.cells import layout_of
from trainables.data.formats.format import Format, ReadRequest
from trainables.data.items import Item
from trainables.data.sources.chats import chat_of
from trainables.data.sources.source import own_group
from trainables.data.sources.table import TableRecord
from trainables.data.turns import written

LAYOUTS = {
    "messages": {"OpenAI, TRL": ("messages",)},
    "sharegpt": {"ShareGPT": ("conversations",), "one chat": ("conversation",)},
}
CITATIONS = {
    "messages": "The layout: Hugging Face. TRL, dataset formats: conversational. 2026",
    "sharegpt": "The layout: Zheng Y, Zhang R, Zhang J, et al. LlamaFactory: Unified Efficient "
    "Fine-Tuning of 100+ Language Models. ACL 2024 (system demonstrations)",
}


def read(name: str, records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """An item a record: the last answer, and all that was said before it as the question."""
    for record in records:
        layout = LAYOUTS[name][layout_of(record, name, LAYOUTS[name])]
        system, chat = chat_of(record, layout[0])
        opening = chat.turns[0].content if chat.turns else ""
        item = Item(record.id, own_group(opening), chat.question, chat.answer)
        yield item._replace(system=system, turns=written(chat))


FORMATS = {
    name: Format(
        partial(read, name),
        instruction="plain",
        citation=CITATIONS[name],
        licence="of the file: own data, or as its publisher says",
        splits={"train": ("*.json", "*.jsonl", "*.csv", "*.parquet")},
    )
    for name in LAYOUTS
}
