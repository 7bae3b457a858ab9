"""The training half of cleanplate: data, one training loop, evaluation and export for every network that ships.

Needs the extra ``train`` (PyTorch). It may import the runtime half (``cleanplate``); never the other way round.
"""
