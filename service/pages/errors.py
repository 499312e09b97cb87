"""The page of errors, the target of the `type` of each problem."""

from collections.abc import Callable
from html import escape

from schemas import errors


def errors_page(status_of: Callable[[type[errors.CometgraphError]], int]) -> str:
    """The page as HTML. status_of: the HTTP status of a class of errors."""
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CometgraphError)
    ]
    rows = "".join(
        f'<dt id="{kind.__name__}"><code>{kind.__name__}</code> · {status_of(kind)} · {escape(kind.title)}</dt>'
        f"<dd>{escape((kind.__doc__ or '').strip())}</dd>"
        for kind in kinds
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>cometgraph: errors</title>'
        '<meta name="viewport" content="width=device-width"><style>body{font:16px/1.5 system-ui;max-width:42rem;'
        "margin:2rem auto;padding:0 1rem}dt{margin-top:1rem;font-weight:600}dt:target{background:#fe9}"
        "dd{white-space:pre-line;margin:0}</style>"
        f"<h1>Errors</h1><p>Each problem document's <code>type</code> names one of these.</p><dl>{rows}</dl></html>"
    )
