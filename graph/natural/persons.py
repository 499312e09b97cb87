"""Who is who: pronouns and personal names of a sentence, and which of them are the same person."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graph.natural import names
from graph.natural.names import Gender
from graph.natural.parsing import is_known_name
from graph.natural.verbs import is_verb, is_word, lemma
from graph.natural.written import as_written

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
_HE = (
    "father dad brother husband boyfriend son uncle grandfather grandpa nephew man boy gentleman groom king guy waiter"
)
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
    (
        "GPE",
        "LOC",
        "FAC",
        "ORG",
        "NORP",
        "DATE",
        "TIME",
        "EVENT",
        "LANGUAGE",
        "LAW",
        "PRODUCT",
        "WORK_OF_ART",
        "MONEY",
        "PERCENT",
    )
)
_MADE_TO = frozenset(
    "cry laugh smile feel leave wait stay go sleep work quit study blush move think jump dance sing happy sad mad angry".split()
)
_DONE_TO_PEOPLE = frozenset(
    "call text tell ask marry meet invite kiss hug hit punch slap thank help date dump blame forgive teach phone email message ghost "
    "divorce insult bully arrest fire hire promote give send show lend pay owe introduce greet adore hate miss".split()
)
"""What is done to people: unknown names after it are theirs."""
FAMILY = frozenset(
    "mom mum mommy mama dad daddy papa grandma grandpa granny gran nana grandmother grandfather mother father".split()
)
_CALENDAR = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october "
    "november december christmas easter thanksgiving halloween".split()
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

    def meet(self, person: Person) -> None:
        if person not in self.named:
            self.named.append(person)


def mentions_in(doc: "Doc") -> dict[int, Mention]:
    """The mentions by the place of their first word."""
    known, found = _Known(), dict[int, Mention]()
    spans = {_start_of(span): span for span in _names_in(doc)}
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


def _start_of(span: "Span") -> int:
    """ "my friend Tom" is Tom."""
    last = span[len(span) - 1]
    whole = last.head if last.dep_ == "appos" and last.head.i == span.start - 1 else last
    if whole == last and last.dep_ not in ("nsubj", "nsubjpass", "dobj", "pobj", "dative", "appos", "ROOT"):
        return span.start
    before = list(last.doc[whole.left_edge.i : span.start])
    fits = before and before[0].tag_ == "PRP$" and all(t.tag_ in ("NN", "JJ", "JJS", "PRP$", "HYPH") for t in before)
    return before[0].i if fits else span.start


def _announced(token: "Token", subject: str, people: dict[int, Person]) -> Person | None:
    """The named subject of the main clause that a pronoun before it means: "after losing his job, Tom …"."""
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
        number_of_times = token.nbor(1).like_num and token.head.lower_ in (
            "times",
            "hours",
            "days",
            "weeks",
            "years",
            "minutes",
        )
        made_to = token.i > 0 and lemma(token.nbor(-1)) in ("make", "let", "help") and token.nbor(1).lower_ in _MADE_TO
        return token.tag_ == "PRP$" and not number_of_times and not made_to
    return token.lower_ in _POSSESSIVES


def _pronoun(token: "Token") -> str | None:
    if token.lower_ == "'s":
        return "we" if token.tag_ == "PRP" else None
    if token.lower_ == "mine" and token.tag_ == "NN" and token.i and token.nbor(-1).tag_ in ("DT", "NN", "JJ"):
        return None
    if token.lower_ == "who":
        return "who" if token.i == 0 and token.dep_ in ("nsubj", "nsubjpass") and token.head.dep_ == "ROOT" else None
    if token.lower_ == "us" and token.text == "US":
        return None
    return _PRONOUNS.get(token.lower_)


def _meant(token: "Token", subject: str, known: _Known) -> Person | None:
    """Whom a pronoun means; None where it goes back to somebody who is no person here ("the boy … his")."""
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
    return (
        token.dep_ in ("nsubj", "nsubjpass")
        or token.lower_.rstrip("s") in _NOUNS
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
    """Neither "herself" nor "her book": what cannot mean the subject of its own verb."""
    return (
        token.tag_ == "PRP"
        and not token.lower_.endswith(("self", "selves"))
        and token.dep_ not in ("poss", "nsubj", "nsubjpass")
    )


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
    words = [as_written(token) for token in span]
    proper = {word.lower() for word in words if word.lower().rstrip(".") not in names.TITLES}
    for person in known.named:
        before = {word.lower() for word in person.words.split()}
        if proper and (proper <= before or before - names.TITLES.keys() <= proper):
            return person
    person = Person(
        "".join(as_written(token) + token.whitespace_ for token in span).strip(), names.gender_of(words), named=True
    )
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
    if token.lower_ in FAMILY:
        return False
    if not token.text[:1].isupper() or token.lower_ in _PRONOUNS:
        return False
    title = token.lower_.rstrip(".") in names.TITLES and n + 1 < len(doc) and doc[n + 1].text[:1].isupper()
    if title and doc[n + 1].lower_ not in _PRONOUNS:
        return n == start
    unknown = n == start == 0 and token.tag_ == "NN" and doc[0].dep_ == "nsubj" and not is_word(token.lower_)
    if not is_known_name(token) and token.tag_ not in ("NNP", "NNPS") and not unknown:
        return False
    if token.lower_ in _CALENDAR or (
        n > start
        and is_known_name(token)
        and is_known_name(doc[n - 1])
        and token.dep_ != "compound"
        and doc[n - 1].dep_ != "compound"
    ):
        return False
    return n == start or doc[n - 1].whitespace_ == " "


def _is_person(span: "Span") -> bool:
    first, last = span[0], span[len(span) - 1]
    if first.lower_.rstrip(".") in names.TITLES:
        return True
    if any(child.dep_ == "det" and child.lower_ in ("the", "a", "an") for child in last.children):
        return False
    if last.dep_ == "compound" and last.head.i == last.i + 1 and last.head.tag_ in ("NN", "NNS", "NNP", "NNPS"):
        return False
    if is_known_name(first):
        return True
    before = first.nbor(-1).lower_ if first.i else ""
    if names.is_first_name(first.text):
        placed = first.ent_type_ in ("GPE", "LOC", "FAC") and (before in _PLACED_BY or last.dep_ == "pobj")
        is_scene = first.ent_type_ == "GPE" and names.is_place(first.text) and lemma(last.head) in ("be", "win", "host")
        return not placed and not is_scene and (first.ent_type_ not in _NOT_PERSONS or _acts(last))
    if span.start == 0 and last.dep_ == "nsubj" and len(span) == 1 and last.tag_ == "NN":
        return not is_word(last.lower_)
    if last.lower_ in FAMILY or first.ent_type_ not in ("", "PERSON"):
        return False
    if last.dep_ in ("dobj", "dative"):
        return lemma(last.head) in _DONE_TO_PEOPLE
    return (
        last.ent_type_ == "PERSON"
        or (last.dep_ == "nsubj" and is_verb(last.head))
        or before == "with"
        or last.head.dep_ == "agent"
    )


def _acts(token: "Token") -> bool:
    """The subject or object of a verb, or an owner."""
    return token.dep_ in ("nsubj", "nsubjpass", "dobj", "dative", "poss", "agent", "conj")
