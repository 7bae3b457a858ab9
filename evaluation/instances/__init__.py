"""How well people are found: average precision of boxes and masks on sets that no network here learnt from."""
