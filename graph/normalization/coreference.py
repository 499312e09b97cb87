"""Coreference: the pronouns and personal names of a sentence, and the persons behind them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graph.normalization import first_names as names
from graph.normalization.first_names import Gender
from graph.normalization.lexicon import GENDERS, LIVING, MADE_TO, MANY, POSSESSIVES, PRONOUNS, words
from graph.normalization.person_spans import names_in, start_of
from graph.normalization.tokens import as_written
from graph.normalization.verbs import lemma

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

_SAME = words("I you we someone")
_COUNTED = words("times hours days weeks years minutes")


@dataclass(eq=False, slots=True)
class Person:
    """A person, by its words as a subject."""

    words: str
    gender: Gender | None = None
    named: bool = False


@dataclass(slots=True)
class Mention:
    """Words of the sentence for a person."""

    start: int
    end: int
    person: Person
    possessive: bool = False


@dataclass(slots=True)
class _Known:
    """Everybody mentioned so far."""

    by_pronoun: dict[str, Person] = field(default_factory=lambda: dict[str, Person]())
    named: list[Person] = field(default_factory=lambda: list[Person]())
    mentions: dict[int, Person] = field(default_factory=lambda: dict[int, Person]())

    def meet(self, person: Person) -> None:
        if person not in self.named:
            self.named.append(person)


def mentions_in(doc: "Doc") -> dict[int, Mention]:
    """The mentions by the place of their first word."""
    known, found = _Known(), dict[int, Mention]()
    spans = {start_of(span): span for span in names_in(doc)}
    people = {span.end - 1: _named(span, known) for span in spans.values()}
    known.named.clear()
    skip_to = 0
    for token in doc:
        if token.i < skip_to:
            continue
        if token.i in spans:
            span = spans[token.i]
            person = people[span.end - 1]
            found[token.i] = Mention(token.i, span.end, person)
            skip_to = span.end
            known.meet(person)
            for n in range(token.i, span.end):
                known.mentions[n] = person
        elif subject := _pronoun(token):
            announced = _announced(token, subject, people)
            person = announced or _meant(token, subject, known)
            if person is not None:
                found[token.i] = Mention(token.i, token.i + 1, person, _is_possessive(token))
                known.mentions[token.i] = person
    return found


def _announced(token: "Token", subject: str, people: dict[int, Person]) -> Person | None:
    """The named subject of the main clause, for a pronoun before it: "after losing his job, Tom …"."""
    if subject not in ("he", "she", "they"):
        return None
    for above in token.ancestors:
        if above.dep_ not in ("advcl", "prep"):
            continue
        for child in above.head.children:
            person = people.get(child.i)
            if child.dep_ in ("nsubj", "nsubjpass") and child.i > above.right_edge.i and person is not None:
                return person if person.gender in (None, subject) or subject == "they" else None
    return None


def _is_possessive(token: "Token") -> bool:
    if token.lower_ == "her" and token.i + 1 < len(token.doc):
        number_of_times = token.nbor(1).like_num and token.head.lower_ in _COUNTED
        made_to = token.i > 0 and lemma(token.nbor(-1)) in ("make", "let", "help") and token.nbor(1).lower_ in MADE_TO
        return token.tag_ == "PRP$" and not number_of_times and not made_to
    return token.lower_ in POSSESSIVES


def _pronoun(token: "Token") -> str | None:
    if token.lower_ == "'s":
        return "we" if token.tag_ == "PRP" else None
    if token.lower_ == "mine" and token.tag_ == "NN" and token.i and token.nbor(-1).tag_ in ("DT", "NN", "JJ"):
        return None
    if token.lower_ == "who":
        return "who" if token.i == 0 and token.dep_ in ("nsubj", "nsubjpass") and token.head.dep_ == "ROOT" else None
    if token.lower_ == "us" and token.text == "US":
        return None
    return PRONOUNS.get(token.lower_)


def _meant(token: "Token", subject: str, known: _Known) -> Person | None:
    """The person of a pronoun, None for a common noun before it ("the boy … his")."""
    if subject == "who":
        return Person("someone")
    if subject in _SAME:
        return known.by_pronoun.setdefault(subject, Person(subject))
    own_subject = _subject_before(token)
    barred = known.mentions.get(own_subject.i) if own_subject is not None and _is_plain_object(token) else None
    if subject == "they":
        return _meant_by_they(token, known, barred)
    for person in _fitting(subject, known):
        if person is not barred:
            person.gender = "she" if subject == "she" else "he"
            return person
    if (before := known.by_pronoun.get(subject)) is not None and before is not barred:
        return before
    if _noun_before(token, subject, own_subject) is not None:
        return None
    return known.by_pronoun.setdefault(subject if before is None else f"{subject} 2", Person(subject))


def _fitting(subject: str, known: _Known) -> Iterator[Person]:
    """Candidates for a gendered pronoun among named persons: known genders first, unknown ones after."""
    yield from (person for person in known.named if person.gender == subject)
    yield from (person for person in known.named if person.gender is None)


def _meant_by_they(token: "Token", known: _Known, barred: Person | None) -> Person | None:
    if "they" in known.by_pronoun:
        return known.by_pronoun["they"]
    many = any((t.tag_ in ("NNS", "NNPS") and _is_human_plural(t)) or t.lower_ in MANY for t in token.doc[: token.i])
    together = any(c.dep_ == "conj" for t in token.doc[: token.i] if t.i in known.mentions for c in t.children)
    if many or together or _is_of_one(token):
        return None
    single = [*known.named, *(person for person in known.by_pronoun.values() if person.words == "someone")]
    if len(single) == 1 and single[0] is not barred:
        return single[0]
    return known.by_pronoun.setdefault("they", Person("they"))


def _is_of_one(token: "Token") -> bool:
    """ "their" of a common noun before it: "my friend lost their phone"."""
    owner = _subject_before(token)
    return token.tag_ == "PRP$" and owner is not None and owner.tag_ == "NN" and owner.lower_ not in PRONOUNS


def _is_human_plural(token: "Token") -> bool:
    return (
        token.dep_ in ("nsubj", "nsubjpass")
        or token.lower_.rstrip("s") in LIVING
        or token.lower_ in ("parents", "children", "women", "men")
    )


def _subject_before(token: "Token") -> "Token | None":
    """The subject of the nearest verb above."""
    for above in token.ancestors:
        for child in above.children:
            if child.dep_ in ("nsubj", "nsubjpass") and child.i < token.i:
                return child
        if above.dep_ == "xcomp":
            for child in above.head.children:
                if child.dep_ in ("dobj", "dative") and child.i < above.i:
                    return child
        if above.dep_ in ("ccomp", "advcl", "relcl"):
            return None
    return None


def _is_plain_object(token: "Token") -> bool:
    """A plain object, never the subject of its own verb: not "herself", not "her book"."""
    return (
        token.tag_ == "PRP"
        and not token.lower_.endswith(("self", "selves"))
        and token.dep_ not in ("poss", "nsubj", "nsubjpass")
    )


def noun_meant(token: "Token") -> "Token | None":
    """The common noun before a pronoun, as its antecedent: "my boss … and she …"."""
    return _noun_before(token, token.lower_, None)


def _noun_before(token: "Token", subject: str, own_subject: "Token | None") -> "Token | None":
    """The first common noun before the pronoun as its possible antecedent."""
    plain = _is_plain_object(token)
    for other in token.doc[: token.i]:
        if plain and other == own_subject:
            continue
        if subject == "they" and other.tag_ == "NNS" and _is_human_plural(other):
            return other
        if other.tag_ == "NN" and other.lower_ in LIVING and GENDERS.get(other.lower_) in (None, subject):
            return other
    return None


def _named(span: "Span", known: _Known) -> Person:
    written = [as_written(token) for token in span]
    proper = {word.lower() for word in written if word.lower().rstrip(".") not in names.TITLES}
    for person in known.named:
        before = {word.lower() for word in person.words.split()}
        if proper and (proper <= before or before - names.TITLES.keys() <= proper):
            return person
    person = Person(
        "".join(as_written(token) + token.whitespace_ for token in span).strip(), names.gender_of(written), named=True
    )
    known.named.append(person)
    return person
