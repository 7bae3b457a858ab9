"""How well the eraser fills: real photographs, generated holes, several methods, one report.

Run ``python -m evaluation.erase --pictures DIR --out DIR`` from the repository root; ``--help`` says the rest.
"""
