"""Which networks a server has: without one its route answers 501, and the page says so beforehand."""

from __future__ import annotations

from cleanplate.colour import network as colour
from cleanplate.detect import network as people
from cleanplate.inpaint import partial
from cleanplate.matting import network as matting
from cleanplate.prints import network as defects
from cleanplate.server.settings import ServerSettings
from cleanplate.weights.choice import available


def abilities(settings: ServerSettings) -> dict[str, bool]:
    """For ``people``, ``matting``, ``defects``, ``fill`` and ``colour``: whether a network is given or installed."""
    wanted = {
        "people": (settings.people_weights, people.WANTED),
        "matting": (settings.matte_weights, matting.WANTED),
        "defects": (settings.defects_weights, defects.WANTED),
        "fill": (settings.fill_weights, partial.WANTED),
        "colour": (settings.colour_weights, colour.WANTED),
    }
    return {name: given is not None or available(kind) is not None for name, (given, kind) in wanted.items()}
