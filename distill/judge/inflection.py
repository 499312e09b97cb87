"""Inflection of English words: stems, and the third person of a participle.

lemminflect knows more words. It imports spaCy and torch, and the API process must start without them.
"""

import re

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
overhear overheard
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
oversleep overslept
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
rewrite rewrote rewritten rewriting
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
see sees saw seen
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
beat beaten
light lit
sew sewn
shear shorn
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
    """The word without its inflection, roughly: one stem for "wins", "won" and "winning"."""
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
    """The word without a final e or doubled consonant other than s: inflection adds and drops these."""
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeious":
        return word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


def third_person(participle: str) -> str:
    """ "hugged" → "hugs", "fired" → "fires", "bitten" → "bites"."""
    base = IRREGULAR.get(participle) or (_infinitive(participle[:-2]) if participle.endswith("ed") else participle)
    if base.endswith("y") and base[-2:-1] not in "aeiou":
        return base[:-1] + "ies"
    return base + ("es" if base.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")


def _infinitive(bare: str) -> str:
    """Of a participle without its -ed: "hugg" → "hug", "fir" → "fire", "carri" → "carry", "help" → "help"."""
    if bare.endswith("i"):
        return bare[:-1] + "y"
    if bare.endswith("e"):  # "freed"
        return bare + "e"
    if re.search(r"([bdgmnprt])\1$", bare):
        return bare[:-1]
    # A short stem in one vowel and one consonant had a final e: otherwise its consonant would be doubled.
    if re.search(
        r"([vcuz]|[rdn]g|[aeiou]s|at|(?<![aeo])(id|[aiou]r)|ut|vit|ag|yp|[bcdfgkptz]l)$|^[^aeiou]*[aeiou][^aeiouwxy]$",
        bare,
    ):
        return bare + "e"
    return bare
