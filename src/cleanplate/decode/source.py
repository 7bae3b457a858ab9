"""From a path to bytes, with what can go wrong said in the user's terms."""

from __future__ import annotations

from pathlib import Path

from cleanplate.decode.limits import Limits
from cleanplate.errors import InputError, MissingInputError


def read_source(source: Path | bytes, *, name: str | None, limits: Limits) -> tuple[bytes, str]:
    """The bytes of ``source`` and what messages call it.

    Raises:
        MissingInputError: not there, a folder, or no permission.
        TooLargeError: more bytes than the limit.
        InputError: the disk or network fails while reading.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        shown = name or "picture"
        limits.check_bytes(len(source), shown)
        return bytes(source), shown
    shown = name or str(source)
    try:
        with Path(source).open("rb") as file:
            limits.check_bytes(Path(source).stat().st_size, shown)
            data = file.read(limits.max_bytes + 1)
    except FileNotFoundError:
        raise MissingInputError("does not exist", subject=shown, fix="check the path") from None
    except IsADirectoryError:
        raise MissingInputError("is a folder, not a picture", subject=shown, fix="name a file in it") from None
    except PermissionError:
        problem = "is a folder, not a picture" if Path(source).is_dir() else "may not be read (no permission)"
        raise MissingInputError(problem, subject=shown, fix="check its permissions") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read ({reason})", subject=shown) from None
    limits.check_bytes(len(data), shown)
    return data, shown
