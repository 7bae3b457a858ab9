"""Networks and a call of the task with them."""

from __future__ import annotations

import pytest

from cleanplate.tasks.video import replace_background
from cleanplate.tasks.video_options import VideoOptions
from tests.cli.conftest import cleanplate  # noqa: F401 - the program called in this process
from tests.video.graphs import red_is_person


@pytest.fixture(scope="session")
def red(tmp_path_factory):
    return red_is_person(tmp_path_factory.mktemp("networks") / "red.onnx")


@pytest.fixture
def render(red):
    def call(source, target, **options):
        options = {"weights": red, "preset": "fast", "threads": 1, **options}
        if "alpha" not in options:
            options.setdefault("background", "#00b140")
        return replace_background(source, target, VideoOptions(**options))

    return call
