"""Headings that group the options of a command in its help."""

WHAT = "What to erase"
HOW = "How to fill"
OUT = "What is written"
MANY = "Several pictures"
