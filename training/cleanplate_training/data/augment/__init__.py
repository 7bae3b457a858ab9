"""Random changes of samples: uint8 in, uint8 out, annotations carried along, all randomness from the given generator.

Every function takes a :class:`~cleanplate_training.data.sample.Sample` and a generator, and returns a new sample; the
one given stays as it was.
"""
