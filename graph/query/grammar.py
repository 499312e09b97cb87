"""The reading part of Cypher, as an allow-list: a walk over the tokens that knows what may come next.

After an operand (a name, a value, a closing bracket) a bare word is an operator or begins a clause, and both are listed
here. Elsewhere a bare word is a variable, a label, a property, or a listed function. So no clause, procedure or setting
outside the lists has a place where it can stand, whatever it is called.
"""

from graph.query.functions import ITERATING, PROCEDURES, Functions
from graph.query.structure import Clause, Structure
from graph.query.tokens import Token, refuse
from graph.query.walk import BOUND, CLOSING, EXPECTED, Walk

SHORTEST = 10
"""Shortest paths between two nodes."""
_CLAUSES = ("MATCH", "OPTIONAL", "WHERE", "WITH", "UNWIND", "RETURN", "ORDER", "SKIP", "LIMIT", "UNION", "CALL")
_OPERATORS = ("AND", "OR", "XOR", "IN", "CONTAINS", "IS", "WHEN", "THEN", "ELSE")


def structure_of(text: str, words: list[Token], functions: Functions) -> Structure:
    """The structure of a text. Raises BadQuery for anything outside the lists."""
    walk = _Grammar(Structure(text, words), functions)
    walk.run()
    return walk.found


class _Grammar(Walk):
    def run(self) -> None:
        while self.at < len(self.words):
            token = self.words[self.at]
            if token.kind in ("name", "quoted"):
                self._name(token)
            elif token.kind == "symbol":
                self._symbol(token)
            elif self.expected != "operand":
                self.refuse("this is out of place")
            else:
                self.take("literal", "operator")
        if self.frame.kind != "text" or self.expected != "operator" or self.frame.cases or not self.at:
            open_one = self.words[self.frame.start] if self.frame.start >= 0 else self.before()
            value = open_one.text if open_one.text else ""
            refuse(self.found.text, max(open_one.start, 0), value, "the query has no end", EXPECTED[self.expected])

    # Names

    def _name(self, token: Token) -> None:
        word = token.word
        match self.expected:
            case "clause":
                if self.frame.kind == "subquery" and self.before().text == "{" and word not in _CLAUSES:
                    self._begin_pattern()
                elif word in ("ALL", "DISTINCT") and self.before().word == "UNION":
                    self.take("keyword", "clause")
                elif word == "YIELD" and self.before().text == ")":
                    self.take("keyword", "operand")
                else:
                    self._clause(word)
            case "label":
                self.take("label", "operator")
            case "key":
                self._key()
            case "operator":
                self._operator(word)
            case "operand":
                self._operand(token, word)

    def _begin_pattern(self) -> None:
        if self.frame.name not in ("EXISTS", "COUNT"):
            self.refuse("a clause is expected")
        self.frame.in_pattern = True
        self.expected = "operand"

    def _operator(self, word: str) -> None:
        if word in _OPERATORS:
            self.take("keyword", "operand")
        elif word in ("STARTS", "ENDS") and self.token(1).word == "WITH":
            self.take("keyword", "operand", 2)
        elif word == "AS":
            self.take("keyword", "operand")
            if self.token(0).kind not in ("name", "quoted"):
                self.refuse("AS has no name")
            self.take("alias", "operator")
        elif word in ("ASC", "DESC", "ASCENDING", "DESCENDING"):
            self.take("keyword", "operator")
        elif word == "END" and self.frame.cases:
            self.frame.cases -= 1
            self.take("keyword", "operator")
        elif word == "WHERE" and not self.frame.has_clauses:
            self.frame.in_pattern = False
            self.take("keyword", "operand")
        else:
            self._clause(word)

    def _operand(self, token: Token, word: str) -> None:
        following = self.token(1).text
        if word in ("EXISTS", "COUNT", "COLLECT") and following == "{":
            self.take("keyword", "operator")
            self.open("subquery", "clause", word)
        elif word == "CASE":
            self.frame.cases += 1
            self.check_depth(self.frame.depth + self.frame.cases)
            self.take("keyword", "operand")
        elif word in ("NOT", "DISTINCT") or (word == "WHEN" and self.before().word == "CASE"):
            self.take("keyword", "operand")
        elif word in ("TRUE", "FALSE", "NULL"):
            self.take("literal", "operator")
        elif word == "SHORTEST" and self.frame.in_pattern:
            self._shortest()
        elif word == "WHERE" and self.before().text == "|":
            self.take("keyword", "operand")
        elif following == "(":
            self._call(token)
        elif word in _CLAUSES:
            self.refuse("a word of Cypher stands for a name", "other names, or this one in `quotes`")
        else:
            self.take("variable", "operator")

    def _call(self, token: Token) -> None:
        if token.kind == "quoted" or token.text not in self.functions:
            self.refuse("the function is not allowed", self.functions.allowed(token.text.strip("`")))
        self.take("function", "operator")
        self.open("call", "operand", token.text.lower())
        self.frame.is_iteration = token.text.lower() in ITERATING
        self.frame.in_pattern = self.frame.name == "shortestpath"

    def _key(self) -> None:
        if self.token(1).text == ":":
            self.take("property", "operand", 2)
        elif self.token(1).text in (",", "}"):
            self.take("variable", "operator")
        else:
            self.refuse("a property has no value", "name: value")

    def _shortest(self) -> None:
        """SHORTEST k before a pattern."""
        self.take("keyword", "operand")
        number = self.token(0)
        if number.kind != "number" or not number.text.isdigit() or not 1 <= int(number.text) <= SHORTEST:
            self.refuse("SHORTEST has no small number", f"1 to {SHORTEST}")
        self.take("literal", "operand")

    # Clauses

    def _clause(self, word: str) -> None:
        if word not in _CLAUSES or (word == "CALL" and self.functions.dialect != "neo4j"):
            self.refuse(
                "this is no clause that is allowed" if self.expected == "clause" else "this word has no place here"
            )
        if not self.frame.has_clauses:
            self.refuse("a clause stands inside brackets", f"operators, or the end of the {self.frame.kind}")
        if self.frame.cases:
            self.refuse("a CASE has no END", "END")
        self.found.clauses.append(Clause(word, self.at, self.frame))
        self.frame.in_pattern = word in ("MATCH", "OPTIONAL")
        second = {"OPTIONAL": "MATCH", "ORDER": "BY"}.get(word)
        if second is not None and self.token(1).word != second:
            self.at += 1
            self.refuse(f"{word} is followed by another word", second)
        if word == "CALL":
            self._subquery_or_procedure()
        else:
            self.take("clause", "clause" if word == "UNION" else "operand", 2 if second else 1)

    def _subquery_or_procedure(self) -> None:
        self.take("clause", "operator")
        if self.token(0).text == "(":
            self.open("group", "operand")
            while self.token(0).kind in ("name", "quoted") or self.token(0).text in (",", "*"):
                self.take("variable" if self.token(0).kind != "symbol" else "sign", "operator")
            self.close()
        if self.token(0).text == "{":
            self.open("subquery", "clause", "CALL")
            return
        end = self.at
        while end < len(self.words) and (self.words[end].kind == "name" or self.words[end].text == "."):
            end += 1
        name = "".join(token.text for token in self.words[self.at : end])
        if name.lower() not in PROCEDURES[self.functions.dialect] or self.words[end : end + 1] == []:
            self.refuse("the procedure is not allowed", "CALL db.index.fulltext.queryNodes(…), or CALL { … }")
        self.take("function", "operator", end - self.at)
        if self.token(0).text != "(":
            self.refuse("the procedure has no arguments", "(…)")
        self.open("call", "operand", name.lower())

    # Signs

    def _symbol(self, token: Token) -> None:
        sign = token.text
        if sign in "([{":
            self._opening(sign)
        elif sign in CLOSING:
            self.close()
        elif self.expected == "key":
            self._projection(sign)
        elif self.expected == "label" or sign in ":|&!":
            self._label_sign(sign)
        elif self.expected == "clause":
            self.refuse("a clause is expected")
        elif sign == ",":
            if self.expected != "operator" or self.frame.kind == "labels":
                self.refuse("a comma is out of place")
            self.take("sign", "key" if self.frame.kind == "map" else "operand")
        elif sign == ".":
            self._property()
        elif sign == "..":
            if self.frame.kind != "index":
                self.refuse("a range is out of place", "list[1..3]")
            self.take("sign", "operand")
        elif sign == ";":
            self.refuse("a second statement", "one statement")
        elif sign == "*":
            self._star()
        elif sign == "+" and self.ends_pattern():
            self.refuse("a path has no longest length", BOUND)
        else:
            self.take("sign", "operand")

    def _opening(self, sign: str) -> None:
        before = self.before().text
        if sign == "(":
            if self.expected == "label":
                self.open("labels", "label")
            elif self.opens_group():
                self.open("group", "operand")
            else:
                self.refuse("a bracket is out of place")
        elif sign == "[":
            if self.expected == "operator":
                self.open("index", "operand")
            elif self.expected == "operand":
                self._open_list(is_edge=before == "-")
            else:
                self.refuse("a bracket is out of place")
        elif (self.token(1).kind == "number" or self.token(1).text == ",") and before in (")", ">", "-"):
            self.quantifier("operator" if before == ")" else "operand")
        elif self.expected in ("operand", "operator"):
            self.open("map", "key")
        else:
            self.refuse("a bracket is out of place")

    def _open_list(self, *, is_edge: bool) -> None:
        inside, second = self.token(1), self.token(2)
        is_comprehension = inside.kind in ("name", "quoted") and (second.word == "IN" or second.text == "=")
        is_pattern = inside.text == "("
        is_edge = is_edge and not is_comprehension and not is_pattern
        self.open("edge" if is_edge else "list", "operand")
        self.frame.is_iteration = is_comprehension
        if is_pattern or (is_comprehension and second.text == "="):
            self.frame.in_pattern = True

    def _projection(self, sign: str) -> None:
        """e {.text, .*}"""
        if sign != "." or not (self.token(1).kind in ("name", "quoted") or self.token(1).text == "*"):
            self.refuse("this is out of place")
        self.take("property", "operator", 2)

    def _label_sign(self, sign: str) -> None:
        if self.is_label_sign(sign):
            self.take("sign", "label")
        elif sign == "|" and self.expected == "operator" and self.frame.kind in ("list", "group"):
            if self.frame.kind == "list":
                self.frame.is_iteration, self.frame.in_pattern = True, False
            self.take("sign", "operand")
        else:
            self.refuse("this sign is out of place")

    def _property(self) -> None:
        if self.expected != "operator" or self.token(1).kind not in ("name", "quoted"):
            self.refuse("a dot is out of place")
        self.take("sign", "operator")
        if self.token(1).text == "(":
            self.refuse("the function is not allowed", "the functions of GET /cypher/schema")
        self.take("property", "operator")

    def _star(self) -> None:
        if self.frame.kind == "edge":
            self.variable_length()
        elif self.ends_pattern():
            self.refuse("a path has no longest length", BOUND)
        elif self.expected == "operand":
            if self.before().text != "(" and self.before().word not in ("WITH", "RETURN", "DISTINCT"):
                self.refuse("a star is out of place")
            self.take("star", "operator")
        else:
            self.take("sign", "operand")
