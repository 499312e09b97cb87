"""English nouns: their singular, and those that a person has by nature."""

from graph.normalization.lexicon import words


def singular(noun: str) -> str:
    """ "parties" → "party", "cars" → "car". Roughly: it is the same for a noun and its plural."""
    if len(noun) < 4 or not noun.endswith("s") or noun.endswith(("ss", "us", "is", "'s")):
        return noun
    if noun.endswith("ies"):
        return noun[:-3] + "y"
    return noun[:-2] if noun.endswith(("sses", "xes", "ches", "shes")) else noun[:-1]


OWN = words(
    "admiration anger ankle appetite appreciation arm assignment attention backpack bag balance belly belongings bill "
    "blanket body boot boss breakfast breath brother business cat child children chore class clothes clothing coat "
    "composure confidence consciousness courage cousin curiosity daughter debt desire destination dinner diploma "
    "disappointment dog dream dress duty ear emotion enthusiasm exam excitement experience eye face family father "
    "fear feelings feet finger fingernail fist focus foot friend glasses goal grandmother gratitude grief hair hand "
    "happiness hat head health home homework horizon hunger husband imagination interest jacket job joy key knee "
    "knowledge laundry leg license life lip love luggage lunch makeup meal medication medicine memory mind mistake "
    "mom money mother mouth muscle nail neck nose opinion outfit pants paperwork parent passion patience phone plan "
    "position power pride purse rent respect revenge role sadness shirt shoe shoulder sister skill skin sock son "
    "sorrow soul stomach story strength stress suitcase support talent task teeth temper thanks thirst thought throat "
    "time toe tongue tooth uniform vacation voice wallet wife work wrist "
)
"""The singular of things that are the subject's own without a possessive: "wash hands", "satisfy hunger"."""
