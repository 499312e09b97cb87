"""English verbs: their third person, and those that are rarely nouns."""

from graph.normalization.lexicon import words

_IRREGULAR = {"be": "is", "are": "is", "am": "is", "was": "is", "were": "is", "have": "has", "had": "has"}


def third_person(verb: str) -> str:
    """ "get" → "gets", "try" → "tries". A third person stays. Without a dictionary, which takes seconds to import."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith(("ss", "us", "x", "z", "ch", "sh", "o")):
        return verb + "es"
    if verb.endswith("s"):
        return verb
    if verb.endswith("y") and verb[-2:-1] not in ("", *"aeiou"):
        return verb[:-1] + "ies"
    return verb + "s"


ACTIONS = frozenset(
    map(
        third_person,
        words(
            "accept achieve acquire admire admit agree apologize appear apply appreciate approach argue arrive "
            "ask assist attend avoid be become beg begin believe borrow breathe bring build buy carry catch "
            "celebrate check cheer choose chop clean climb collect communicate compete complain complete confront "
            "congratulate continue convince cook create cry dance decide decorate defend deliver develop die dig "
            "discover discuss drive earn eat educate encourage enjoy enter escape exercise explain explore "
            "express fall feed feel fight find finish fix flirt follow forget forgive fulfill gain gather get "
            "give go grab grow hang hear hide hire hold hope hug ignore impress improve inform invite jump keep "
            "kick kill kiss know laugh learn leave lend let lie lift listen live look lose maintain make marry "
            "meditate meet move need notice observe obtain open organize panic park pay perform persuade pick "
            "play practice pray prepare prevent protect prove provide publish pull punish purchase put quit raise "
            "reach read realize receive regain relax remain remember remove repair replace respond rest retrieve "
            "ride run save say scold scream search see seek sell send serve share shake shower sing sit sleep "
            "smile socialize solve speak spend stand stay steal stop study succeed suffer surf surprise swim take "
            "talk teach tell thank think throw touch travel try turn understand use vomit wait wake walk want "
            "warn wash watch wear welcome win wonder work worry write yell "
        ),
    )
)
"""The third person of common verbs. A text that begins with one of them is an action, unless it says otherwise."""
