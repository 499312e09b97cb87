"""Prompt forms: the model's input for an event and a relation, and the marks around its tail."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schemas.errors import BadInput
from schemas.relations import RELATIONS, Relation


@dataclass(frozen=True, slots=True)
class PromptForm:
    """A prompt form.

    write: the prompt of an event and a relation.
    before_tail: text between prompt and tail. With a byte-level tokenizer a blank there begins the tail's first token.
    stops: characters that end a tail, besides the end token.
    end: the end token's text. None: the tokenizer's own.
    """

    name: str
    write: Callable[[str, Relation], str]
    before_tail: str
    stops: str = "\n"
    end: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """A form is pickled by its name."""
        return form_named, (self.name,)


FORMS: dict[str, PromptForm] = {
    form.name: form
    for form in (
        # three tokens a relation, sixteen with markup, in words of the base model's vocabulary
        PromptForm("plain", lambda event, relation: f"{event}\n{RELATIONS[relation].student}:", " "),
        # COMET-distill (West et al., 2022, released notebook): the last blank is part of the prompt
        PromptForm(
            "comet-distill",
            lambda event, relation: f"<head> {event} </head> <relation> {relation} </relation> [GEN] ",
            "",
            stops=".\n",
        ),
        # COMET-ATOMIC-2020 (Hwang et al., 2021): its BART and its GPT-2
        PromptForm("comet-2020", lambda event, relation: f"{event} {relation} [GEN]", " ", end="[EOS]"),
    )
}


def form_named(name: str) -> PromptForm:
    """A form by its name. Raises BadInput."""
    if name not in FORMS:
        raise BadInput.of("prompt_form", name, "one of: " + ", ".join(FORMS))
    return FORMS[name]
