"""Torchvision's COCO checkpoint of Mask R-CNN, ``maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth``, as a network to export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cleanplate.detect.coco_labels import COCO_LABELS
from cleanplate_training.models.mask_rcnn import present_names, resnet50
from cleanplate_training.task import Exported
from cleanplate_training.tasks.instances import described, example


def coco(content: Mapping[str, Any]) -> Exported:
    """Describe the checkpoint for the export, with the ports of every detector here and COCO's 80 names.

    Args:
        content: The state dict, under the present or the former names of torchvision.

    Raises:
        RuntimeError: keys or shapes are not those of the network.
    """
    network = resnet50()
    network.load_state_dict(present_names(content), strict=True)
    # Trained on pictures of 800 x 1,333 pixels at most.
    return described(network.eval(), example(), labels=COCO_LABELS, maximum=1344)
