"""Every layout gives the same kind of sample, and says which file is wrong when one is."""

import json

import cv2
import numpy as np
import pytest
import scipy.io

from cleanplate.errors import ArgumentError, BrokenInputError, InputError, MissingInputError
from cleanplate_training.data.pixels import encode_jpeg, encode_png
from cleanplate_training.data.run_lengths import run_lengths
from cleanplate_training.data.sources.coco import coco
from cleanplate_training.data.sources.folder import folder
from cleanplate_training.data.sources.instance_maps import instance_maps
from cleanplate_training.data.sources.listing import listing
from cleanplate_training.data.sources.mat_masks import mat_masks
from cleanplate_training.data.sources.mattes import mattes
from cleanplate_training.data.sources.opened import SourceSpec, opened
from cleanplate_training.data.sources.yolo import yolo

TERMS = {"source": "set", "licence": "CC0"}
PICTURE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
MASK = np.zeros((20, 30), bool)
MASK[4:12, 6:21] = True


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_folder_reads_nested_pictures_and_alpha(tmp_path):
    put(tmp_path / "a/one.PNG", encode_png(PICTURE))
    put(tmp_path / "b/two.png", encode_png(np.dstack([PICTURE, MASK.astype(np.uint8) * 200])))
    put(tmp_path / "notes.txt", b"")
    put(tmp_path / ".hidden/three.png", encode_png(PICTURE))
    one, two = folder(tmp_path, **TERMS)
    np.testing.assert_array_equal(one.read().picture, PICTURE)
    assert one.read().alpha is None
    assert one.read().encoded is not None
    np.testing.assert_array_equal(two.read().alpha, MASK * 200)
    assert "." not in one.key + two.key
    assert "/" not in one.key + two.key
    assert one.key != two.key
    assert [e.key for e in folder(tmp_path, **TERMS, include="^b/")] == [two.key]
    assert [e.key for e in folder(tmp_path, **TERMS, exclude="^b/")] == [one.key]
    with pytest.raises(MissingInputError, match="no picture"):
        folder(tmp_path, **TERMS, include="nothing")
    with pytest.raises(ArgumentError, match="regular expression"):
        folder(tmp_path, **TERMS, include="(")


def test_folder_turns_by_exif_and_brings_16_bits_down(tmp_path):
    import PIL.Image

    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    PIL.Image.fromarray(PICTURE).save(tmp_path / "turned.png", exif=exif)
    deep = np.dstack([PICTURE[..., ::-1], MASK.astype(np.uint8) * 255]).astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / "zdeep.png"), deep)
    turned, sixteen = folder(tmp_path, **TERMS)
    np.testing.assert_array_equal(turned.read().picture, np.rot90(PICTURE, -1))
    np.testing.assert_array_equal(sixteen.read().picture, PICTURE)
    np.testing.assert_array_equal(sixteen.read().alpha > 0, MASK)


def test_variants_of_one_picture_share_a_group(tmp_path):
    for name in ("x_jpg.rf.aaa.png", "x_jpg.rf.bbb.png"):
        put(tmp_path / name, encode_png(PICTURE))
    first, second = folder(tmp_path, **TERMS)
    assert first.group == second.group
    assert first.key != second.key


def test_listing(tmp_path):
    put(tmp_path / "p/one.png", encode_png(PICTURE))
    put(tmp_path / "m/one.png", encode_png(MASK))
    listed = put(tmp_path / "list.txt", b"# chosen\np/one.png\n\np/one.png\tm/one.png\n")
    plain, pair = (entry.read() for entry in listing(listed, **TERMS))
    assert plain.alpha is None
    np.testing.assert_array_equal(pair.alpha > 127, MASK)
    with pytest.raises(MissingInputError, match=r"two\.png"):
        listing(put(tmp_path / "bad.txt", b"two.png\n"), **TERMS)
    with pytest.raises(BrokenInputError, match="names no picture"):
        listing(put(tmp_path / "empty.txt", b"\n"), **TERMS)


def test_mattes_with_boxes(tmp_path):
    put(tmp_path / "one.jpg", encode_jpeg(PICTURE))
    put(tmp_path / "one.png", encode_png(cv2.resize(MASK.astype(np.uint8) * 255, (60, 40))))
    put(tmp_path / "one.txt", b"0 0.5 0.5 0.4 0.5\n")
    put(tmp_path / "alone.jpg", encode_jpeg(PICTURE))
    (entry,) = mattes(tmp_path, **TERMS)
    sample = entry.read()
    assert sample.alpha.shape == (20, 30)
    assert sample.instances[0].box == pytest.approx((9, 5, 21, 15))
    put(tmp_path / "mattes/alone.webp", cv2.imencode(".webp", np.zeros((10, 10), np.uint8))[1].tobytes())
    (other,) = mattes(tmp_path, **TERMS, matte_root=tmp_path / "mattes", include="alone")
    with pytest.raises(BrokenInputError, match="aspect"):
        other.read()


def test_yolo(tmp_path):
    put(tmp_path / "train/images/one.jpg", encode_jpeg(PICTURE))
    put(tmp_path / "train/labels/one.txt", b"1 0.5 0.5 1.2 0.5\n0 0.1 0.1 0.1 0.1\n")
    put(tmp_path / "train/images/two.jpg", encode_jpeg(PICTURE))
    one, two = yolo(tmp_path, **TERMS, names=("person", "dog"))
    assert [i.label for i in one.read().instances] == ["dog", "person"]
    assert one.read().instances[0].box == pytest.approx((0, 5, 30, 15))  # clipped
    assert two.read().instances == ()
    (wrong, _) = yolo(tmp_path, **TERMS)
    with pytest.raises(BrokenInputError, match=r"one\.txt.*known class"):
        wrong.read()


def test_coco(tmp_path):
    put(tmp_path / "pictures/one.jpg", encode_jpeg(PICTURE))
    box = [6, 4, 15, 8]
    shape = [[6, 4, 21, 4, 21, 12, 6, 12]]
    row = {"id": 1, "image_id": 7, "category_id": 1, "bbox": box, "area": 120, "iscrowd": 0, "segmentation": shape}
    tables = {
        "licenses": [{"id": 4, "name": "CC BY", "url": "u"}],
        "images": [
            {"id": 7, "file_name": "one.jpg", "license": 4, "height": 20, "width": 30},
            {"id": 8, "file_name": "gone.jpg"},
        ],
        "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "dog"}],
        "annotations": [
            row,
            row | {"id": 2, "iscrowd": 1, "segmentation": run_lengths(MASK)},
            row | {"id": 3, "category_id": 2},
        ],
    }
    annotations = put(tmp_path / "instances.json", json.dumps(tables).encode())
    (entry,) = coco(annotations, pictures=tmp_path / "pictures", **TERMS)
    sample = entry.read()
    assert sample.licence == "CC BY"
    person, crowd = sample.instances
    assert person.box == (6, 4, 21, 12)
    np.testing.assert_array_equal(person.mask, MASK)
    np.testing.assert_array_equal(crowd.mask, MASK)
    assert crowd.crowd
    with pytest.raises(ArgumentError, match="valid: dog, person"):
        coco(annotations, pictures=tmp_path / "pictures", **TERMS, labels=("cat",))
    with pytest.raises(BrokenInputError, match="not a COCO"):
        coco(put(tmp_path / "other.json", b"[]"), pictures=tmp_path, **TERMS)
    with pytest.raises(BrokenInputError, match="in the folder"):
        coco(annotations, pictures=tmp_path, **TERMS)


def test_mat_masks(tmp_path):
    put(tmp_path / "photos/0001.jpg", encode_jpeg(PICTURE))
    (tmp_path / "mats").mkdir()
    scipy.io.savemat(tmp_path / "mats/0001.mat", {"groundtruth": MASK.astype(np.uint8) * 37})
    (entry,) = mat_masks(tmp_path / "photos", annotations=tmp_path / "mats", **TERMS)
    np.testing.assert_array_equal(entry.read().mask, MASK)
    (wrong,) = mat_masks(tmp_path / "photos", annotations=tmp_path / "mats", **TERMS, variable="labels")
    with pytest.raises(BrokenInputError, match=r"0001\.mat.*labels"):
        wrong.read()


def test_instance_maps(tmp_path):
    put(tmp_path / "p/a.png", encode_png(PICTURE))
    numbers = MASK.astype(np.uint8)
    numbers[15:18, 2:5] = 2
    put(tmp_path / "m/a_mask.png", encode_png(numbers))
    (entry,) = instance_maps(tmp_path / "p", maps=tmp_path / "m", **TERMS)
    first, second = entry.read().instances
    assert (first.box, second.box) == ((6, 4, 21, 12), (2, 15, 5, 18))
    np.testing.assert_array_equal(first.mask, MASK)


def test_a_broken_picture_is_named(tmp_path):
    put(tmp_path / "broken.jpg", b"\xff\xd8\xffnonsense")
    with pytest.raises(BrokenInputError, match=r"broken\.jpg"):
        folder(tmp_path, **TERMS)[0].read()


def test_specs_are_checked(tmp_path):
    with pytest.raises(ArgumentError, match="share"):
        SourceSpec("x", "folder", "CC0", share=0)
    with pytest.raises(ArgumentError, match="annotations"):
        SourceSpec("x", "coco", "CC0")
    with pytest.raises(InputError, match="folder of x"):
        opened(SourceSpec("x", "folder", "CC0"), tmp_path / "none")
    with pytest.raises(MissingInputError, match="no shard"):
        opened(SourceSpec("x", "shards", "CC0"), tmp_path)
