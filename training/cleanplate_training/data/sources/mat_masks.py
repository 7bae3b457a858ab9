"""Photographs with label maps in MATLAB files."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from cleanplate.errors import BrokenInputError, MissingInputError
from cleanplate_training.data.naming import key_of
from cleanplate_training.data.pixels import decode_rgb, file_bytes
from cleanplate_training.data.sample import Entry, Sample
from cleanplate_training.data.sources.folder import pictures_below


def mat_masks(
    photos: Path, *, annotations: Path, source: str, licence: str, variable: str = "groundtruth"
) -> list[Entry]:
    """Pictures with ``annotations/NAME.mat`` (MATLAB 4 to 7.2); the mask is where the label map is above 0.

    Pictures without such a file are left out.

    Args:
        photos: folder of the pictures.
        annotations: folder of the ``.mat`` files.
        source: name of the set.
        licence: its terms.
        variable: name of the H x W label map in each file.

    Raises:
        MissingInputError: no such folder, or no pair in it.
    """
    listed = []
    for path in pictures_below(photos):
        labels = annotations / f"{path.stem}.mat"
        if labels.is_file():
            key = key_of(source, path.stem)
            read = partial(_read, path, labels, variable, key=key, source=source, licence=licence)
            listed.append(Entry(key=key, source=source, licence=licence, group=key, read=read))
    if not listed:
        raise MissingInputError("holds no picture with a .mat file", subject=photos, fix=f"look in {annotations}")
    return listed


def _read(path: Path, labels: Path, variable: str, *, key: str, source: str, licence: str) -> Sample:
    import scipy.io

    data = file_bytes(path)
    picture = decode_rgb(data, name=str(path))
    try:
        label_map = np.asarray(scipy.io.loadmat(labels, variable_names=[variable])[variable])
    except (ValueError, NotImplementedError, KeyError, OSError) as error:
        raise BrokenInputError(f"has no readable {variable!r} ({error!r})", subject=labels) from error
    if label_map.shape != picture.shape[:2]:
        raise BrokenInputError(f"is {label_map.shape} for a picture of {picture.shape[:2]}", subject=labels)
    return Sample(key, picture, source, licence, mask=label_map > 0, group=key, encoded=data)
