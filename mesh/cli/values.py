"""Options and arguments that skip typer's type conversion. typer passes each value through
pydantic, also none at all, and loading that takes as long as all else of a command. Numbers still
use it.
"""

import os
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer.core
from typer.models import ParameterInfo

from mesh.core.policy.suggest import near


class _Plain:
    """Converter of a parameter's value: passes on those that need no conversion."""

    def __init__(self, param: Any) -> None:  # noqa: ANN401 - an option or an argument
        self._param = param

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: ANN401 - as typer has it
        """The value for the command. typer's errors for an invalid one."""
        told = self._param.type_descriptor
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        if self._param.multiple and self._param.nargs > 1:
            return value  # texts, as many each time as its metavar names
        if told.parameter_info.parser is None:
            if told.annotation is Path and _is_path(value, told.parameter_info):
                return Path(value)
            if is_taken(value, told.annotation, param.default):
                return value
        try:
            return self._param.typers_own().coerce(value, param=param, ctx=ctx)
        except typer.BadParameter as error:
            what = _number_misfit(value, told) or _choice_misfit(value, told.annotation)
            raise typer.BadParameter(what, ctx=ctx, param=param) if what else error from error


class Option(typer.core.TyperOption):
    """An option whose value typer converts only if needed."""

    def get_runtime_param(self) -> Any:  # noqa: ANN401 - typer names it nowhere
        """The converter of this parameter."""
        return _Plain(self)

    def typers_own(self) -> Any:  # noqa: ANN401
        """typer's converter."""
        return super().get_runtime_param()


class Argument(typer.core.TyperArgument):
    """An argument whose value typer converts only if needed."""

    def get_runtime_param(self) -> Any:  # noqa: ANN401 - typer names it nowhere
        """The converter of this parameter."""
        return _Plain(self)

    def typers_own(self) -> Any:  # noqa: ANN401
        """typer's converter."""
        return super().get_runtime_param()


class Command(typer.core.TyperCommand):
    """A command with these options and arguments."""

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401 - as typer has it
        """Its parameters."""
        return [_lighter(param) for param in super().get_params(ctx)]


class Group(typer.core.TyperGroup):
    """A group of commands with these options."""

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401 - as typer has it
        """Its options."""
        return [_lighter(param) for param in super().get_params(ctx)]


def _lighter(param: Any) -> Any:  # noqa: ANN401 - an option or an argument
    """The parameter as one of our classes, as typer creates its own."""
    for base, ours in ((typer.core.TyperOption, Option), (typer.core.TyperArgument, Argument)):
        if type(param) is base:
            param.__class__ = ours
    words = str(param.metavar or "").split()
    if isinstance(param, Option) and param.multiple and len(words) > 1:
        param.nargs = len(words)  # typer has no option that takes several values and is repeated
    return param


def is_taken(value: Any, annotation: object, default: object) -> bool:  # noqa: ANN401 - of any kind
    """Whether a value already has the annotated type."""
    if annotation is str:
        return isinstance(value, str)
    if get_origin(annotation) is list:
        several = get_args(annotation) == (str,) and isinstance(value, list | tuple)
        return several and all(isinstance(one, str) for one in value)
    if value is not default:
        return False
    return get_origin(annotation) is Literal or type(value) is annotation


def _number_misfit(value: object, told: Any) -> str:  # noqa: ANN401 - what typer knows of it
    """Why a word is no valid number, in plainer words than pydantic's; or ""."""
    kinds = {int: "a whole number", float: "a number"}
    wanted = [kind for kind in kinds if kind in (told.annotation, *get_args(told.annotation))]
    if not wanted or not isinstance(value, str | int | float):
        return ""
    least, most = told.parameter_info.min, told.parameter_info.max
    limits = f"{least} to {most}" if most is not None else f"{least} or more"
    where = f" ({limits})" if least is not None else ""
    try:
        wanted[0](value)
    except ValueError:
        return f"'{value}' is not {kinds[wanted[0]]}{where}"
    return f"{value} is out of range{where}"


def _choice_misfit(value: object, annotation: object) -> str:
    """Why a word is none of those that there are, and which was meant; or ""."""
    if get_origin(annotation) is not Literal or not isinstance(value, str):
        return ""
    there = [str(one) for one in get_args(annotation)]
    meant = near(value, there)
    return f"'{value}' is not one of {', '.join(there)}" + (
        f"; did you mean {meant}?" if meant else ""
    )


def _is_path(value: object, info: ParameterInfo) -> bool:
    """Whether a path passes the checks that typer would do."""
    anything = info.file_okay and info.dir_okay and not (info.writable or info.resolve_path)
    return anything and isinstance(value, str) and os.access(value, os.R_OK)
