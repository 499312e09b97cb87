"""Word lists of the rules: negations, opposites, particles, stages of an event, stop words."""

from distill.judge.inflection import stem

NEGATIONS = frozenset(
    "not never no nobody nothing none nowhere neither nor without hardly barely scarcely cannot".split()
)


def _opposites(lines: str) -> dict[str, frozenset[str]]:
    """The opposites of each stem. A line has two groups with a slash between them, one opposed to the other."""
    opposed: dict[str, set[str]] = {}
    for line in lines.strip().splitlines():
        left, right = (list(map(stem, side.split())) for side in line.split("/"))
        for one in left:
            opposed.setdefault(one, set()).update(right)
        for other in right:
            opposed.setdefault(other, set()).update(left)
    return {word: frozenset(others) for word, others in opposed.items()}


PARTICLES = _opposites("""
in into inside / out outside
on onto / off
up / down
to toward towards / from
before / after
over above / under below beneath
early / late
apart separately / together
alone / together
forward forwards / back backward backwards
for / against
left / right
here / there
away / back
near / far
""")

OPPOSITES = _opposites("""
give hand donate / take get receive steal keep
send / receive get
lend / borrow
buy purchase / sell
win / lose
love like adore enjoy / hate dislike detest despise
open / close shut
start begin / finish stop end quit
accept / reject decline refuse
arrive come / leave depart go
enter / leave exit
find / lose
remember / forget
pass / fail
succeed / fail
push / pull
teach / learn
ask / answer
break destroy ruin wreck damage / fix repair mend build
help / hurt hinder harm
laugh smile / cry weep frown
live survive / die
wake / sleep
rise / fall
raise increase / lower decrease reduce
hire employ / fire
marry / divorce
agree / disagree
trust / distrust mistrust
gain / lose
attack / defend protect
save / spend waste
catch / throw drop miss
keep / break lose discard
lock / unlock
tie / untie
pack / unpack
dress / undress
cover / uncover
appear / disappear vanish
put add / remove take
include / exclude
admit / deny
allow let / forbid prevent
praise compliment / criticize scold insult blame
follow / lead
show reveal / hide conceal
join / leave quit
stand / sit
speak talk / listen
visit / avoid
feed / starve
heal cure / hurt wound
invite / uninvite
attend / skip miss
obey / disobey
happy glad / sad unhappy upset
good great / bad terrible awful
big large huge / small little tiny
old / new young
hot warm / cold cool
high / low
fast quick quickly / slow slowly
hard difficult / easy
rich wealthy / poor broke
more / less fewer
many / few
most / least
best / worst
better / worse
right correct / wrong incorrect
clean / dirty
strong / weak
always / never rarely
day / night
morning / evening night afternoon
winter / summer
awake / asleep
sick ill / healthy well
alive / dead
full / empty hungry
safe / dangerous unsafe
loud loudly / quiet quietly
last / first next
public / private
hello / goodbye
yes / no
innocent / guilty
true / false
mother mom mum / father dad
son / daughter
brother / sister
husband / wife
boyfriend / girlfriend
boy boys / girl girls
man men / woman women
uncle / aunt
grandmother grandma / grandfather grandpa
friend friends / enemy enemies
dog dogs / cat cats
beginning / end
north / south
east / west
breakfast / lunch dinner supper
""")

ASPECT_VERBS = {
    stem(word): words.split()[0]
    for words in """
start begin commence
stop quit cease
try attempt
plan intend
continue keep
""".strip().splitlines()
    + """
want need have decide hope pretend refuse fail forget finish prepare think dream ask offer promise wish learn threaten
avoid agree like love hate expect consider regret remember deserve
""".split()
    for word in words.split()
}
"""Verbs to their stages. Before "to" and a verb, or before a verb in -ing, they tell of another event."""
STATES = frozenset("afraid ready able unable about used supposed".split())
"""The same before "to", without inflection."""
NEARLY = frozenset("almost nearly practically".split())

TIME_OPENERS: dict[str, int] = {
    **dict.fromkeys("at on in during for to by after before since until".split(), 2),
    **dict.fromkeys("every each one last next".split(), 1),
}
"""First words of a time or place before the subject, and the number of words after them."""

PLACES = frozenset(
    """
    lake sea river road roadside door window fire pool beach side water ocean coast creek stream bed wall tree gate
    fence house station day hour week dozen minute second way time end deadline book hand name neck arm collar
    """.split()
)
"""Nouns of place, time and manner after "by the". They are no agents."""

STOP_WORDS = frozenset(
    "a an the some any this that these those very really so just quite finally indeed own also too then".split()
)
"""Words without weight for the meaning."""

CONTROL_VERBS = frozenset(
    map(
        stem,
        "ask tell get persuade convince force order beg allow teach pay urge invite hire expect cause".split(),
    )
)
"""Before somebody else and "to" with a verb, they tell of another event."""
PERCEPTION_VERBS = frozenset(map(stem, "let see watch hear".split()))
"""Before somebody else and a bare verb, they tell of another event."""
ATTITUDE_VERBS = frozenset(
    map(
        stem,
        """
        receive undergo accept refuse reject decline deny avoid escape survive request demand seek await need want
        deserve offer fear expect cancel prevent miss oppose
        """.split(),
    )
)
"""With the noun of an event as their object, they tell of another event."""
OUTING_VERBS = frozenset(map(stem, "go head come leave set take".split()))
"""Before "for" and the noun of an event, they tell of that event: "goes for a walk"."""

REQUEST_VERBS = frozenset(map(stem, "ask beg apply wait look plead pray call hope advertise".split()))
"""Before "for" and the noun of an event, they tell of another event: "asks for help"."""
VERB_OF_NOUN = {"sale": "sell", "gift": "give", "choice": "choose", "theft": "steal", "burial": "bury"}
"""Nouns without the stem or a regular ending of their verbs."""
LIGHT_VERBS = frozenset(map(stem, "get have do make take give go".split()))
"""They mean little without their object."""

DETERMINERS = frozenset("a an the some any more another this that".split())
AUXILIARIES = frozenset("is are was were has have had does do did will can".split())

GIVING_VERBS = frozenset(
    map(
        stem,
        "give show lend send tell teach hand pass offer sell read write bring throw mail email pay owe grant".split(),
    )
)
"""Verbs with a receiver, before the thing or after it with "to"."""
ADVERBS = frozenset("home back over out up down off in away around".split())
"""After a verb of giving they are no things: "brings home to PersonY"."""
LESS_TO_MORE: dict[str, str] = dict(
    zip(
        "younger shorter smaller slower poorer weaker lighter worse less lower later colder cheaper".split(),
        "older taller bigger faster richer stronger heavier better more higher earlier warmer costlier".split(),
        strict=True,
    )
)
"""Comparatives to their opposites."""
