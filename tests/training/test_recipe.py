import pytest

from cleanplate.errors import ArgumentError, MissingInputError
from cleanplate_training import recipe


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


GOOD = """
name = "try"
task = "segmentation"
[train]
steps = 10
[optim.network]
lr = 1
betas = [0.5, 0.9]
milestones = [3, 5]
[network]
widths = [4, 8]
"""


def test_a_recipe_fills_every_table(tmp_path):
    read = recipe.read(write(tmp_path, "a.toml", GOOD))
    assert (read.name, read.task, read.seed, read.train.steps, read.train.batch) == ("try", "segmentation", 0, 10, 8)
    assert read.optim["network"].lr == 1.0
    assert isinstance(read.optim["network"].lr, float)
    assert read.optim["network"].milestones == (3, 5)
    assert read.options.network.widths == (4, 8)
    assert read.export.storage == "float16"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "steps = 10",
            "stpes = 10",
            r"\[train\]: unknown key 'stpes'; did you mean 'steps'\? valid: accumulate, batch",
        ),
        ("[network]", "[netwrok]", r"unknown key 'netwrok'; did you mean 'network'\? valid: card, data, export"),
        ("widths", "width", r"network: unknown key 'width'; did you mean 'widths'"),
        ("steps = 10", "steps = 10.5", r"\[train\] steps: must be int, not float 10.5"),
        ("steps = 10", "steps = true", r"steps: must be int, not bool True"),
        ("steps = 10", "", r"\[train\]: lacks 'steps' \(int\)"),
        ("lr = 1", 'lr = "fast"', r"network lr: must be float, not str 'fast'"),
        ("lr = 1", 'lr = 1\nkind = "adm"', r"unknown value 'adm'; did you mean 'adam'"),
        ("[0.5, 0.9]", "[0.5]", r"betas: must have 2 entries, not 1"),
        ("[0.5, 0.9]", '[0.5, "x"]', r"betas\[1\]: must be float, not str 'x'"),
        ("segmentation", "segmentaton", r"'segmentaton': is not a task; did you mean 'segmentation'\?"),
        ('name = "try"', "", "lacks 'name'"),
        ("[train]", "[train", "is not TOML"),
    ],
)
def test_what_is_wrong_is_named_with_what_would_be_right(tmp_path, old, new, message):
    with pytest.raises(ArgumentError, match=message):
        recipe.read(write(tmp_path, "a.toml", GOOD.replace(old, new)))


def test_a_base_is_laid_under(tmp_path):
    write(tmp_path, "base.toml", GOOD)
    child = write(tmp_path, "child.toml", 'base = "base.toml"\nname = "child"\n[train]\nbatch = 2\n')
    read = recipe.read(child)
    assert (read.name, read.train.steps, read.train.batch) == ("child", 10, 2)
    loop = write(tmp_path, "loop.toml", 'base = "loop.toml"')
    with pytest.raises(ArgumentError, match="is its own base"):
        recipe.read(loop)
    with pytest.raises(MissingInputError, match="there is no such recipe"):
        recipe.read(write(tmp_path, "orphan.toml", 'base = "none.toml"'))


def test_overrides_come_last(tmp_path):
    path = write(tmp_path, "a.toml", GOOD)
    read = recipe.read(
        path,
        overrides=["train.steps=3", "optim.network.kind=sgd", "network.widths=[2, 4]", "export.static_shape=[64, 32]"],
    )
    assert (read.train.steps, read.optim["network"].kind) == (3, "sgd")
    assert (read.options.network.widths, read.export.static_shape) == ((2, 4), (64, 32))
    with pytest.raises(ArgumentError, match=r"must look like train\.lr=1e-4"):
        recipe.read(path, overrides=["train.steps"])
    with pytest.raises(ArgumentError, match="'name' is not a table"):
        recipe.read(path, overrides=["name.x=1"])
    with pytest.raises(ArgumentError, match="unknown key 'step'"):
        recipe.read(path, overrides=["train.step=1"])


def test_the_hash_follows_the_content(tmp_path):
    path = write(tmp_path, "a.toml", GOOD)
    base = recipe.read(path).hash
    assert base == recipe.read(write(tmp_path, "b.toml", "# a comment\n" + GOOD)).hash
    assert base != recipe.read(path, overrides=["seed=1"]).hash


@pytest.mark.parametrize("path", sorted(recipe.RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_recipe_reads(path):
    assert recipe.read(recipe.find(path.stem)).train.steps > 0


def test_an_unknown_recipe_lists_the_shipped_ones():
    with pytest.raises(MissingInputError, match=r"give a .toml file or one of .*shapes"):
        recipe.find("no-such-recipe")
