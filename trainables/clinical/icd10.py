"""Diagnoses: the titles and inclusion terms of ICD-10-CM (NCHS and CMS; public domain).

Read from the tabular list inside the pinned wheel of simple-icd-10-cm (MIT), never installed or
imported. Chapters A to Q (diseases) and T36 to T65 (poisoning); symptoms (R), injuries, external
causes and encounters (S, V to Z) are left out: their titles are administrative.
"""

import re
import zipfile
from collections.abc import Iterator
from typing import IO
from xml.etree import ElementTree

from trainables.cache import fetch_wheel
from trainables.clinical.phrases import Phrase

WHEEL = "simple-icd-10-cm==1.5.0"
WHEEL_SHA256 = "6d461d71dc26aedc530ae65f02cfb578a154e49507c32e8241e75f701d4b7e42"
MEMBER = "simple_icd_10_cm/data/icd10c-tabular-April-1-2026.xml"
KEPT = re.compile(r"[A-Q]|T(3[6-9]|[45]\d|6[0-5])")
RESIDUAL = re.compile(r"\b(other|unspecified|elsewhere|NEC)\b", re.IGNORECASE)
QUALIFIER = re.compile(r",? (unspecified|NOS|not otherwise specified)$", re.IGNORECASE)
PARENTHESIS = re.compile(r"\s*[(\[][^)\]]*[)\]]")
LONGEST = 8  # words; longer titles are sentences of a classification and never met in prose


def diagnosis_phrases() -> Iterator[Phrase]:
    """Every usable phrase; the concept is `ICD10CM:CODE`. Raises InputError."""
    wheel = fetch_wheel(WHEEL, WHEEL_SHA256, "evaluation")
    with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as stream:
        yield from phrases_of(stream)


def phrases_of(xml: IO[bytes]) -> Iterator[Phrase]:
    """Phrases of a tabular list. An inclusion term is a synonym of its title, but under a
    residual title ("Other …") it is a condition of its own."""
    for diagnosis in ElementTree.parse(xml).iter("diag"):  # noqa: S314  (pinned by sha256)
        code, title = diagnosis.findtext("name", ""), diagnosis.findtext("desc", "")
        if not KEPT.match(code):
            continue
        residual = bool(RESIDUAL.search(QUALIFIER.sub("", title)))
        if not residual:
            yield from _phrases(title, f"ICD10CM:{code}")
        for number, note in enumerate(diagnosis.findall("inclusionTerm/note"), 1):
            own = f"ICD10CM:{code}.{number}" if residual else f"ICD10CM:{code}"
            yield from _phrases(note.text or "", own)


def _phrases(title: str, concept: str) -> Iterator[Phrase]:
    text = PARENTHESIS.sub("", QUALIFIER.sub("", title)).strip()
    if not RESIDUAL.search(text) and len(text.split()) <= LONGEST:
        yield Phrase(text, concept, "diagnosis")
