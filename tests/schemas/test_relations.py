"""The relations: the files that come with cometgraph, and those of a folder of one's own."""

import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest

from schemas.errors import BadFile, BadInput
from schemas.events import canonical
from schemas.relations import ATOMIC_2020, ORDER, RELATIONS, Relation, TeacherExample, TeacherPrompt, read_relations
from schemas.relations.files import MOST, SHIPPED, own_files
from schemas.relations.info import read_info
from tests.support.server import ROOT, clean_environment, cometgraph

OWN = ROOT / "tests" / "support" / "relations"
SYMBOL_OF = (OWN / "SymbolOf.toml").read_text()
VALID = SYMBOL_OF.replace("SymbolOf", "xIntent")
"""The same under a name of this process: relations are known at import."""


def test_each_relation_has_one_file_under_its_own_name() -> None:
    assert SHIPPED.keys() == set(Relation) == RELATIONS.keys() == set(ATOMIC_2020)
    assert [info.name for info in RELATIONS.values()] == list(RELATIONS) == list(Relation) == list(ORDER)
    assert [info.order for info in RELATIONS.values()] == list(range(1, len(RELATIONS) + 1))


@pytest.mark.parametrize("field", ["phrase", "student", "critic"])
def test_each_relation_has_words_of_its_own(field: str) -> None:
    assert len({getattr(info, field) for info in RELATIONS.values()}) == len(RELATIONS)


def test_the_letter_before_a_capital_tells_the_subject_of_the_tail() -> None:
    for relation, info in RELATIONS.items():
        letter = relation.value[0] if relation.value[1].isupper() else ""
        assert info.whose == {"x": "X", "o": "other"}.get(letter, "thing"), relation


def test_the_relations_of_a_group_stand_together_the_social_ones_first() -> None:
    assert [group for group, _ in groupby(info.group for info in RELATIONS.values())] == ["social", "event", "physical"]


PROMPTS = {name: info.teacher for name, info in RELATIONS.items() if info.teacher is not None}


def test_a_teacher_can_be_asked_for_every_relation_about_persons() -> None:
    assert {name for name, info in RELATIONS.items() if info.whose in ("X", "other")} <= PROMPTS.keys()


@pytest.mark.parametrize("prompt", [pytest.param(prompt, id=name) for name, prompt in PROMPTS.items()])
def test_a_teacher_learns_from_eight_to_ten_examples_about_personx(prompt: TeacherPrompt) -> None:
    assert 8 <= len(prompt.examples) <= 10
    assert len({example.event for example in prompt.examples}) == len(prompt.examples)
    for example in prompt.examples:
        assert example.event.startswith("PersonX ")
        assert canonical(example.event) == example.event
        assert not example.tail.endswith(".")
    tails = [example.tail for example in prompt.examples]
    assert ("none" in tails) == ('"none"' in prompt.task)


def test_no_two_prompts_share_an_example() -> None:
    events = [example.event for prompt in PROMPTS.values() for example in prompt.examples]
    assert len(set(events)) == len(events)


def test_a_relation_is_added_by_a_file() -> None:
    code = """
from distill.student.prompts import form_named
from schemas.relations import ATOMIC_2020, ORDER, RELATIONS, Relation
symbol_of = Relation("SymbolOf")
assert list(RELATIONS) == list(Relation) == [*ATOMIC_2020, symbol_of], list(Relation)
assert ORDER[symbol_of] == 23
assert RELATIONS[symbol_of].teacher is not None
print(form_named("plain").write("PersonX waits", symbol_of))
"""
    for variable in ("COMETGRAPH_RELATIONS", "cometgraph_relations"):
        environment = clean_environment({variable: str(OWN)})
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
        assert (done.returncode, done.stdout) == (0, "PersonX waits\nsymbol of:\n"), done.stderr


def test_a_relation_stands_at_its_place(tmp_path: Path) -> None:
    files = {n: tmp_path / f"{n}.toml" for n in ("xNeed", "xIntent", "xWant")}
    for n, (name, path) in enumerate(files.items()):
        order = 5 if name == "xIntent" else 9
        path.write_text(f'name = "{name}"\norder = {order}\nphrase = "p"\ngroup = "event"\nwhose = "thing"\n'
                        f'student = "s{n}"\ncritic = "c"\n')  # fmt: skip
    assert [info.name for info in read_relations(files).values()] == ["xIntent", "xNeed", "xWant"]
    assert all(info.teacher is None for info in read_relations(files).values())


def written(folder: Path, *names: str) -> str:
    for name in names:
        (folder / name).touch()
    return str(folder)


@pytest.mark.parametrize("name", ["Symbol Of", "9lives", "Symbol-Of", "_symbol", "Symböl", "S" * 65, "a`b"])
def test_a_name_that_is_no_identifier_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="a letter, then at most 63 letters") as refused:
        own_files(written(tmp_path, f"{name}.toml"), SHIPPED)
    assert str(refused.value).startswith(f"{tmp_path / name}.toml: name: {name!r} is not ")


@pytest.mark.parametrize("name", ["xIntent", "XINTENT", "Event", "Not_Applicable", "Tail", "title", "mro", "value"])
def test_a_name_that_is_taken_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="a name of its own") as refused:
        own_files(written(tmp_path, f"{name}.toml"), SHIPPED)
    assert str(refused.value).startswith(f"{tmp_path / name}.toml: name: {name!r} is not ")


def test_two_names_that_a_store_cannot_tell_apart_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="SymbolOf is another relation"):
        own_files(written(tmp_path, "SymbolOf.toml", "symbolof.toml"), SHIPPED)


def test_other_files_of_the_folder_are_left_alone(tmp_path: Path) -> None:
    folder = written(tmp_path, "SymbolOf.toml", "README.md", ".SymbolOf.toml", "SymbolOf.toml~")
    assert own_files(folder, SHIPPED) == {"SymbolOf": tmp_path / "SymbolOf.toml"}


def test_a_folder_has_relations_and_not_too_many(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent", written(tmp_path, "README.md")):
        with pytest.raises(BadInput, match=r"COMETGRAPH_RELATIONS: .* is not a folder with files"):
            own_files(str(folder), SHIPPED)
    written(tmp_path, *(f"R{n}.toml" for n in range(MOST)))
    with pytest.raises(BadInput, match=f"at most {MOST - 23} relations"):
        own_files(str(tmp_path), SHIPPED)


BAD = [
    ('phrase = "is a symbol of"\n', "", "phrase: required"),
    ('phrase = "is a symbol of"', 'phrase = ""', "phrase: '' is not one line of text"),
    ('phrase = "is a symbol of"', 'phrase = "symbol of "', "phrase: 'symbol of ' is not one line of text"),
    ('critic = "is a symbol of"', 'critic = "is a\\nsymbol"', "critic: 'is a\\nsymbol' is not one line of text"),
    ('name = "xIntent"', 'name = "Symbol"', "name: 'Symbol' is not xIntent, as the file is named"),
    ('name = "xIntent"\n', "", "name: required"),
    ("order = 24", "order = true", "order: 'True' is not a valid integer"),
    ("order = 24", "order = 0", "order: '0' is not greater than or equal to 1"),
    ("order = 24", 'order = "24"', "order: '24' is not a valid integer"),
    ('group = "event"', 'group = "poetry"', "group: 'poetry' is not one of social, event, physical"),
    ('whose = "thing"', 'whose = "Y"', "whose: 'Y' is not one of X, other, thing"),
    ('whose = "thing"', 'whom = "thing"', "whose: required; whom: 'thing' is not a known name: name, order, phrase"),
    ("{event}. In", "{head}. In", "teacher.template: '{head}. In a story, this is a symbol of' is not a text with"),
    ("{event}. In", "{event} {Z}. In", "teacher.template: '{event} {Z}. In a story"),
    ("{event}. In", "{event!r}. In", "teacher.template: '{event!r}. In a story"),
    ('symbol of"\nexamples', 'symbol of "\nexamples', "teacher.template: '{event}. In a story, this is a symbol of '"),
    ('tail = "loss"', "tail = 1", "teacher.examples.tail: '1' is not a valid string"),
    ('tail = "loss"', 'tail = "loss", why = "x"', "teacher.examples.why: 'x' is not a known name"),
]


@pytest.mark.parametrize(("before", "after", "reason"), BAD, ids=[reason for _, _, reason in BAD])
def test_a_wrong_field_is_refused_by_file_and_name(tmp_path: Path, before: str, after: str, reason: str) -> None:
    assert VALID.count(before) == 1
    file = tmp_path / "xIntent.toml"
    file.write_text(VALID.replace(before, after))
    with pytest.raises(BadInput) as refused:
        read_info(file)
    assert str(refused.value).startswith(f"{file}: {reason}")


def test_a_valid_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "xIntent.toml"
    file.write_text(VALID)
    info = read_info(file)
    assert (info.name, info.order, info.critic) == (Relation.xIntent, 24, "is a symbol of")
    assert info.teacher is not None
    assert info.teacher.examples[-1] == TeacherExample("a cracked mirror", "a divided self")


@pytest.mark.parametrize("content", [b"name = ", b"name = 'x\xff'", b"[name", b"\x00"])
def test_a_file_that_is_no_toml_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "xIntent.toml"
    file.write_bytes(content)
    with pytest.raises(BadFile, match="no readable TOML") as refused:
        read_info(file)
    assert str(refused.value).startswith(f"{file}: ")


def test_words_that_another_relation_has_for_the_student_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "xIntent.toml"
    file.write_text(VALID.replace('student = "symbol of"', 'student = "need"'))
    with pytest.raises(BadInput) as refused:
        read_relations({"xNeed": SHIPPED["xNeed"], "xIntent": file})
    assert str(refused.value) == f"{file}: student: 'need' is not different from the words of xNeed"


def test_a_bad_file_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "SymbolOf.toml").write_text(SYMBOL_OF.replace("phrase", "words"))
    done = cometgraph("stats", env={"COMETGRAPH_RELATIONS": str(tmp_path)})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"cometgraph: {tmp_path / 'SymbolOf.toml'}: phrase: required")
