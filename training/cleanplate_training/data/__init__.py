"""Data shared by all networks: sources, preparation, augmentation, holes, loading and preview.

The way of a picture: ``sources`` list :class:`~.sample.Entry` objects; ``prepare`` reads them into
:class:`~.sample.Sample` arrays, drops, cuts and composes, and writes shards; ``shards`` reads those back by index;
``loader`` gives batches in an order that depends on nothing but the seed; ``augment`` and ``holes`` change each sample
with its own random generator.
"""
