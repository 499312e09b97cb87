"""Word lists for persons, names and places, beside the parser and the list of first names."""


def words(text: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(text.split())


PRONOUNS = {
    form: subject
    for subject, forms in {
        "I": "i me my mine myself", "you": "you your yours yourself yourselves", "we": "we us our ours ourselves 's",
        "he": "he him his himself", "she": "she her hers herself", "they": "they them their theirs themselves themself",
        "someone": "someone somebody",
    }.items()
    for form in forms.split()
}  # fmt: skip
"""Each form of a pronoun with its subject form."""
POSSESSIVES = words("my mine your yours our ours his her hers their theirs")
_SHE = words(
    "mother mom mum sister wife girlfriend daughter aunt grandmother grandma niece woman girl lady bride "
    "queen actress waitress"
)
_HE = words(
    "father dad brother husband boyfriend son uncle grandfather grandpa nephew man boy gentleman groom king guy waiter"
)
_EITHER = words(
    "boss friend teacher neighbor neighbour doctor nurse baby child kid cousin coworker colleague student "
    "driver manager officer landlord roommate partner ex person stranger customer patient lawyer dentist "
    "sibling spouse employee intern tenant classmate teammate supervisor mentor employer opponent worker cashier "
    "barista clerk pilot chef author writer artist soldier victim suspect witness passenger guest host owner seller "
    "buyer "
    "teenager teen babysitter nanny accountant plumber mechanic cleaner editor reporter judge mayor buddy bestie crush "
    "date relative grandparent contractor dealer pastor priest principal tutor trainer "
    "singer actor player professor coach therapist cop policeman thief client parent fiance fiancee toddler "
    "dog cat puppy kitten horse"
)
GENDERS = dict.fromkeys(_SHE, "she") | dict.fromkeys(_HE, "he")
"""Common nouns with a gender."""
LIVING = _SHE | _HE | _EITHER
"""Common nouns for living beings, possible antecedents of "he" and "she"."""
MANY = words("everyone everybody nobody people anyone anybody police")
"""Antecedents of "they" besides plural nouns."""
FAMILY = words(
    "mom mum mommy mama dad daddy papa grandma grandpa granny gran nana grandmother grandfather mother father"
)
"""Said like names ("Mom called"), and no names."""
CALENDAR = words(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july "
    "august september october november december christmas easter thanksgiving halloween"
)
PLACED_BY = words("in to from near at around across through throughout outside into via")
"""Prepositions before places."""
MADE_TO = words(
    "cry laugh smile feel leave wait stay go sleep work quit study blush move think jump dance sing happy sad mad angry"
)
"""Words after an object pronoun, never possessed: "made her cry"."""
DONE_TO_PEOPLE = words(
    "call text tell ask marry meet invite kiss hug hit punch slap thank help date dump blame forgive teach "
    "phone email message ghost divorce insult bully arrest fire hire promote give send show lend pay owe "
    "introduce beat defeat greet adore hate miss"
)
"""Verbs with a person as their object."""
ACTS_OF_PLACES = words(
    "ban flood elect host vote pass freeze approve open close raise lower cut require legalize declare suffer burn "
    "bomb surrender sink evacuate build join lift impose expand introduce celebrate experience win rebuild outlaw tax "
    "annex adopt fine ration sue"
)
"""Acts of towns and countries."""
BRANDS = words(
    "wendy's arby's denny's macy's kohl's mcdonald's chili's applebee's lowe's levi's domino's hardee's culver's "
    "zaxby's reese's kellogg's campbell's hershey's sotheby's christie's sainsbury's nando's bloomingdale's friendly's "
    "popeye's tiffany's dillard's wendys dennys arbys macys popeyes siri cortana"
)
"""Companies and devices with the name of a person."""
WORKS = words("read reread watch rewatch stream binge download")
"""Verbs with a book or a film as their object."""
