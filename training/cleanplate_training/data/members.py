"""The files that make up one sample in a shard, to a sample and back.

``jpg`` or ``png`` (picture), ``alpha.png``, ``mask.png`` and ``json`` (source, licence, group, instances with COCO run
lengths). Foreign shards without the json are read too.
"""

from __future__ import annotations

import json
from typing import Any

from cleanplate.errors import BrokenInputError
from cleanplate_training.data.pixels import decode_grey, decode_rgb, encode_jpeg, encode_png
from cleanplate_training.data.run_lengths import mask_of, run_lengths
from cleanplate_training.data.sample import Instance, Sample

PICTURES = ("jpg", "jpeg", "png", "webp")
"""Suffixes of the member that is the picture."""


def decoded(key: str, files: dict[str, bytes], *, where: str, source: str = "", licence: str = "") -> Sample:
    """The sample whose member files, by suffix, are given.

    Raises:
        BrokenInputError: no picture among them, or one that cannot be decoded.
    """
    suffix = next((suffix for suffix in PICTURES if suffix in files), None)
    if suffix is None:
        raise BrokenInputError("has no picture", subject=where)
    picture = decode_rgb(files[suffix], name=where)
    facts = facts_of(files["json"]) if "json" in files else {}
    instances = facts.get("instances")
    return Sample(
        key=key,
        picture=picture,
        source=facts.get("source", source),
        licence=facts.get("licence", licence),
        alpha=decode_grey(files["alpha.png"], name=where) if "alpha.png" in files else None,
        mask=decode_grey(files["mask.png"], name=where) > 127 if "mask.png" in files else None,
        instances=None if instances is None else tuple(_instance(row) for row in instances),
        group=facts.get("group", key),
        encoded=files[suffix],
    )


def members_of(sample: Sample, *, quality: int | None = 95) -> dict[str, bytes]:
    """Member files by suffix; an untouched JPEG or PNG is passed through, other pictures are encoded."""
    files: dict[str, bytes] = {}
    if sample.encoded is not None and (suffix := _suffix_of(sample.encoded)):
        files[suffix] = sample.encoded
    elif quality is None:
        files["png"] = encode_png(sample.picture)
    else:
        files["jpg"] = encode_jpeg(sample.picture, quality=quality)
    if sample.alpha is not None:
        files["alpha.png"] = encode_png(sample.alpha)
    if sample.mask is not None:
        files["mask.png"] = encode_png(sample.mask)
    facts: dict[str, Any] = {"source": sample.source, "licence": sample.licence, "group": sample.group or sample.key}
    if sample.instances is not None:
        facts["instances"] = [_row(instance) for instance in sample.instances]
    files["json"] = json.dumps(facts, ensure_ascii=False).encode()
    return files


def _suffix_of(encoded: bytes) -> str | None:
    if encoded.startswith(b"\xff\xd8\xff"):
        return "jpg"
    return "png" if encoded.startswith(b"\x89PNG") else None


def facts_of(data: bytes) -> dict[str, Any]:
    """The json member of a sample."""
    facts = json.loads(data)
    return facts if isinstance(facts, dict) else {}


def _row(instance: Instance) -> dict[str, Any]:
    row: dict[str, Any] = {"label": instance.label, "box": list(instance.box)}
    if instance.crowd:
        row["crowd"] = True
    if instance.mask is not None:
        row["rle"] = run_lengths(instance.mask)
    return row


def _instance(row: dict[str, Any]) -> Instance:
    left, top, right, bottom = row["box"]
    mask = mask_of(row["rle"]) if "rle" in row else None
    return Instance(row["label"], (left, top, right, bottom), mask, bool(row.get("crowd")))
