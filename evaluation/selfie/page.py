"""One HTML file with every network and every test picture beside the truth; needs no server and no network."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cleanplate.types import Mask
from evaluation.matting.methods import Method
from evaluation.matting.stills import kept_alpha
from evaluation.selfie.cases import Selfie
from evaluation.selfie.costs import Cost
from evaluation.selfie.failures import GROUPS
from evaluation.selfie.figures import Cases, Row

TEMPLATE = Path(__file__).with_name("page.html")
_SIDE = 160
_PLACE = "/* DATA */ null"


def page(
    methods: Sequence[Method],
    cases: Cases,
    rows: Sequence[Row],
    costs: Mapping[str, Cost],
    curves: Mapping[str, Sequence[Mapping[str, float]]],
    kept: Path,
) -> str:
    """Return the page.

    Args:
        methods: networks, in the order of the columns.
        cases: opens the pictures.
        rows: figures of all of them, see :func:`evaluation.selfie.figures.measured`.
        costs: by network.
        curves: by network, what its training said: ``step`` and figures.
        kept: folder of the alphas.
    """
    data = {
        "methods": [each.name for each in methods],
        "groups": GROUPS,
        "costs": {name: asdict(cost) for name, cost in costs.items()},
        "curves": {name: list(points) for name, points in curves.items()},
        "pictures": list(_pictures(methods, cases, rows, kept)),
    }
    # "<" never occurs raw, so that no text of the data can end the script.
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return TEMPLATE.read_text(encoding="utf-8").replace(_PLACE, text)


def curve_of(metrics: Path) -> list[dict[str, float]]:
    """Loss and IoU by step out of a run's ``metrics.jsonl``."""
    points = []
    for line in metrics.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["kind"] == "validation":
            points.append({"step": row["step"], "validation_iou": row["iou"]})
        elif row["kind"] == "train":
            loss = row.get("cross_entropy", 0.0) + row.get("soft_iou", 0.0)
            points.append({"step": row["step"], "loss": loss, "iou": row["iou"]})
    return points


def _pictures(methods: Sequence[Method], cases: Cases, rows: Sequence[Row], kept: Path) -> Iterator[dict[str, Any]]:
    figures = {(row["set"], row["picture"], row["method"]): row for row in rows}
    for selfie in cases():
        case = selfie.case
        found = {}
        for method in methods:
            own = figures[case.group, case.name, method.name]
            found[method.name] = {
                "iou": round(own["iou"], 4),
                "f": round(own["boundary_f"], 4),
                "reasons": own["reasons"].split(" + ") if own["reasons"] else [],
                "mask": _mask(kept_alpha(method, case, kept) > 0.5),
            }
        yield {
            "set": case.group,
            "name": case.name,
            "photo": _photo(selfie),
            "truth": _mask(case.truth > 0.5),
            "found": found,
        }


def _photo(selfie: Selfie) -> str:
    picture = Image.fromarray(selfie.case.picture)
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"


def _mask(mask: Mask) -> str:
    """A picture of one colour that is opaque where the mask is: a browser cuts the photograph out by it."""
    small = Image.fromarray(mask.astype(np.uint8) * 255)
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    indexed = Image.fromarray((np.asarray(small) > 127).astype(np.uint8), mode="P")
    indexed.putpalette([0, 0, 0, 255, 255, 255])
    stream = io.BytesIO()
    indexed.save(stream, "PNG", bits=1, transparency=0, optimize=True)
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
