"""Preparation: copies are found, splits keep originals together, cut-outs and composites are exact, runs repeat."""

import json
import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest

from cleanplate.errors import ArgumentError, MissingInputError, OutputError
from cleanplate_training.data.augment.geometry import flipped, resized
from cleanplate_training.data.holes.generator import HoleGenerator
from cleanplate_training.data.perceptual_hash import hash_pair, perceptual_hash
from cleanplate_training.data.pixels import decode_rgb, encode_jpeg, encode_png
from cleanplate_training.data.prepare.composite import CompositePlan, composite
from cleanplate_training.data.prepare.cutouts import CutoutPlan, cutouts, soft_edged, touches
from cleanplate_training.data.prepare.edge_colours import cleaned
from cleanplate_training.data.prepare.harmonise import harmonised
from cleanplate_training.data.prepare.near_duplicates import NearDuplicates
from cleanplate_training.data.prepare.pairs import PairPlan, agreement, at_training_size, clean_enough
from cleanplate_training.data.prepare.photos import CropPlan, crops
from cleanplate_training.data.prepare.recipe import SHIPPED, PrepareRecipe, read_prepare
from cleanplate_training.data.prepare.run import prepare
from cleanplate_training.data.prepare.shadows import cast_shadow, contact_shadow
from cleanplate_training.data.prepare.split import split_of
from cleanplate_training.data.preview import preview, preview_holes
from cleanplate_training.data.sample import Instance, Sample
from cleanplate_training.data.shards import ShardSet
from cleanplate_training.data.sources.opened import SourceSpec


def photo(seed, height=120, width=160):
    """Blobs of colour with some texture: like a photo in its spectrum, and each seed another."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.uniform(0, 255, (6, 8, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(coarse + rng.normal(0, 8, (height, width, 3)), 0, 255).astype(np.uint8)


def sample(seed=0, **fields):
    return Sample(f"k{seed}", photo(seed), "set", "CC0", group=f"g{seed}", **fields)


def figure(shape=(120, 160), top=30, bottom=100, left=60, right=90):
    alpha = np.zeros(shape, np.uint8)
    alpha[top:bottom, left:right] = 255
    return alpha


# Near-duplicates


def test_copies_are_found_and_others_are_not():
    known = NearDuplicates()
    known.add_all(sample(seed) for seed in range(400))
    assert len(known) == 400
    original = sample(77)
    copies = [
        original,
        flipped(original),
        resized(original, 60, 60),
        resized(original, 240, 200),
        Sample("j", decode_rgb(encode_jpeg(original.picture, quality=25), name="j"), "", ""),
        Sample("d", (original.picture * 0.7).astype(np.uint8), "", ""),
    ]
    assert [known.copy_of(copy.picture) for copy in copies] == ["k77"] * len(copies)
    strangers = [known.copy_of(photo(seed)) for seed in range(5000, 5060)]
    assert strangers.count(None) == 60
    assert known.copy_of(np.full((50, 50, 3), 90, np.uint8)) is None


def test_the_mirror_hash_is_that_of_the_mirror_image():
    picture = photo(3)
    _, mirrored = hash_pair(picture)
    assert (mirrored ^ perceptual_hash(np.ascontiguousarray(picture[:, ::-1]))).bit_count() <= 2


# Splits


def test_splits_have_their_shares_and_never_move():
    shares = {"train": 0.8, "val": 0.15, "test": 0.05}
    first = [split_of(f"g{n}", shares, seed=1) for n in range(4000)]
    assert [first.count(name) / 4000 for name in shares] == pytest.approx(list(shares.values()), abs=0.02)
    assert first == [split_of(f"g{n}", shares, seed=1) for n in range(4000)]
    assert first != [split_of(f"g{n}", shares, seed=2) for n in range(4000)]
    with pytest.raises(ArgumentError, match="splits"):
        split_of("g", {}, seed=0)


# Crops


def test_crops_have_the_size_and_share_the_group():
    big = Sample("big", photo(1, 400, 600), "set", "CC0", group="big")
    cut = list(crops(big, CropPlan(size=64, per_megapixel=40), np.random.default_rng(0)))
    assert len(cut) == 10
    assert {c.picture.shape for c in cut} == {(64, 64, 3)}
    assert {c.group for c in cut} == {"big"}
    assert len({c.key for c in cut}) == 10
    assert list(crops(sample(), CropPlan(size=128), np.random.default_rng(0))) == []
    (enlarged,) = crops(sample(), CropPlan(size=128, least_side=100), np.random.default_rng(0))
    assert enlarged.picture.shape == (128, 128, 3)
    plain = Sample("plain", np.full((300, 300, 3), 99, np.uint8), "set", "CC0")
    assert list(crops(plain, CropPlan(size=64), np.random.default_rng(0))) == []


# Pairs


def test_disagreeing_mattes_are_left_out():
    boxed = sample(alpha=figure(), instances=(Instance("person", (60, 30, 90, 100)),))
    assert agreement(boxed) == (1.0, 1.0)
    half = sample(alpha=figure(), instances=(Instance("person", (60, 30, 75, 170)),))
    assert agreement(half)[0] == pytest.approx(0.5)
    strict = PairPlan(least_inside=0.9, least_cover=0.4, most_soft=0.3)
    assert clean_enough(boxed, strict)
    assert not clean_enough(half, strict)
    assert not clean_enough(sample(alpha=figure() // 2), strict)  # all soft


def test_training_size_stretches_only_what_was_squeezed():
    plan = PairPlan(side=160)
    same = at_training_size(sample(), plan, np.random.default_rng(0), stretched=False)
    assert same is not None
    np.testing.assert_array_equal(same.picture, sample().picture)
    shapes = [
        at_training_size(sample(), plan, np.random.default_rng(s), stretched=True).picture.shape for s in range(30)
    ]
    ratios = [width / height / (160 / 120) for height, width, _ in shapes]
    assert 0.58 < min(ratios) < 0.8
    assert 1.3 < max(ratios) < 1.75
    assert max(max(shape[:2]) for shape in shapes) <= 160


# Cut-outs


def test_edge_colours_forget_the_old_background():
    alpha = cv2.GaussianBlur(figure(), (0, 0), 2.0)
    weight = alpha[..., None] / 255
    person, wall = np.array([200.0, 60, 40]), np.array([10.0, 200, 30])
    picture = np.rint(person * weight + wall * (1 - weight)).astype(np.uint8)
    edge = (alpha > 30) & (alpha < 225)
    before = np.abs(picture[edge] - person).mean()
    after = np.abs(cleaned(picture, alpha)[edge] - person).mean()
    assert after < before / 4


def test_cutouts_are_tight_soft_and_selected():
    one = sample(mask=figure() > 0)
    (cut,) = cutouts(one)
    assert cut.alpha.shape == cut.picture.shape[:2]
    assert cut.alpha.shape[0] <= 78
    assert cut.group == one.group
    assert ((cut.alpha > 20) & (cut.alpha < 235)).any()
    assert list(cutouts(sample(alpha=figure(bottom=34)))) == []  # too small
    assert list(cutouts(sample(alpha=figure() // 2))) == []  # all soft
    scattered = figure()
    scattered[:, ::2] = 0
    assert list(cutouts(sample(alpha=scattered))) == []
    both = (Instance("person", (60, 30, 75, 100)), Instance("person", (70, 30, 90, 100)))
    assert list(cutouts(sample(alpha=figure(), instances=both))) == []  # two people in one matte
    assert len(list(cutouts(sample(alpha=figure(), instances=both), CutoutPlan(alone=False)))) == 1
    two = sample(instances=(Instance("person", (60, 30, 90, 100), figure() > 0), Instance("x", (0, 0, 5, 5))))
    assert [c.instances[0].label for c in cutouts(two)] == ["person"]
    (thing,) = cutouts(one, CutoutPlan(label="thing"))
    assert thing.instances[0].label == "thing"


def test_soft_edges_keep_the_area_within_a_rim():
    mask = figure((512, 512), 100, 400, 100, 300) > 0
    alpha = soft_edged(mask, 0.7)
    assert alpha[mask].mean() > 245
    assert alpha[~mask].mean() < 1


def test_cut_off_ends_are_seen():
    figure_ = np.zeros((100, 60), np.uint8)
    cv2.ellipse(figure_, (30, 50), (20, 40), 0, 0, 360, 255, -1)
    assert touches(figure_) == (False, False, False, False)
    figure_[60:] = 0
    assert touches(figure_) == (False, False, False, True)


# Composites


def person(seed=5):
    alpha = cv2.GaussianBlur(figure((120, 60), 10, 110, 15, 45), (0, 0), 1.0)
    return Sample(f"p{seed}", photo(seed, 120, 60), "people", "CC BY", alpha=alpha, group=f"p{seed}")


@pytest.mark.parametrize("seed", range(5))
def test_composites_are_exact(seed):
    plan = CompositePlan(size=(128, 128), people=(2, 2), harmony=(0, 0), shadows=0, darkness=(0, 0), edge=(0, 0))
    people = [person(8), person(9)]
    made = composite(sample(seed), people, plan, np.random.default_rng(seed))
    again = composite(sample(seed), people, plan, np.random.default_rng(seed))
    np.testing.assert_array_equal(made.picture, again.picture)
    bare = composite(sample(seed), [], plan, np.random.default_rng(seed))
    outside = made.alpha == 0
    np.testing.assert_array_equal(made.picture[outside], bare.picture[outside])
    assert not bare.alpha.any()
    assert bare.instances == ()
    assert (made.picture != bare.picture).any(axis=2)[made.alpha == 255].mean() > 0.9
    together = np.zeros((128, 128), bool)
    for instance in made.instances:
        assert not (together & instance.mask).any()  # visible parts do not overlap
        together |= instance.mask
    assert (together & (made.alpha < 120)).sum() == 0
    assert made.source == "set + people"
    assert made.licence == "CC0 + CC BY"


def test_harmony_moves_colours_part_of_the_way():
    colours = np.full((40, 40, 3), (200, 40, 40), np.uint8)
    surroundings = np.full((20, 20, 3), (40, 40, 200), np.uint8)
    alpha = np.full((40, 40), 255, np.uint8)
    np.testing.assert_allclose(harmonised(colours, alpha, surroundings, strength=0), colours, atol=2)
    blue = [harmonised(colours, alpha, surroundings, strength=s)[0, 0, 2] for s in (0.0, 0.4, 0.8)]
    assert blue == sorted(blue)
    assert blue[-1] > blue[0] + 40


def test_shadows_lie_at_the_feet():
    alpha = figure((200, 200), 50, 150, 90, 110).astype(np.float32) / 255
    contact = contact_shadow(alpha)
    assert contact[150:158, 90:110].mean() > 0.2
    assert contact[:120].max() < 0.01
    cast = cast_shadow(alpha, lean=0.8, length=0.4, softness=0.02)
    assert cast[140:150, 92:115].mean() > 0.3
    assert cast[115, 160:180].max() > 0.3  # the head's shadow: 0.8 x 80 sideways, 0.4 x 80 up
    assert cast[:100].max() < 0.05
    assert not contact_shadow(np.zeros((9, 9), np.float32)).any()


# Whole runs


@pytest.fixture
def sets(tmp_path):
    """A set of 12 photos with a copy, a broken file and a twin of the test set; the test set; people with masks."""
    roots = {name: tmp_path / "in" / name for name in ("photos", "tests", "people")}
    for root in roots.values():
        root.mkdir(parents=True)
    for seed in range(12):
        (roots["photos"] / f"{seed}.png").write_bytes(encode_png(photo(seed)))
        pixels = photo(100 + seed)
        (roots["people"] / f"{seed}.jpg").write_bytes(encode_jpeg(pixels))
        (roots["people"] / f"{seed}.png").write_bytes(encode_png(cv2.GaussianBlur(figure(), (0, 0), 1)))
    (roots["photos"] / "copy.jpg").write_bytes(encode_jpeg(photo(3), quality=50))
    (roots["photos"] / "broken.jpg").write_bytes(b"nothing")
    (roots["tests"] / "t.png").write_bytes(encode_png(np.ascontiguousarray(photo(5)[:, ::-1])))
    return roots


PHOTOS = SourceSpec("photos", "folder", "CC0")
TESTS = SourceSpec("tests", "folder", "none stated")
PEOPLE = SourceSpec("people", "mattes", "CC BY")
CROPS = CropPlan(size=64, per_megapixel=150)


def test_photos_are_screened_cut_split_and_listed(tmp_path, sets):
    recipe = PrepareRecipe(
        "r", "photos", (PHOTOS,), (TESTS,), splits={"train": 0.5, "val": 0.5}, crops=CROPS, per_shard=7
    )
    del sets["people"]
    lines = []
    done = prepare(recipe, sets, tmp_path / "out", report=lines.append)
    dropped = [json.loads(line) for line in (tmp_path / "out/dropped.jsonl").read_text().splitlines()]
    assert sorted((row["step"], row["key"].split("_")[1]) for row in dropped if row["step"] != "no copy") == [
        ("decoded", "broken"),
        ("not in a test set", "5"),
    ]
    assert [row["key"].split("_")[1] in ("copy", "3") for row in dropped if row["step"] == "no copy"] == [True]
    assert done.tally.kept["photos: no copy"] == 11
    assert sum(done.counts.values()) == done.tally.kept["photos: samples made"] == 33
    assert any("11 kept" in line for line in lines)
    assert (tmp_path / "out/summary.txt").read_text().splitlines() == lines[-len(done.tally.lines()) - 1 :]
    groups = {split: {s.group for s in ShardSet(paths)} for split, paths in done.shards.items()}
    assert groups["train"]
    assert groups["val"]
    assert not groups["train"] & groups["val"]
    manifest = [json.loads(line) for line in (tmp_path / "out/manifest.jsonl").read_text().splitlines()]
    assert len(manifest) == 33
    assert {row["licence"] for row in manifest} == {"CC0"}
    again = prepare(recipe, sets, tmp_path / "again")
    for split, paths in done.shards.items():
        assert [p.read_bytes() for p in paths] == [p.read_bytes() for p in again.shards[split]]


def test_a_capped_source_gives_no_more_than_its_share(tmp_path, sets):
    capped = SourceSpec("tests", "folder", "x", share=0.1)
    for seed in range(20, 40):
        (sets["tests"] / f"{seed}.png").write_bytes(encode_png(photo(seed)))
    recipe = PrepareRecipe("r", "photos", (PHOTOS, capped), crops=CROPS)
    del sets["people"]
    done = prepare(recipe, sets, tmp_path / "out")
    total = sum(done.counts.values())
    assert total - 36 == int(0.1 / 0.9 * 36)


def test_pairs_cutouts_and_composites(tmp_path, sets):
    roots = {"people": sets["people"]}
    pairs = prepare(PrepareRecipe("p", "pairs", (PEOPLE,)), roots, tmp_path / "pairs")
    assert sum(pairs.counts.values()) == 12
    first = ShardSet(pairs.shards["train"])[0]
    assert first.encoded.startswith(b"\xff\xd8")  # the source's own JPEG, not compressed again
    both = {"train": 0.5, "val": 0.5}
    cut = prepare(PrepareRecipe("c", "cutouts", (PEOPLE,), splits=both), roots, tmp_path / "cut")
    assert sum(cut.counts.values()) == 12
    sources = (
        SourceSpec("cut", "shards", "x", role="people"),
        SourceSpec("photos", "folder", "CC0", exclude="broken", role="background"),
    )
    plan = CompositePlan(size=(96, 96), people=(1, 2))
    recipe = PrepareRecipe("m", "composites", sources, splits=both, composites=plan, count=10)
    made = prepare(recipe, {"cut": tmp_path / "cut", "photos": sets["photos"]}, tmp_path / "made")
    assert made.counts == {"train": 5, "val": 5}
    one = ShardSet(made.shards["val"])[0]
    assert one.alpha.any()
    assert one.instances
    assert one.licence == "CC0 + CC BY"
    (path,) = preview(made.shards["train"], tmp_path / "sheets", count=3, columns=3, side=64)
    assert cv2.imread(str(path)).shape == (3 * 80, 3 * 64, 3)
    with pytest.raises(OutputError, match="already holds"):
        preview(made.shards["train"], tmp_path / "sheets")


def test_holes_are_shown_where_they_are(tmp_path):
    (path,) = preview_holes(HoleGenerator((64, 80)), [sample(0), sample(1)], tmp_path, count=4, columns=2)
    sheet = cv2.imread(str(path))
    assert sheet.shape == (2 * 80, 2 * 80, 3)
    first = HoleGenerator((64, 80)).draw(np.random.default_rng(0))
    assert (sheet[16:80, :80][first] == 128).all()


def test_wrong_folders_are_named(tmp_path, sets):
    recipe = PrepareRecipe("r", "photos", (PHOTOS,), crops=CROPS)
    with pytest.raises(ArgumentError, match="no folder for photos"):
        prepare(recipe, {}, tmp_path / "out")
    with pytest.raises(ArgumentError, match="does not know"):
        prepare(recipe, sets, tmp_path / "out")
    with pytest.raises(OutputError, match="not an empty folder"):
        prepare(recipe, {"photos": sets["photos"]}, sets["tests"])
    with pytest.raises(MissingInputError):
        prepare(recipe, {"photos": tmp_path / "gone"}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


# Recipes


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda p: p.stem)
def test_shipped_recipes_are_valid_and_name_no_machine(path):
    recipe = read_prepare(path.stem)
    assert recipe.name == path.stem
    assert all(spec.licence for spec in (*recipe.sources, *recipe.apart))
    assert all(not Path(spec.pictures).is_absolute() for spec in recipe.sources)


def test_recipes_refuse_what_they_do_not_know(tmp_path):
    text = (SHIPPED / "photos-256.toml").read_text()
    assert tomllib.loads(text)["kind"] == "photos"
    bad = tmp_path / "bad.toml"
    bad.write_text(text.replace("per_megapixel", "per_megapixels"))
    with pytest.raises(ArgumentError, match="per_megapixel"):
        read_prepare(bad)
    bad.write_text(text.replace('layout = "folder"', 'layout = "directory"', 1))
    with pytest.raises(ArgumentError, match="folder"):
        read_prepare(bad)
    bad.write_text("kind = ")
    with pytest.raises(ArgumentError, match="not TOML"):
        read_prepare(bad)
    with pytest.raises(MissingInputError, match="photos-256"):
        read_prepare("nothing")
    with pytest.raises(ArgumentError, match="role"):
        PrepareRecipe("r", "composites", (PHOTOS,))
    with pytest.raises(ArgumentError, match="name of its own"):
        PrepareRecipe("r", "photos", (PHOTOS, PHOTOS))


def test_plans_refuse_nonsense():
    with pytest.raises(ArgumentError):
        CropPlan(size=4)
    with pytest.raises(ArgumentError):
        CompositePlan(people=(3, 1))
