"""The registry of published formats: add one by adding its file and one line here."""

from trainables.data.formats import (
    alpaca,
    chats,
    flashcards,
    labelled,
    lavita,
    liveqa,
    medec,
    medmcqa,
    medqa,
    medquad,
    medsafetybench,
    medtext,
    mimic,
    mmlu,
    plain_text,
    pubmedqa,
    squad,
)
from trainables.data.formats.format import Format

FORMATS: dict[str, Format] = {
    "pubmedqa": pubmedqa.FORMAT,
    "medqa": medqa.FORMAT,
    "medmcqa": medmcqa.FORMAT,
    "mmlu": mmlu.FORMAT,
    "medquad": medquad.FORMAT,
    "liveqa": liveqa.FORMAT,
    "flashcards": flashcards.FORMAT,
    "squad": squad.FORMAT,
    "medsafetybench": medsafetybench.FORMAT,
    "medec": medec.FORMAT,
    "lavita": lavita.FORMAT,
    "alpaca": alpaca.FORMAT,
    "medtext": medtext.FORMAT,
    "chemprot": labelled.FORMATS["chemprot"],
    "rct": labelled.FORMATS["rct"],
    "text": plain_text.FORMAT,
    "mimic": mimic.FORMAT,
    "messages": chats.FORMATS["messages"],
    "sharegpt": chats.FORMATS["sharegpt"],
}
