"""The registry of tasks: what a recipe's ``task = "..."`` can name.

Each entry says where a :class:`cleanplate_training.task.Task` is defined; it is imported only when it is asked for.
"""

from __future__ import annotations

import difflib
from importlib import import_module
from typing import TYPE_CHECKING, cast

from cleanplate.errors import ArgumentError

if TYPE_CHECKING:
    from cleanplate_training.task import Task

TASKS: dict[str, str] = {
    "matting": "cleanplate_training.tasks.matting:Matting",
    "colour": "cleanplate_training.tasks.colour:Colour",
    "defects": "cleanplate_training.tasks.defects:Defects",
    "fill": "cleanplate_training.tasks.fill:Fill",
    "instances": "cleanplate_training.tasks.instances:Instances",
    "inpainting": "cleanplate_training.tasks.inpainting:Inpainting",
    "segmentation": "cleanplate_training.tasks.segmentation:Segmentation",
    "selfie": "cleanplate_training.tasks.selfie:Selfie",
}
"""Task by name: ``module:class``."""


def task_class(name: str) -> type[Task]:
    """Return the class of a task.

    Raises:
        ArgumentError: no task has this name; the text lists them.
    """
    if name not in TASKS:
        close = difflib.get_close_matches(name, TASKS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ArgumentError("is not a task", subject=repr(name), fix=f"{hint}valid: {', '.join(sorted(TASKS))}")
    module, _, attribute = TASKS[name].partition(":")
    return cast("type[Task]", getattr(import_module(module), attribute))
