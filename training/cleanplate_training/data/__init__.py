"""Data shared by all networks: sources, preparation, augmentation, holes and preview.

The way of a picture: ``sources`` list :class:`~.sample.Entry` objects; ``prepare`` reads them into
:class:`~.sample.Sample` arrays, drops, cuts and composes, and writes shards; ``shards`` reads those back by index;
``examples`` hands them to the training loop, changed by ``augment`` and ``holes`` with the loop's random generator.
"""
