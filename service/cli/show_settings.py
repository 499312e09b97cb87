"""`cometgraph settings`: every setting, its value and where that comes from."""

import os
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from service.settings import SECRETS, Settings, flag, load_settings, variable


def settings(flags: Mapping[str, Any]) -> None:
    """Every setting with its value and where it comes from."""
    values = load_settings(flags)
    table = Table(box=None, pad_edge=False)
    for column in ("flag", "variable", "value", "from", "meaning"):
        table.add_column(column)
    for name, field in Settings.model_fields.items():
        origin = "flag" if flags.get(name) is not None else "variable" if variable(name) in os.environ else "default"
        value = getattr(values, name)
        shown = (
            ("(set)" if value.get_secret_value() else "") if name in SECRETS else "" if value is None else str(value)
        )
        table.add_row(flag(name), variable(name), shown, origin, field.description or "")
    Console().print(table)
