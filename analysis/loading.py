"""How an exported model is loaded: the code in its model card."""

import json

from analysis.runs import TrialView


def loading(trial: TrialView, merged: bool, tokenizer: bool) -> str:
    """Python that loads what was exported, as Markdown; `tokenizer`: it lies beside the model."""
    setup, source = _base_source(trial)
    auto, options = "AutoModelForCausalLM", ""
    if trial.kind == "reward":  # a row ends at its last token, be it the padding token or not
        auto, options = "AutoModelForSequenceClassification", ", num_labels=1, pad_token_id=None"
    imports = [f"from transformers import {auto}, AutoTokenizer"]
    if merged:
        code = [*imports, 'model = AutoModelForCausalLM.from_pretrained("THIS_FOLDER")']
    else:
        code = [
            "from peft import PeftModel",
            *imports,
            *setup,
            f"base = {auto}.from_pretrained({source}{options})",
            'model = PeftModel.from_pretrained(base, "THIS_FOLDER")',
        ]
    words = '"THIS_FOLDER"' if tokenizer else source
    code.append(f"tokenizer = AutoTokenizer.from_pretrained({words})")
    code.insert(0, "import json")
    code.append('system_prompt = json.load(open("THIS_FOLDER/prompt.json"))["system_prompt"]')
    note = "" if tokenizer else "\n\nThe tokenizer was not at hand; this takes the base model's."
    return "\n".join(["```python", *code, "```"]) + note


def _base_source(trial: TrialView) -> tuple[list[str], str]:
    """Lines before, and the arguments of from_pretrained for the base model."""
    model, revision = str(trial.value("model.name_or_path")), trial.value("model.revision")
    if not model.startswith(("pypi:", "toy:")):
        return [], json.dumps(model) + (f", revision={json.dumps(revision)}" if revision else "")
    lines = [
        "from trainables.models.config import ModelConfig",
        "from trainables.models.resolve import resolve  # both come with medsweep",
        f"folder = resolve(ModelConfig(name_or_path={json.dumps(model)}))",
    ]
    return lines, "folder"
