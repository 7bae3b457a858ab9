"""Damage and age of old photographs, drawn on whole ones: pairs to learn restoration from.

Each kind of damage is a file with one function that draws a :class:`~.mark.Mark`; each kind of ageing is a file with
one function from a picture to a picture. :mod:`.old_photograph` puts them together. All randomness comes from a
generator.
"""
