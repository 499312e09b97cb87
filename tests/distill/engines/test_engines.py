"""Engines agree, alone and in company, on checkpoints of the real architectures."""

import math
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from distill.engines.decoding import PRESETS, Decoding, decoding_of
from distill.engines.engine import Completion, Placement
from distill.engines.sampling import draw, uniforms
from distill.student.postprocess import GeneratedTails, clean_tail, rank_tails
from distill.student.student import Student, TailRequest
from distill.weights.cache import clear
from schemas.errors import BadFile, BadInput, Unavailable
from schemas.relations import Relation
from tests.support.tiny_models import KINDS, make, opened

EVENTS = ["PersonX buys a car", "PersonX loses the keys", "bread", "PersonX moves to Spain with PersonY's family"]
FORMS = {"llama": "plain", "comet-distill": "comet-distill", "comet-gpt2": "comet-2020", "comet-bart": "comet-2020"}


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def folder(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(kind, tmp_path_factory.mktemp("checkpoint") / kind)


@pytest.fixture(scope="module")
def comets(kind: str, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Student, Student]]:
    """The same student by CTranslate2 (with torch to sample), and by torch alone."""
    cache = tmp_path_factory.mktemp("cache")
    form = "plain" if kind == "llama" else None  # the others are recognised
    first = opened(folder, cache, prompt_form=form)
    second = opened(folder, cache, prompt_form=form)
    second.engines = dict.fromkeys(second.engines, second.engines["sample"])  # type: ignore[arg-type]
    second.scorer = second.engines["sample"]
    yield first, second
    first.close()
    second.close()


def asks(decoding: Decoding) -> list[TailRequest]:
    relations = (Relation.xIntent, Relation.xReact, Relation.xWant)
    return [TailRequest(e, r, decoding, n) for n, (e, r) in enumerate((e, r) for e in EVENTS for r in relations)]


def written(comet: Student, asked: list[TailRequest]) -> list[GeneratedTails]:
    results = comet.write(asked)
    assert all(isinstance(result, GeneratedTails) for result in results), results
    return results  # type: ignore[return-value]


def test_the_form_is_recognised(kind: str, comets: tuple[Student, Student]) -> None:
    comet, _ = comets
    assert comet.card.form.name == FORMS[kind]
    prompt = comet.card.prompt("PersonX buys a car", Relation.xIntent)
    expected = {
        "plain": "PersonX buys a car\nintent:",
        "comet-distill": "<head> PersonX buys a car </head> <relation> xIntent </relation> [GEN] ",
        "comet-2020": "PersonX buys a car xIntent [GEN]",
    }
    assert prompt == expected[comet.card.form.name]
    assert len(comet.card.relations) == (7 if kind == "comet-distill" else 23)


def test_a_form_that_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    folder = make("llama", tmp_path / "llama")
    with pytest.raises(BadInput, match=r"prompt_form.*plain, comet-distill, comet-2020"):
        opened(folder, tmp_path)


@pytest.mark.parametrize("method", ["greedy", "beam"])
def test_engines_agree(comets: tuple[Student, Student], method: str) -> None:
    decoding = decoding_of(method, max_new_tokens=12)
    by_ct2, by_torch = (written(comet, asks(decoding)) for comet in comets)
    for one, other in zip(by_ct2, by_torch, strict=True):
        assert one.applies == other.applies
        assert [t.text for t in one.tails[:1]] == [t.text for t in other.tails[:1]]
        for a, b in zip(one.tails[:1], other.tails[:1], strict=True):
            assert a.log_prob == pytest.approx(b.log_prob, abs=0.02)


def test_scores_agree(comets: tuple[Student, Student]) -> None:
    triples = [(event, Relation.xReact, tail) for event in EVENTS for tail in ("happy", "to get to work")]
    for one, other in zip(*(comet.score(triples) for comet in comets), strict=True):
        assert [token.token for token in one] == [token.token for token in other]
        assert [t.log_prob for t in one] == pytest.approx([t.log_prob for t in other], abs=0.01)


@pytest.mark.parametrize("name", ["paper", "greedy", "beam5"])
def test_a_batch_changes_nothing(comets: tuple[Student, Student], name: str) -> None:
    comet, _ = comets
    asked = asks(decoding_of(name, max_new_tokens=12))
    together = written(comet, asked)
    alone = [written(comet, [ask])[0] for ask in asked]
    order = random.Random(1).sample(range(len(asked)), len(asked))
    mixed = written(comet, [asked[n] for n in order])
    assert [[t.text for t in w.tails] for w in alone] == [[t.text for t in w.tails] for w in together]
    assert [[t.text for t in mixed[order.index(n)].tails] for n in range(len(asked))] == [
        [t.text for t in w.tails] for w in together
    ]


def test_a_seed_decides(comets: tuple[Student, Student]) -> None:
    comet, _ = comets
    decoding = decoding_of("sample", n=5, max_new_tokens=12)
    one, same, other = written(comet, [TailRequest(EVENTS[0], Relation.xWant, decoding, seed) for seed in (1, 1, 2)])
    assert one == same != other


def test_int8_is_near(kind: str, folder: Path, comets: tuple[Student, Student], tmp_path: Path) -> None:
    if kind == "comet-bart":  # CTranslate2 cannot read it from this version of transformers
        with pytest.raises(BadInput, match="compute_type: 'int8' is not possible"):
            opened(folder, tmp_path, compute_type="int8", prompt_form=comets[0].card.form.name)
        return
    comet = opened(folder, tmp_path, compute_type="int8", prompt_form=comets[0].card.form.name)
    triples = [(event, Relation.xReact, "happy") for event in EVENTS]
    for one, other in zip(comet.score(triples), comets[0].score(triples), strict=True):
        assert [t.log_prob for t in one] == pytest.approx([t.log_prob for t in other], abs=0.6)
    comet.close()


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 1.0), st.floats(0.3, 3.0))
def test_only_the_nucleus_is_drawn_from(seed: int, top_p: float, temperature: float) -> None:
    torch.manual_seed(seed)
    logits = torch.randn(4, 300) * 3
    numbers = torch.from_numpy(uniforms(seed, 4, 1))[:, 0]
    drawn = draw(logits, numbers, torch.full((4,), temperature), torch.full((4,), top_p))
    for row, token in zip(torch.softmax(logits / temperature, -1), drawn.tolist(), strict=True):
        likelier = row[row > row[token]].sum().item()
        assert likelier < top_p + 1e-4


def test_draws_follow_the_probabilities() -> None:
    probabilities = torch.tensor([0.5, 0.3, 0.15, 0.05])
    rows = 4000
    numbers = torch.from_numpy(uniforms(3, rows, 1))[:, 0]
    drawn = draw(probabilities.log().expand(rows, -1), numbers, torch.ones(rows), torch.full((rows,), 0.9))
    share = torch.bincount(drawn, minlength=4) / rows
    assert share.tolist() == pytest.approx([0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0], abs=0.03)


def test_each_tail_has_its_own_numbers() -> None:
    assert (uniforms(5, 3, 8)[:2] == uniforms(5, 2, 8)).all()
    assert len({tuple(row) for row in uniforms(5, 50, 8)} | {tuple(row) for row in uniforms(6, 50, 8)}) == 100


@pytest.mark.parametrize(
    ("raw", "tail"),
    [
        (" to get to work.", "to get to work"),
        ("  happy \nfeels: sad", "happy"),
        ("thinks of person y's dog", "thinks of PersonY's dog"),
        ("Alexander", "Alexander"),
        ("to wait...", "to wait..."),
        ("", ""),
    ],
)
def test_tails_are_clean_tail(raw: str, tail: str) -> None:
    assert clean_tail(raw, "\n") == tail


@given(st.text(max_size=80))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean_tail(text, "\n")
    assert clean_tail(once, "\n") == once


def test_equal_tails_are_merged_and_ranked() -> None:
    drafts = [
        Completion(" happy", math.log(0.2), True),
        Completion(" happy.", math.log(0.1), True),
        Completion(" happy", math.log(0.2), True),  # drawn twice, counted once
        Completion(" sad", math.log(0.25), True),
        Completion(" ok", math.log(0.1), True),  # too short
        Completion(" to be cut off in the mid", math.log(0.3), False),
    ]
    found = rank_tails(drafts, "\n")
    assert [(t.text, t.rank, t.log_prob) for t in found.tails] == [
        ("happy", 1, pytest.approx(math.log(0.3), abs=1e-3)),
        ("sad", 2, pytest.approx(math.log(0.25), abs=1e-3)),
    ]
    assert found.applies


def test_none_from_one_half_on_means_that_it_does_not_apply() -> None:
    likely = [
        Completion(" none", math.log(0.4), True),
        Completion(" None.", math.log(0.2), True),
        Completion(" sad", -2.0, True),
    ]
    assert rank_tails(likely, "\n") == GeneratedTails([], applies=False, none_log_prob=pytest.approx(math.log(0.6)))
    unlikely = [Completion(" none", math.log(0.4), True), Completion(" sad", -2.0, True)]
    assert [t.text for t in rank_tails(unlikely, "\n").tails] == ["sad"]


def test_nothing_but_none_means_so_too() -> None:
    assert rank_tails([Completion(" none", math.log(0.3), True)], "\n").applies is False


def test_what_is_cut_off_is_better_than_nothing_and_says_so() -> None:
    cut = rank_tails([Completion(" to go on and on", -3.0, False)], "\n")
    assert ([t.text for t in cut.tails], cut.is_cut) == (["to go on and on"], True)
    assert rank_tails([Completion(" to go", -3.0, True)], "\n").is_cut is False


def test_clearing_a_cache_leaves_what_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_text("mine")
    opened(make("llama", tmp_path / "llama"), tmp_path, prompt_form="plain").close()
    made = list(tmp_path.glob("llama-*"))
    assert made
    assert clear(tmp_path) > 10_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["llama", "photo.jpg"]


@pytest.mark.parametrize(
    ("name", "said", "field"),
    [
        ("beam", {"temperature": 0.5}, "temperature"),
        ("greedy", {"top_p": 0.5}, "top_p"),
        ("fast", {"n": 3}, "n"),
        ("nucleus", {}, "decoding"),
    ],
)
def test_decodings_that_contradict_themselves(name: str, said: dict[str, float], field: str) -> None:
    with pytest.raises(BadInput, match=f"^{field}"):
        decoding_of(name, **said)  # type: ignore[arg-type]


def test_presets_are_the_papers() -> None:
    assert PRESETS["paper"] == Decoding("sample", n=10, top_p=0.9)


def test_what_is_no_student(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="student"):
        opened(tmp_path / "nowhere/at/all", tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=r"config\.json"):
        opened(tmp_path / "empty", tmp_path)


def test_damaged_weights(tmp_path: Path) -> None:
    folder = make("llama", tmp_path / "llama")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(BadFile, match="llama"):
        opened(folder, tmp_path, prompt_form="plain")
    weights.unlink()
    with pytest.raises(BadFile, match="llama"):
        opened(folder, tmp_path / "other", prompt_form="plain")
    (folder / "config.json").write_text("{")
    with pytest.raises(BadFile, match=r"config\.json"):
        opened(folder, tmp_path)


def test_an_architecture_that_is_none(tmp_path: Path) -> None:
    folder = make("llama", tmp_path / "llama")
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"model_type": "llama"', '"model_type": "perceptron"'))
    with pytest.raises(BadFile, match="perceptron"):
        opened(folder, tmp_path, prompt_form="plain")


def test_what_was_half_made_is_made_again(tmp_path: Path) -> None:
    folder = make("llama", tmp_path / "llama")
    opened(folder, tmp_path, prompt_form="plain").close()
    [made] = [path for path in tmp_path.glob("llama-*/ct2-float32") if path.is_dir()]
    model = made / "model.bin"
    whole = model.read_bytes()
    model.write_bytes(whole[:100])
    opened(folder, tmp_path, prompt_form="plain").close()
    assert model.read_bytes() == whole


def test_no_room_to_convert(tmp_path: Path) -> None:
    """A folder that cannot be written stands for a full disk: the same OSError, another number."""
    folder = make("llama", tmp_path / "llama")
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(Unavailable, match="cannot be prepared"):
        opened(folder, tmp_path / "cache", prompt_form="plain")


def test_no_gpu_here(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.fail("this test is for machines without a GPU")
    with pytest.raises(BadInput, match="device"):
        opened(make("llama", tmp_path / "llama"), tmp_path, prompt_form="plain", device="cuda")


def test_a_compute_type_by_name_is_had_or_refused(tmp_path: Path) -> None:
    """Torch takes the place of CTranslate2, and says so. But it has no int8."""
    folder = make("olmo", tmp_path / "olmo")
    progress: list[str] = []
    comet = opened(folder, tmp_path, prompt_form="plain", progress=lambda what, _done, _total: progress.append(what))
    assert comet.card.placements["beam"] == Placement("torch", "cpu", "float32")
    assert any("not convertible" in what for what in progress)
    with pytest.raises(BadInput, match="compute_type: 'int8'"):
        opened(folder, tmp_path, prompt_form="plain", compute_type="int8")


def test_another_prompt_form_has_its_own_stops(tmp_path: Path) -> None:
    """The converted weights are shared, the tokens that end a tail are not."""
    folder = make("llama", tmp_path / "llama")
    event, relation = "PersonX buys a car", Relation.xWant
    decoding = decoding_of("sample", n=20, max_new_tokens=24)
    opened(folder, tmp_path, prompt_form="plain").close()
    shared = opened(folder, tmp_path, prompt_form="comet-distill")
    fresh = opened(folder, tmp_path / "fresh", prompt_form="comet-distill")
    beam = decoding_of("beam", max_new_tokens=24)
    asked = [TailRequest(event, r, d) for r in (relation, Relation.xReact) for d in (beam, decoding)]
    assert written(shared, asked) == written(fresh, asked)
