"""Words that tell something about persons and names, where neither the parser nor a name list does."""


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
"""Each form of a pronoun with the one that is a subject."""
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
"""Common nouns that tell a gender."""
LIVING = _SHE | _HE | _EITHER
"""Common nouns that "he" or "she" may mean."""
MANY = words("everyone everybody nobody people anyone anybody police")
"""What "they" may mean besides plural nouns."""
FAMILY = words(
    "mom mum mommy mama dad daddy papa grandma grandpa granny gran nana grandmother grandfather mother father"
)
"""Said like names ("Mom called"), and no names."""
CALENDAR = words(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july "
    "august september october november december christmas easter thanksgiving halloween"
)
PLACED_BY = words("in to from near at around across through throughout outside into via")
"""What stands before places."""
MADE_TO = words(
    "cry laugh smile feel leave wait stay go sleep work quit study blush move think jump dance sing happy sad mad angry"
)
""""made her cry": what is no thing of hers."""
DONE_TO_PEOPLE = words(
    "call text tell ask marry meet invite kiss hug hit punch slap thank help date dump blame forgive teach "
    "phone email message ghost divorce insult bully arrest fire hire promote give send show lend pay owe "
    "introduce beat defeat greet adore hate miss"
)
"""Verbs whose object is a person, so that an unknown name after them is one."""
ACTS_OF_PLACES = words(
    "ban flood elect host vote pass freeze approve open close raise lower cut require legalize declare suffer burn "
    "bomb surrender sink evacuate build join lift impose expand introduce celebrate experience win rebuild outlaw tax "
    "annex adopt fine ration sue"
)
"""What towns and countries do, so that a first name before it is one."""
BRANDS = words(
    "wendy's arby's denny's macy's kohl's mcdonald's joe's dick's chili's applebee's lowe's levi's domino's hardee's "
    "carl's culver's zaxby's annie's jerry's reese's kellogg's campbell's sotheby's christie's sainsbury's nando's "
    "bloomingdale's barney's friendly's callender's caesars alexa siri cortana wendys dennys arbys macys hershey's "
    "popeye's popeyes sephora tiffany's victoria's hobby harrods bosch jimmy's casey's dillard's"
)
"""Companies and devices that are called by a first name."""
WORKS = words("read reread watch rewatch stream binge download")
"""Verbs whose object is a book or a film, so that a full name after them is one."""
