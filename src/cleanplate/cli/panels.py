"""Headings that group the options of a command in its help."""

WHOM = "Whom to erase"
WHAT = "What to erase"
HOW = "How to fill"
OUT = "What is written"
MANY = "Several pictures"
