"""Old photographs made for training: every kind draws, masks tell the truth, everything follows from the generator."""

import cv2
import numpy as np
import pytest

from cleanplate.errors import ArgumentError, MissingInputError
from cleanplate_training.data.damage.kinds import FREQUENCY, KINDS
from cleanplate_training.data.damage.mark import Mark, damaged_pixels, laid
from cleanplate_training.data.damage.old_photograph import OldPhotograph
from cleanplate_training.data.damage.stamps import open_stamps, split_of
from cleanplate_training.data.damage.toning import toned
from cleanplate_training.data.pixels import encode_png

SIZE = (96, 128)


@pytest.fixture
def picture():
    rng = np.random.default_rng(3)
    small = rng.integers(30, 180, (6, 8, 3)).astype(np.uint8)
    return cv2.resize(small, SIZE[::-1], interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def stamps(tmp_path):
    for number in range(40):
        stamp = np.zeros((40, 40, 4), np.uint8)
        stamp[15:25, 5:35] = 255
        (tmp_path / "dirt").mkdir(exist_ok=True)
        (tmp_path / "dirt" / f"dirt-{number:03}.png").write_bytes(encode_png(stamp))
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_draws_within_range_and_sometimes_covers_something(kind):
    seen = 0.0
    for seed in range(12):
        mark = KINDS[kind](np.random.default_rng(seed), *SIZE)
        for plane in (mark.opacity, mark.tone):
            assert plane.dtype == np.float32
            assert plane.shape == SIZE
            assert 0 <= plane.min() <= plane.max() <= 1
        assert mark.kind == kind
        seen += float((mark.opacity > 0.3).mean())
    assert 0.0005 < seen / 12 < 0.4


def test_every_kind_has_a_frequency():
    assert set(FREQUENCY) == {*KINDS, "stamp"}


def test_everything_follows_from_the_generator(picture):
    made = [OldPhotograph(whole=0.0)(picture, np.random.default_rng(5)) for _ in range(2)]
    np.testing.assert_array_equal(made[0].picture, made[1].picture)
    np.testing.assert_array_equal(made[0].mask, made[1].mask)
    other = OldPhotograph(whole=0.0)(picture, np.random.default_rng(6))
    assert not np.array_equal(made[0].picture, other.picture)


def test_the_input_is_left_alone(picture):
    before = picture.copy()
    OldPhotograph()(picture, np.random.default_rng(0))
    np.testing.assert_array_equal(picture, before)


def test_damage_lies_where_the_mask_says(picture):
    inside, outside = [], []
    for seed in range(8):
        made = OldPhotograph(whole=0.0, aged=0.0)(picture, np.random.default_rng(seed))
        changed = np.abs(made.picture.astype(int) - made.undamaged).max(axis=2)
        near = cv2.dilate(made.mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        inside.append(changed[made.mask])
        outside.append(changed[~near])
    assert np.concatenate(inside).mean() > 40
    # Faint veils (the light beside a fold) are no damage that is to be repainted.
    assert np.concatenate(outside).mean() < 4


def test_whole_photographs_have_an_empty_mask(picture):
    made = OldPhotograph(whole=1.0)(picture, np.random.default_rng(0))
    assert not made.mask.any()
    np.testing.assert_array_equal(made.picture, made.undamaged)


def test_areas_name_the_kinds(picture):
    areas = {}
    for seed in range(10):
        areas |= OldPhotograph(whole=0.0)(picture, np.random.default_rng(seed)).areas
    assert set(areas) <= {*KINDS, "mirroring"}
    assert len(areas) > 4


def test_the_damaged_share_is_limited(picture):
    age = OldPhotograph(whole=0.0, most=0.1, marks=(12, 20))
    assert all(age(picture, np.random.default_rng(seed)).mask.mean() <= 0.1 for seed in range(4))


def test_a_white_scratch_on_white_is_no_defect():
    white = np.ones((20, 20, 3), np.float32)
    opacity = np.zeros((20, 20), np.float32)
    opacity[10, :] = 1
    mark = Mark("hairline", opacity, np.ones((20, 20), np.float32))
    paper = (1.0, 1.0, 1.0)
    assert not damaged_pixels(white, laid(white, mark, paper), opacity).any()
    grey = white * 0.5
    found = damaged_pixels(grey, laid(grey, mark, paper), opacity)
    assert found[10].all()
    assert found.sum() == 20


@pytest.mark.parametrize("seed", range(4))
def test_toned_pictures_are_grey_or_nearly_so(picture, seed):
    tinted, paper = toned(picture.astype(np.float32) / 255, np.random.default_rng(seed), colour=0.0)
    assert tinted.dtype == np.float32
    # One hue: red is never below green, green never below blue.
    assert (tinted[..., 0] >= tinted[..., 1] - 0.02).all()
    assert (tinted[..., 1] >= tinted[..., 2] - 0.02).all()
    assert max(paper) <= 1


def test_stamps_of_a_split_are_those_of_its_files(stamps, picture):
    opened = {split: open_stamps(stamps, split) for split in ("train", "val", "test")}
    files = {split: {path for _, paths in each.files for path in paths} for split, each in opened.items()}
    assert sum(map(len, files.values())) == 40
    assert not files["train"] & files["test"]
    assert all(split_of(path.name) == split for split, paths in files.items() for path in paths)
    mark = opened["train"].draw(np.random.default_rng(0), *SIZE)
    assert mark.kind == "stamp dirt"
    made = OldPhotograph(opened["train"], whole=0.0, frequency={"stamp": 1.0})
    assert any(made(picture, np.random.default_rng(seed)).mask.any() for seed in range(5))


def test_a_folder_without_stamps_and_a_stamp_without_alpha_are_errors(tmp_path):
    with pytest.raises(MissingInputError, match="no stamps"):
        open_stamps(tmp_path, "train")
    for number in range(20):
        path = tmp_path / "flat" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode_png(np.zeros((4, 4, 3), np.uint8)))
    with pytest.raises(ArgumentError, match="no alpha"):
        open_stamps(tmp_path, "train").draw(np.random.default_rng(0), *SIZE)
