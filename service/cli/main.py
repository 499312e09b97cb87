"""The command line: its commands, and errors as one line on standard error."""

import logging
import sys

import click

from schemas.errors import BadInput, CometgraphError
from service.cli.lazy_group import LazyGroup
from service.cli.stopped import Stopped


@click.group(
    cls=LazyGroup,
    package="service.cli",
    summaries={
        "serve": "Answer over HTTP until stopped.",
        "load": "Load triples from files into the store.",
        "index": "Compute the missing vectors of stored events.",
        "link": "Link inferences to the events that they are.",
        "infer": "Answer a question, or a file of questions.",
        "match": "List stored events with a similar meaning.",
        "render": "Print triples of a file as English sentences.",
        "get": "Answer one HTTP GET without a server.",
        "cypher": "Run a Cypher query that reads the graph.",
        "stats": "Count the events and triples of the store.",
        "forget": "Delete the triples of one origin.",
        "models": "Show, prepare or delete the student's converted files.",
        "distill": "From a teacher to a graph, a critic and a student.",
        "settings": "Show every setting with its value and its source.",
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="cometgraph", message="%(version)s")
def cli() -> None:
    """Commonsense about events, as a graph: load it, ask it, serve it."""


def run() -> int:
    """Run the command line. Exit codes: 2 for bad input, 1 for other failures, 130 after a stop."""
    logging.getLogger().addHandler(logging.NullHandler())  # only `serve` logs, and sets that up itself
    try:
        result = cli.main(prog_name="cometgraph", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f" (see {context.command_path} --help)" if context else ""
        return _fail(f"{error.format_message()}{hint}", 2)
    except (Stopped, click.Abort, KeyboardInterrupt) as error:
        return _fail(str(error) or "stopped", 130)
    except BadInput as error:
        return _fail(str(error), 2)
    except CometgraphError as error:
        return _fail(str(error), 1)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of the output has left: no further message
        return 1
    except OSError as error:
        return _fail(f"{error.filename or 'a file'}: {error.strerror}", 1)


def _fail(message: str, code: int) -> int:
    click.echo("cometgraph: " + " ".join(message.split()), err=True)
    return code


def main() -> None:
    """The console script."""
    sys.exit(run())
