"""`cometgraph infer`."""

import asyncio
from typing import Any

import click
import orjson

from schemas.errors import BadInput
from schemas.infer import Answer, Question
from service.answering import cascade
from service.answering.caller import LOCAL
from service.answering.questions import checked
from service.cli.candidates import print_candidates
from service.cli.infer_file import Job, infer_file, no_file_to_resume
from service.cli.options import CRITIC, MATCHING, STORE, STUDENT, setting_options
from service.cli.table import print_table
from service.runtime.resources import open_for_command
from service.runtime.wait_policy import WaitPolicy, waiting_as
from service.settings import Settings


@click.command()
@click.argument("event", required=False)
@click.option("-r", "--relation", multiple=True, metavar="NAME", help="Relation; may be repeated. None means all.")
@click.option("--limit", metavar="N", help="At most N inferences for each relation. [default 10]")
@click.option("--mode", metavar="NAME", help="auto, graph, near_duplicate or generate. [default auto]")
@click.option("--as-is", is_flag=True, default=None, help="Take EVENT word for word, not as natural language.")
@click.option("--clause", metavar="N", help="Clause of a longer text, from 0; else the main one.")
@click.option("--threshold", metavar="P", help="Least confidence of a near-duplicate.")
@click.option("--min-p-valid", metavar="P", help="Only inferences with a critic's score of at least P.")
@click.option("--order", metavar="NAME", help="default, or p_valid: the critic's highest scores first.")
@click.option("--origin", multiple=True, metavar="NAME", help="Only inferences of this origin; may be repeated.")
@click.option("--n", metavar="N", help="Tails drawn by the student.")
@click.option("--temperature", metavar="T", help="With sampling: below 1 safer, above wilder.")
@click.option("--top-p", metavar="P", help="With sampling: share of the probability to draw from.")
@click.option("--max-new-tokens", metavar="N", help="Longest tail, in the student's tokens.")
@click.option("--seed", metavar="N", help="With sampling: the same seed draws the same tails.")
@click.option("--generated", is_flag=True, default=None, help="Include events known only from students.")
@click.option("--explain", is_flag=True, default=None, help="Show the considered events and the student's prompts.")
@click.option("--render", metavar="NAME", help="Print sentences in the third or first person: third or first.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option(
    "--input", "source", metavar="FILE", help='Questions, one {"event": …, "relation": …} a line; - for stdin.'
)
@click.option("--output", metavar="FILE", help="Answers to --input, one a line, in order; else standard output.")
@click.option("--resume", is_flag=True, help="Continue a stopped run of --input and --output.")
@setting_options((*STORE, *MATCHING, *CRITIC, *STUDENT, "keep"))
def infer(
    settings: Settings,
    event: str | None,
    source: str | None,
    output: str | None,
    resume: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Answer a question, or a file of questions.

    The answer is a table: causes and effects of EVENT.
    """
    if (event is None) == (source is None):
        raise BadInput.of("event", event, "EVENT or --input FILE", "event: give either EVENT or --input FILE")
    if output is not None and source is None:
        raise BadInput.of("output", output, "given together with --input", "output: --output needs --input FILE")
    if resume and source is None:
        raise no_file_to_resume()
    fields = {name: value for name, value in flags.items() if value not in (None, ())}
    with waiting_as(WaitPolicy.ENDLESS):
        if source is not None:
            infer_file(Job(source, output, fields, resume), open_for_command(settings))
            return
        answer = asyncio.run(_infer(settings, checked(fields | {"event": event})))
    if as_json:
        click.echo(orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS).decode())
    elif answer.not_applicable_sentences is not None:
        for sentence in (*(one.sentence for one in answer.inferences), *answer.not_applicable_sentences.values()):
            click.echo(sentence)
    else:
        _print(answer)


async def _infer(settings: Settings, question: Question) -> Answer:
    async with open_for_command(settings) as resources:
        return await cascade.answer(question, resources, LOCAL)


def _print(answer: Answer) -> None:
    rows = [
        (one.relation.value, one.tail, _score(one.p_valid), _score(one.log_prob), ", ".join(one.origins), one.critic)
        for one in answer.inferences
    ]
    rows += [(relation.value, "does not apply", "", "", "", None) for relation in answer.not_applicable]
    columns = ("relation", "inference", "p_valid", "log_prob", "origins", "critic")
    # Scores of several critics are not comparable. One that came with a data set names none.
    width = len(columns) if any(critic for *_, critic in rows) else len(columns) - 1
    rows, columns = [tuple(cell or "" for cell in row[:width]) for row in rows], columns[:width]
    print_table(f"{answer.event}  ·  from {answer.source}", columns, rows, unwrapped=(0, 5))
    if answer.candidates is not None:
        click.echo()
        print_candidates("considered events", answer.candidates)
    if answer.prompts is not None:
        click.echo()
        prompts = [(relation.value, prompt) for relation, prompt in answer.prompts.items()]
        print_table("prompts", ("relation", "prompt"), prompts, unwrapped=(0,))
    for reason in answer.degraded:
        click.echo(f"cometgraph: {reason}", err=True)


def _score(score: float | None) -> str:
    return "" if score is None else f"{score:.3f}"
