"""Who is who: pronouns and personal names of a sentence, and which of them are the same person."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graph.natural import names
from graph.natural.names import Gender

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

_PRONOUNS = {
    form: subject
    for subject, forms in {
        "I": "i me my mine myself", "you": "you your yours yourself yourselves", "we": "we us our ours ourselves 's",
        "he": "he him his himself", "she": "she her hers herself", "they": "they them their theirs themselves themself",
        "someone": "someone somebody",
    }.items()
    for form in forms.split()
}  # fmt: skip
_POSSESSIVES = frozenset("my mine your yours our ours his her hers their theirs".split())
_SAME = frozenset("I you we someone".split())
_SHE = "mother mom mum sister wife girlfriend daughter aunt grandmother grandma niece woman girl lady bride queen actress waitress"
_HE = "father dad brother husband boyfriend son uncle grandfather grandpa nephew man boy gentleman groom king guy waiter"
_EITHER = (
    "boss friend teacher neighbor neighbour doctor nurse baby child kid cousin coworker colleague student driver manager officer "
    "landlord roommate partner ex person stranger customer patient lawyer dentist singer actor player professor coach therapist "
    "cop policeman thief client parent fiance fiancee toddler dog cat puppy kitten horse"
)
_NOUNS: dict[str, Gender | None] = {
    **dict.fromkeys(_SHE.split(), "she"), **dict.fromkeys(_HE.split(), "he"), **dict.fromkeys(_EITHER.split()),
}  # fmt: skip
_MANY = frozenset("everyone everybody nobody people anyone anybody police".split())
_NOT_PERSONS = frozenset(
    ("GPE", "LOC", "FAC", "ORG", "NORP", "DATE", "TIME", "EVENT", "LANGUAGE", "LAW", "PRODUCT", "WORK_OF_ART", "MONEY", "PERCENT")
)
_PLACED_BY = frozenset("in to from near at around across through throughout outside into via".split())


@dataclass(eq=False, slots=True)
class Person:
    """Somebody, by the words that stand for them as a subject."""

    words: str
    gender: Gender | None = None
    named: bool = False


@dataclass(slots=True)
class Mention:
    """Words of the sentence that mean a person."""

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


def mentions_in(doc: "Doc") -> dict[int, Mention]:
    """The mentions by the place of their first word."""
    known, found = _Known(), dict[int, Mention]()
    spans = {span.start: span for span in _names_in(doc)}
    skip_to = 0
    for token in doc:
        if token.i < skip_to:
            continue
        if token.i in spans:
            span = spans[token.i]
            person = _named(span, known)
            found[token.i] = Mention(span.start, span.end, person)
            skip_to = span.end
            for n in range(span.start, span.end):
                known.mentions[n] = person
        elif (subject := _pronoun(token)) and (person := _meant(token, subject, known)) is not None:
            possessive = token.lower_ in _POSSESSIVES and not (token.lower_ == "her" and token.dep_ != "poss")
            found[token.i] = Mention(token.i, token.i + 1, person, possessive)
            known.mentions[token.i] = person
    return found


def _pronoun(token: "Token") -> str | None:
    if token.lower_ == "'s":
        return "we" if token.tag_ == "PRP" else None
    if token.lower_ == "mine" and token.tag_ == "NN" and token.i and token.nbor(-1).tag_ in ("DT", "NN", "JJ"):
        return None
    if token.lower_ == "us" and token.text == "US":
        return None
    return _PRONOUNS.get(token.lower_)


def _meant(token: "Token", subject: str, known: _Known) -> Person | None:
    """Whom a pronoun means; None where it goes back to somebody who is no person here ("the boy … his")."""
    if subject in _SAME:
        return known.by_pronoun.setdefault(subject, Person(subject))
    own_subject = _subject_before(token)
    barred = known.mentions.get(own_subject.i) if own_subject is not None and _is_plain_object(token) else None
    if subject == "they":
        return _meant_by_they(token, known, barred)
    for person in _fitting(subject, known):
        if person is not barred:
            return person
    if (before := known.by_pronoun.get(subject)) is not None and before is not barred:
        return before
    if _noun_before(token, subject, own_subject):
        return None
    return known.by_pronoun.setdefault(subject if before is None else f"{subject} 2", Person(subject))


def _fitting(subject: str, known: _Known) -> Iterator[Person]:
    """Named persons that a gendered pronoun may mean: those known to fit, then those it does not contradict."""
    yield from (person for person in known.named if person.gender == subject)
    for person in known.named:
        if person.gender is None:
            person.gender = "she" if subject == "she" else "he"
            yield person


def _meant_by_they(token: "Token", known: _Known, barred: Person | None) -> Person | None:
    if "they" in known.by_pronoun:
        return known.by_pronoun["they"]
    many = any(t.tag_ in ("NNS", "NNPS") and _is_human_plural(t) or t.lower_ in _MANY for t in token.doc[: token.i])
    together = any(c.dep_ == "conj" for t in token.doc[: token.i] if t.i in known.mentions for c in t.children)
    if many or together:
        return None
    single = [person for person in [*known.named, *(p for p in known.by_pronoun.values() if p.words == "someone")]]
    if len(single) == 1 and single[0] is not barred:
        return single[0]
    return known.by_pronoun.setdefault("they", Person("they"))


def _is_human_plural(token: "Token") -> bool:
    return token.dep_ in ("nsubj", "nsubjpass") or token.lower_.rstrip("s") in _NOUNS or token.lower_ in ("parents", "children", "women", "men")


def _subject_before(token: "Token") -> "Token | None":
    """The subject of the nearest verb above."""
    for above in token.ancestors:
        for child in above.children:
            if child.dep_ in ("nsubj", "nsubjpass") and child.i < token.i:
                return child
        if above.dep_ in ("ccomp", "advcl", "relcl"):
            return None
    return None


def _is_plain_object(token: "Token") -> bool:
    """Neither "herself" nor "her book": what cannot mean the subject of its own verb."""
    return token.tag_ == "PRP" and not token.lower_.endswith(("self", "selves")) and token.dep_ not in ("poss", "nsubj", "nsubjpass")


def _noun_before(token: "Token", subject: str, own_subject: "Token | None") -> bool:
    """A common noun before that the pronoun may mean instead of somebody new."""
    plain = _is_plain_object(token)
    for other in token.doc[: token.i]:
        if plain and other == own_subject:
            continue
        if other.tag_ == "NN" and other.lower_ in _NOUNS and _NOUNS[other.lower_] in (None, subject):
            return True
    return False


def _named(span: "Span", known: _Known) -> Person:
    words = [token.text for token in span]
    proper = {word.lower() for word in words if word.lower().rstrip(".") not in names.TITLES}
    for person in known.named:
        before = {word.lower() for word in person.words.split()}
        if proper and (proper <= before or before - names.TITLES.keys() <= proper):
            return person
    person = Person(span.text, names.gender_of(words), named=True)
    known.named.append(person)
    return person


def _names_in(doc: "Doc") -> Iterator["Span"]:
    n = 0
    while n < len(doc):
        end = n
        while end < len(doc) and _is_name_part(doc, n, end):
            end += 1
        if end > n and _is_person(doc[n:end]):
            yield doc[n:end]
        n = max(end, n + 1)


def _is_name_part(doc: "Doc", start: int, n: int) -> bool:
    token = doc[n]
    if not token.text[:1].isupper() or token.lower_ in _PRONOUNS:
        return False
    title = token.lower_.rstrip(".") in names.TITLES and n + 1 < len(doc) and doc[n + 1].text[:1].isupper()
    if title and doc[n + 1].lower_ not in _PRONOUNS:
        return n == start
    if token.tag_ not in ("NNP", "NNPS"):
        return names.is_first_name(token.text) and token.tag_ in ("NN", "UH", "JJ", "FW", "VB", "RB", "MD") and (
            token.ent_type_ == "PERSON" or names.is_nothing_but_a_name(token.text) or (token.i > 0 and token.dep_ in ("nsubj", "dobj", "pobj"))
        )  # fmt: skip
    return n == start or doc[n - 1].whitespace_ == " "


def _is_person(span: "Span") -> bool:
    first, last = span[0], span[len(span) - 1]
    if first.lower_.rstrip(".") in names.TITLES:
        return True
    if any(child.dep_ == "det" and child.lower_ in ("the", "a", "an") for child in last.children):
        return False
    if last.dep_ == "compound" and last.head.i == last.i + 1 and last.head.tag_ in ("NN", "NNS", "NNP", "NNPS"):
        return False
    before = first.nbor(-1).lower_ if first.i else ""
    if names.is_first_name(first.text):
        placed = first.ent_type_ in ("GPE", "LOC", "FAC") and (before in _PLACED_BY or last.dep_ == "pobj")
        return not placed and (names.is_nothing_but_a_name(first.text) or first.ent_type_ not in _NOT_PERSONS or _acts(last))
    return last.ent_type_ == "PERSON" or (first.ent_type_ == "" and before not in _PLACED_BY and _acts(last))


def _acts(token: "Token") -> bool:
    """The subject or object of a verb, or an owner."""
    return token.dep_ in ("nsubj", "nsubjpass", "dobj", "dative", "poss", "agent", "conj")
