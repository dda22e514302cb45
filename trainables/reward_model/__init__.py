"""The trial of kind `reward`: a LoRA adapter and a head that score answers, trained on pairs; and
how other kinds ask one.

May import: the engines and the rooms below them; no other kind.
"""
