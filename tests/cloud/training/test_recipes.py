"""Recipes are read strictly, and a plan says what they will take."""

from pathlib import Path

import pytest
from tests.cloud.training.workshop import TINY, recipe, training, write_texts

from yunqi.cloud.training import DataBroken, Kind, MemoryShort
from yunqi.cloud.training.engine.plan import Counted, Machine, plan_of
from yunqi.cloud.training.engine.recipes import canonical, identity, read_recipe, recipe_of
from yunqi.cloud.training.service.reading import rows, text_of
from yunqi.kernel import Invalid

PRETRAIN = 'kind = "pretrain"\nname = "x"\n[[data]]\npath = "a.jsonl"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('kind = "pretrain"', "name is missing"),
        ('name = "x"', "kind is missing"),
        ('kind = "pretran"\nname = "x"', "Did you mean 'pretrain'"),
        (PRETRAIN.replace("[[data]]", "sede = 3\n[[data]]"), "unknown key 'sede'. Did you mean 'seed'"),
        (PRETRAIN + "[train]\nstep = 3", "unknown key 'train.step'. Did you mean 'train.steps'"),
        (PRETRAIN.replace("[[data]]", "batch = 3\n[[data]]"), "Did you mean 'train.batch'"),
        (PRETRAIN + '[train]\nsteps = "3"', "train.steps = '3' must be a whole number"),
        (PRETRAIN + "[train]\nsteps = true", "must be a whole number"),
        (PRETRAIN + "[train]\nbatch = 0", "train.batch = 0 must be at least 1"),
        (PRETRAIN + '[train]\noptimizer = "sgd"', "use adamw or muon"),
        (PRETRAIN + "[model]\nheads = 5\nkv_heads = 2", "multiple of kv_heads"),
        (PRETRAIN + "[train]\nsequence = 1024", "longer than model.context"),
        ('kind = "sft"\nname = "x"\n[[data]]\npath = "a"', "needs base"),
        ('kind = "pretrain"\nname = "x"', "needs at least one [[data]] table"),
        ('kind = "merge"\nname = "x"\n[merge]\nmodels = ["a"]', "at least two models"),
        ('kind = "pretrain"\nname = "No Name"\n[[data]]\npath = "a"', "lower-case letters"),
        ('kind = "pretrain', "not valid TOML"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_with_a_way_out(text: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_recipe(text, where="run.toml")
    assert words in refused.value.message
    assert "run.toml" in refused.value.message


def test_a_recipe_is_one_value_with_a_hash_that_its_folder_does_not_change() -> None:
    first = read_recipe(PRETRAIN, folder="/a")
    second = read_recipe(PRETRAIN, folder="/b")
    assert identity(first) == identity(second)
    assert identity(first) != identity(read_recipe(PRETRAIN.replace('"x"', '"y"')))
    assert identity(recipe_of(canonical(first))) == identity(first)
    assert first.train.batch == 8
    assert hash(first) == hash(read_recipe(PRETRAIN, folder="/a"))


@pytest.mark.parametrize("kind", list(Kind))
def test_the_example_of_every_kind_is_a_valid_recipe(kind: Kind) -> None:
    folder = Path(__file__).parents[3] / "examples" / "training"
    text = (folder / f"{kind.value}.toml").read_text()
    assert read_recipe(text, folder=str(folder)).kind is kind


def test_a_plan_counts_parameters_as_the_model_has_them_and_says_what_helps_when_it_does_not_fit() -> None:
    wanted = read_recipe(PRETRAIN + "[train]\nbatch = 64\nsteps = 100\n")
    counted = Counted(10, 42_000, None, wanted.model.parameters(8192), 8192, 320, 7, 960)
    roomy = plan_of(wanted, counted, Machine(1e11, 2, 64 << 30, 5, "USD"))
    assert (roomy.parameters, roomy.tokens, roomy.steps) == (11_945_536, 10_000, 100)
    assert roomy.trained_tokens == 100 * 64 * 256
    assert roomy.fits
    assert roomy.advice == ()
    tight = plan_of(wanted, counted, Machine(1e11, 2, 1 << 30, 5, "USD"))
    assert not tight.fits
    assert tight.advice[0].startswith("train.batch = 1 with accumulation = 64")
    assert tight.memory_bytes > 1 << 30


def test_a_dry_run_finds_broken_lines_missing_files_and_runs_that_are_too_large(tmp_path: Path) -> None:
    write_texts(tmp_path)
    opened = training(tmp_path)
    good = recipe(
        tmp_path, "good", 'kind = "pretrain"\n' + TINY + '[[data]]\npath = "text.jsonl"\n[train]\nsequence = 64\n'
    )
    plan = opened.plan(opened.read(good))
    assert (plan.documents, plan.parameters) == (180, 87_488)
    (tmp_path / "bad.jsonl").write_text('{"text": "fine"}\n{"text": broken}\n')
    bad = recipe(tmp_path, "bad", 'kind = "pretrain"\n[[data]]\npath = "bad.jsonl"\n')
    with pytest.raises(DataBroken, match=r"bad\.jsonl, line 2: not valid JSON"):
        opened.plan(opened.read(bad))
    gone = recipe(tmp_path, "gone", 'kind = "pretrain"\n[[data]]\npath = "texts.jsonl"\n')
    with pytest.raises(Invalid, match=r"is not there. Did you mean text.jsonl"):
        opened.plan(opened.read(gone))
    large = recipe(
        tmp_path, "large",
        'kind = "pretrain"\n[model]\nhidden = 8192\nlayers = 80\nheads = 64\nkv_heads = 8\nhead_width = 128\n'
        'intermediate = 28672\n[[data]]\npath = "text.jsonl"\n',
    )  # fmt: skip
    with pytest.raises(MemoryShort, match=r"Nothing was started. What helps: train.batch = 1"):
        opened.run(opened.read(large))
    assert opened.runs() == []
    assert not (tmp_path / "var" / "training" / "large").exists()


def test_a_plan_counts_a_source_as_often_as_its_weight_repeats_it(tmp_path: Path) -> None:
    write_texts(tmp_path)
    opened = training(tmp_path)
    text = 'kind = "pretrain"\n' + TINY + '[train]\nsequence = 64\n[[data]]\npath = "text.jsonl"\n'
    once, twice = (opened.plan(opened.read(recipe(tmp_path, "w", text + more))) for more in ("", "weight = 2.5\n"))
    assert (once.documents, twice.documents) == (180, 450)
    assert twice.tokens == pytest.approx(2.5 * once.tokens, rel=0.01)


def test_a_field_that_is_no_text_is_named_with_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text": "good"}\n{"text": 5}\n')
    with pytest.raises(DataBroken, match=r"bad\.jsonl, line 2: 'text' is '5', which is no text"):
        [text_of(path, row, "text") for row in rows(path)]


def test_labels_are_for_generation_alone() -> None:
    suite = '[[evaluate]]\ntask = "{}"\npath = "a.jsonl"\nlabels = "b.jsonl"\n'
    assert read_recipe(PRETRAIN + suite.format("generation")).evaluate[0].labels == "b.jsonl"
    with pytest.raises(Invalid, match="has no labels"):
        read_recipe(PRETRAIN + suite.format("choice"))


def test_a_recipe_from_the_network_keeps_its_paths_inside_the_data_folder(tmp_path: Path) -> None:
    opened = training(tmp_path)
    for path in ("/etc/passwd", "../../secret.jsonl", "~/x.jsonl"):
        with pytest.raises(Invalid, match="not allowed here"):
            opened.read_text(f'kind = "pretrain"\nname = "x"\n[[data]]\npath = "{path}"\n')
    assert opened.read_text(PRETRAIN).data[0].path == "a.jsonl"
