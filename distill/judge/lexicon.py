"""Words that decide, for the rules: negations, numbers, opposites, particles, stages of an event; words that do not."""

import re

NEGATIONS = frozenset(
    "not never no nobody nothing none nowhere neither nor without hardly barely scarcely cannot".split()
)

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_NUMBERS: dict[str, str] = {
    **{word: str(value) for value, word in enumerate((_ONES + " seventeen eighteen nineteen").split())},
    **{
        word: str(10 * value)
        for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
    },
    **{"hundred": "100", "thousand": "1000", "million": "1000000", "dozen": "12", "half": "0.5"},
    **{"once": "1 time", "twice": "2 times", "thrice": "3 times", "both": "2"},
    **{
        word: f"{value}th"
        for value, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), 1)
    },
}
_DIGITS = re.compile(r"\d+(?:[.,:]\d+)*")


def number_of(word: str) -> str | None:
    """The number that a word says, in digits; None where it says none. "one" is none: it is a pronoun as often."""
    if word in ("one", "1"):
        return None
    if word in _NUMBERS:
        return _NUMBERS[word]
    if found := re.fullmatch(r"(\d+)(st|nd|rd|th)", word):
        return f"{found[1]}th"
    if found := _DIGITS.search(word):
        return found[0].replace(",", "")
    parts = word.split("-")
    return "-".join(_NUMBERS[part] for part in parts) if len(parts) > 1 and all(p in _NUMBERS for p in parts) else None


IRREGULAR = {
    form: base
    for base, forms in (
        line.split(" ", 1)
        for line in """
be is are was were been being am
have has had having
do does did done doing
go goes went gone going
get gets got gotten getting
buy bought
bring brought
think thought
teach taught
catch caught
fight fought
seek sought
sell sold
tell told
say says said
pay paid
lay laid
make made
hear heard
hold held
find found
wind wound
stand stood
understand understood
lose lost losing
leave left leaving
feel felt
keep kept
sleep slept
meet met
send sent
spend spent
build built
lend lent
bend bent
win won winning
run ran running
begin began begun beginning
swim swam swum swimming
sing sang sung
drink drank drunk
ring rang rung
come came coming
become became
give gave given giving
take took taken taking
write wrote written writing
drive drove driven driving
ride rode ridden riding
rise rose risen rising
break broke broken
speak spoke spoken
steal stole stolen
choose chose chosen choosing
wake woke woken waking
freeze froze frozen
eat ate eaten
fall fell fallen
see saw seen
know knew known
grow grew grown
throw threw thrown
blow blew blown
fly flies flew flown
draw drew drawn
wear wore worn
tear tore torn
swear swore sworn
bear bore born borne
shake shook shaken
forget forgot forgotten forgetting
forgive forgave forgiven
hide hid hidden hiding
bite bit bitten biting
shoot shot
lie lies lying
die dies died dying
tie ties tied tying
dig dug digging
sit sat sitting
hang hung
stick stuck
strike struck
feed fed
lead led
read reading
put putting
cut cutting
hit hitting
let letting
set setting
shut shutting
quit quitting
hurt hurting
""".strip().splitlines()
    )
    for form in forms.split()
}


def stem(word: str) -> str:
    """A word without its inflection, roughly: enough to see that "wins", "won" and "winning" are one word."""
    if word in IRREGULAR:
        return _bare(IRREGULAR[word])
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    for ending, instead in (("ies", "y"), ("ied", "y"), ("ying", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", "")):
        if (
            word.endswith(ending)
            and len(word) - len(ending) >= 2
            and re.search("[aeiouy]", word[: -len(ending)] + instead)
        ):
            return _bare(word[: -len(ending)] + instead)
    return _bare(word)


def _bare(word: str) -> str:
    """Without a final e or doubled consonant, which inflection adds or drops."""
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou":
        return word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


def _sets(lines: str) -> dict[str, frozenset[str]]:
    """Each line has two groups, apart by a slash: each stem of the one is opposed to each of the other."""
    opposed: dict[str, set[str]] = {}
    for line in lines.strip().splitlines():
        left, right = (list(map(stem, side.split())) for side in line.split("/"))
        for one in left:
            opposed.setdefault(one, set()).update(right)
        for other in right:
            opposed.setdefault(other, set()).update(left)
    return {word: frozenset(others) for word, others in opposed.items()}


PARTICLES = _sets("""
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

OPPOSITES = _sets("""
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
"""To the stage it is. Followed by "to" and a verb, or by a verb in -ing, it makes another event of what follows."""
STATES = frozenset("afraid ready able unable about used supposed".split())
"""The same, followed by "to"; never inflected."""
NEARLY = frozenset("almost nearly practically".split())

TIME_OPENERS: dict[str, int] = {
    **dict.fromkeys("at on in during for to by after before since until".split(), 2),
    **dict.fromkeys("every each one last next".split(), 1),
}
"""Words with which an event begins that says first when or where it is, and how many words belong to that."""

PLACES = frozenset(
    """
    lake sea river road roadside door window fire pool beach side water ocean coast creek stream bed wall tree gate
    fence house station day hour week dozen minute second way time end deadline book hand name neck arm collar
    """.split()
)
"""After "by the" they say where, when or how, not who."""

STOP_WORDS = frozenset(
    "a an the some any this that these those very really so just quite finally indeed own also too then".split()
)
"""Words that change nothing that matters."""
