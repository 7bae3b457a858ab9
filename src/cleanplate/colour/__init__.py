"""Light -> colour: chroma predicted at the size of a network, joined to the untouched light of the full picture."""
