"""The categories of COCO by the numbers that its annotations and torchvision's networks use (1..90, with gaps)."""

from __future__ import annotations

_NAMES = (
    "person bicycle car motorcycle airplane bus train truck boat traffic_light fire_hydrant - stop_sign "
    "parking_meter bench bird cat dog horse sheep cow elephant bear zebra giraffe - backpack umbrella - - "
    "handbag tie suitcase frisbee skis snowboard sports_ball kite baseball_bat baseball_glove skateboard "
    "surfboard tennis_racket bottle - wine_glass cup fork knife spoon bowl banana apple sandwich orange "
    "broccoli carrot hot_dog pizza donut cake chair couch potted_plant bed - dining_table - - toilet - tv "
    "laptop mouse remote keyboard cell_phone microwave oven toaster sink refrigerator - book clock vase "
    "scissors teddy_bear hair_drier toothbrush"
)

COCO_LABELS = {number: name.replace("_", " ") for number, name in enumerate(_NAMES.split(), start=1) if name != "-"}
"""Number to name, 80 of them."""

PERSON = "person"

_CARRIED = (
    "backpack umbrella handbag tie suitcase frisbee skis snowboard sports_ball kite baseball_bat baseball_glove "
    "skateboard surfboard tennis_racket bottle wine_glass cup book cell_phone"
)
CARRIED = frozenset(name.replace("_", " ") for name in _CARRIED.split())
"""What goes with the person who carries, wears or rides it."""
