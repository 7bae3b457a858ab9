"""TOML tables into frozen dataclasses, strictly: what is not a field, is missing or has another type is an error.

Understands what records are made of: text, numbers, booleans, ``Literal``, tuples of one type, nested dataclasses
and unions of these.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, cast

from cleanplate.errors import CleanplateError, WeightsError

T = TypeVar("T")


def build(kind: type[T], table: Mapping[str, Any], *, subject: str, where: str = "") -> T:
    """Make a ``kind`` (a dataclass) from a table; fields without default must be there.

    Args:
        kind: the dataclass.
        table: what TOML was read into.
        subject: the file, for errors.
        where: the table inside that file, for errors.

    Raises:
        WeightsError: an unknown or missing key, or a value of another type; names the file and what is valid.
    """
    fields = {field.name: field for field in dataclasses.fields(cast(Any, kind)) if field.init}
    inside = f"[{where}] " if where else ""
    for key in table:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise WeightsError(
                f"{inside}unknown key '{key}'", subject=subject, fix=f"{hint}valid keys: {', '.join(fields)}"
            )
    missing = [name for name, field in fields.items() if _required(field) and name not in table]
    if missing:
        raise WeightsError(
            f"{inside}lacks {', '.join(missing)}", subject=subject, fix='add what is missing ("unknown" if not known)'
        )
    hints = _hints(cast(Any, kind))
    values = {
        name: _value(value, hints[name], subject, f"{where}.{name}" if where else name) for name, value in table.items()
    }
    try:
        return kind(**values)
    except CleanplateError as error:
        # A dataclass that checks its own numbers does not know which file they are from.
        raise WeightsError(f"{inside}{error.problem}", subject=subject, fix=error.fix) from None


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _value(value: object, wanted: Any, subject: str, where: str) -> Any:
    fits, converted = _fitted(value, wanted, subject, where)
    if not fits:
        raise WeightsError(f"{where} is {value!r}", subject=subject, fix=f"give {_described(wanted)}")
    return converted


def _fitted(value: object, wanted: Any, subject: str, where: str) -> tuple[bool, Any]:
    """Whether ``value`` is of the type ``wanted``, and it as that type."""
    origin = typing.get_origin(wanted)
    if origin is typing.Literal:
        return any(value == choice and type(value) is type(choice) for choice in typing.get_args(wanted)), value
    if origin in (typing.Union, types.UnionType):
        return _one_of(value, typing.get_args(wanted), subject, where)
    if origin is tuple:
        return _sequence(value, typing.get_args(wanted), subject, where)
    if dataclasses.is_dataclass(wanted):
        if not isinstance(value, dict):
            return False, value
        return True, build(cast("type[Any]", wanted), value, subject=subject, where=where)
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool), value
    if wanted is type(None):
        return value is None, value
    return type(value) is wanted, value


def _one_of(value: object, kinds: tuple[Any, ...], subject: str, where: str) -> tuple[bool, Any]:
    for kind in kinds:
        fits, converted = _fitted(value, kind, subject, where)
        if fits:
            return True, converted
    return False, value


def _sequence(value: object, kinds: tuple[Any, ...], subject: str, where: str) -> tuple[bool, Any]:
    if not isinstance(value, list):
        return False, value
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        return False, value
    return True, tuple(
        _value(one, kind, subject, f"{where}[{place}]")
        for place, (one, kind) in enumerate(zip(value, kinds, strict=True))
    )


def _described(wanted: Any) -> str:
    """The type as a person would say it."""
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin is typing.Literal:
        return " or ".join(f'"{choice}"' if isinstance(choice, str) else str(choice) for choice in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_described(one) for one in arguments if one is not type(None))
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return f"a list, each {_described(arguments[0])}"
        return f"a list of {len(arguments)}, each {_described(arguments[0])}"
    if dataclasses.is_dataclass(wanted):
        return "a table"
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    return names.get(wanted, str(wanted))
