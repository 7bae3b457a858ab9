"""``cleanplate cutout`` and ``cleanplate background`` from the outside: files, pipes, folders, refusals."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cleanplate.batch.executor import Serial
from tests.cli.pictures import listing
from tests.matting.pictures import GREEN, constant, red_is_person, two_alphas, two_people

MANIFEST = "cleanplate.manifest.jsonl"


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Starting workers takes longer than these pictures."""
    monkeypatch.setattr("cleanplate.cli.many.executor_for", lambda wishes, pictures: Serial())


@pytest.fixture
def folder(tmp_path):
    """``red.onnx``, ``nobody.onnx`` and ``p.jpg`` with two people and some EXIF."""
    red_is_person(tmp_path / "red.onnx")
    constant(tmp_path / "nobody.onnx", 0.1)
    exif = Image.Exif()
    exif[0x010E] = "two people"
    Image.fromarray(two_people()).save(tmp_path / "p.jpg", quality=95, exif=exif, dpi=(300, 300))
    return tmp_path


RED = ("--weights", "red.onnx")
NOBODY = ("--weights", "nobody.onnx")


def rgba(path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.mode == "RGBA"
        return np.asarray(image)


def test_cutout_is_rgba_with_clean_colours_and_metadata(cleanplate, folder):
    ran = cleanplate("cutout", "p.jpg", *RED, "-o", "person.png")
    assert ran.code == 0, ran.stderr
    assert ran.stdout.startswith("p.jpg -> person.png: cut out: 2 people, ")
    made = rgba(folder / "person.png")
    assert np.abs(made[..., 3] / 255.0 - two_alphas()).mean() < 0.02
    assert (made[made[..., 3] == 0] == 0).all()  # nothing of the old background is left in the file
    with Image.open(folder / "person.png") as image:
        assert image.getexif()[0x010E] == "two people"
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_default_names_are_beside_the_input_and_never_taken(cleanplate, folder):
    assert cleanplate("cutout", "p.jpg", *RED).code == 0
    assert cleanplate("cutout", "p.jpg", *RED, "--matte-only").code == 0
    assert cleanplate("background", "p.jpg", *RED, "--with", "white").code == 0
    assert {"p-cutout.png", "p-matte.png", "p-background.jpg"} <= listing(folder)
    again = cleanplate("cutout", "p.jpg", *RED)
    assert (again.code, "exists already" in again.error) == (5, True)
    assert cleanplate("cutout", "p.jpg", *RED, "--overwrite").code == 0
    onto = cleanplate("background", "p.jpg", *RED, "--with", "white", "-o", "p.jpg", "--overwrite")
    assert (onto.code, "is an input" in onto.error) == (5, True)


def test_transparency_in_jpeg_is_an_error_with_the_fix(cleanplate, folder):
    for words in (("cutout",), ("background", "--with", "transparent")):
        ran = cleanplate(*words, "p.jpg", *RED, "-o", "x.jpg")
        assert ran.code == 2
        assert "JPEG has no transparency; end the name in .png" in ran.error
    assert cleanplate("background", "p.jpg", *RED, "--with", "transparent", "-o", "x.webp").code == 0
    assert rgba(folder / "x.webp").shape == (180, 240, 4)
    assert cleanplate("cutout", "p.jpg", *RED, "--matte-only", "-o", "matte.jpg").code == 0
    assert not (folder / "x.jpg").exists()


def test_matte_trim_and_person(cleanplate, folder):
    assert cleanplate("cutout", "p.jpg", *RED, "--matte-only", "-o", "m.png").code == 0
    with Image.open(folder / "m.png") as matte:
        assert matte.mode == "L"
        assert np.abs(np.asarray(matte) / 255.0 - two_alphas()).mean() < 0.02
    ran = cleanplate("cutout", "p.jpg", *RED, "--trim", "--person", 2, "--json", "-o", "small.png")
    report = json.loads(ran.stdout)
    left, top, right, bottom = report["trimmed"]
    assert [left, top, right, bottom] == pytest.approx([169, 39, 211, 81], abs=4)
    assert rgba(folder / "small.png").shape == (bottom - top, right - left, 4)
    assert len(report["people"]) == 2
    third = cleanplate("cutout", "p.jpg", *RED, "--person", 3, "-o", "third.png")
    assert (third.code, "there is no person 3" in third.error) == (4, True)


def test_sixteen_bits_and_profile_stay(cleanplate, folder):
    import cv2
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    cv2.imwrite(str(folder / "deep.tif"), two_people(dtype=np.uint16)[..., ::-1])
    assert cleanplate("cutout", "deep.tif", *RED, "-o", "deep.png").code == 0
    made = cv2.imread(str(folder / "deep.png"), cv2.IMREAD_UNCHANGED)
    assert (made.dtype, made.shape) == (np.uint16, (180, 240, 4))
    inside = made[90:110, 70:90]
    assert (inside == np.array([40 * 257, 40 * 257, 210 * 257, 65535])).all()
    Image.fromarray(two_people()).save(folder / "profile.png", icc_profile=profile)
    assert cleanplate("background", "profile.png", *RED, "--with", "#00b140", "-o", "new.png").code == 0
    with Image.open(folder / "new.png") as image:
        assert image.info["icc_profile"] == profile
        assert np.abs(np.asarray(image)[2, 2].astype(int) - [0, 0xB1, 0x40]).max() <= 2


def test_nobody_is_a_message_and_an_empty_alpha(cleanplate, folder):
    ran = cleanplate("cutout", "p.jpg", *NOBODY, "-o", "empty.png")
    assert ran.code == 0
    assert "nobody was found, so everything is transparent" in ran.stdout
    assert not rgba(folder / "empty.png").any()
    ran = cleanplate("background", "p.jpg", *NOBODY, "--with", "white", "-o", "same.jpg", "--json")
    report = json.loads(ran.stdout)
    assert report["status"] == "copied"
    assert "no person was found in the picture" in report["notes"]
    assert (folder / "same.jpg").read_bytes() == (folder / "p.jpg").read_bytes()
    assert cleanplate("cutout", "p.jpg", *NOBODY, "--trim", "--person", 1, "-o", "e2.png").code == 0


def test_backgrounds(cleanplate, folder):
    Image.new("RGB", (50, 80), (10, 20, 200)).save(folder / "beach.png")
    for number, behind in enumerate(("beach.png", "#0a14c8", "blur:12")):
        ran = cleanplate("background", "p.jpg", *RED, "--with", behind, "-o", f"{number}.png")
        assert ran.code == 0, ran.stderr
    photo, blue, blurred = (np.asarray(Image.open(folder / f"{number}.png")).astype(int) for number in range(3))
    for made in (photo, blue):
        assert np.abs(made[two_alphas() == 0] - [10, 20, 200]).mean() < 4
    assert (photo == blue).mean() > 0.99
    assert np.abs(blurred[two_alphas() == 0] - GREEN).mean() < 4
    scaled = ("--subject-scale", 0.5, "--position", "top left", "--person", 1)
    assert cleanplate("background", "p.jpg", *RED, "--with", "white", *scaled, "-o", "s.png").code == 0
    small = np.asarray(Image.open(folder / "s.png")).astype(int)
    assert np.abs(small[20:26, 20:26] - [210, 40, 40]).max() < 12
    assert (small[:, 60:] == 255).all()


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (("--with", "#12345"), 2, "is no colour"),
        (("--with", "nowhere.jpg"), 3, "does not exist"),
        (("--with", "blur:much"), 2, "cannot be 'blur:much'"),
        (("--with", "white", "--position", "upside"), 2, "cannot be 'upside'"),
        (("--with", "white", "--format", "gif"), 2, "cannot be 'gif'"),
        (("--with", "white", "-o", "x.gif"), 2, "names no picture type"),
        (("--with", "white", "--in-place", "-o", "x.png"), 2, "cannot go together with -o"),
        (("--with", "transparent", "--subject-scale", "2", "-o", "x.png"), 2, "cannot scale"),
        (("--with", "p.jpg", "-o", "p.jpg", "--overwrite"), 5, "is an input"),
    ],
)
def test_refusals_are_one_line(cleanplate, folder, words, code, problem):
    before = listing(folder)
    ran = cleanplate("background", "p.jpg", *RED, *words)
    assert ran.code == code, ran.stderr
    assert problem in ran.error
    assert listing(folder) == before


def test_pipes(cleanplate, folder):
    data = (folder / "p.jpg").read_bytes()
    ran = cleanplate("cutout", "-", *RED, stdin=data)
    assert ran.code == 0, ran.stderr
    assert rgba(io.BytesIO(ran.stdout_bytes)).shape == (180, 240, 4)
    assert "standard input -> standard output" in ran.stderr
    ran = cleanplate("background", "-", "--with", "white", *RED, stdin=data)
    assert Image.open(io.BytesIO(ran.stdout_bytes)).format == "JPEG"
    ran = cleanplate("background", "-", "--with", "white", "--format", "webp", *RED, "-o", "-", stdin=data)
    assert Image.open(io.BytesIO(ran.stdout_bytes)).format == "WEBP"


def test_folders_are_mirrored_resumed_and_collisions_refused(cleanplate, folder):
    for name in ("a.jpg", "sub/b.png", "c.jpg", "c.png"):
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(two_people()).save(path)
    ran = cleanplate("cutout", "in", *RED, "-o", "out", "-r")
    assert ran.code == 7
    assert listing(folder / "out") == {"a.png", "sub/b.png", MANIFEST}
    assert "like c.png" in ran.stderr or "like c.jpg" in ran.stderr
    (folder / "in/c.jpg").unlink()
    ran = cleanplate("cutout", "in", *RED, "-o", "out", "-r")
    assert ran.code == 0, ran.stderr
    assert "1 done, 2 done before and skipped" in ran.stdout
    ran = cleanplate("cutout", "in", *RED, "-o", "out", "-r", "--feather", 3)
    assert ran.code == 7  # other options: to be done again, but nothing is overwritten unasked
    assert cleanplate("cutout", "in", *RED, "-o", "out", "-r", "--feather", 3, "--overwrite").code == 0
    ran = cleanplate("background", "in", "--with", "white", *RED, "-o", "new", "-r", "--json")
    assert json.loads(ran.stdout)["done"] == 3
    assert listing(folder / "new") == {"a.jpg", "sub/b.png", "c.png", MANIFEST}


def test_a_changed_background_picture_is_noticed(cleanplate, folder):
    (folder / "in").mkdir()
    Image.fromarray(two_people()).save(folder / "in/a.png")
    Image.new("RGB", (50, 80), (10, 20, 200)).save(folder / "beach.png")
    words = ("background", "in", "--with", "beach.png", *RED, "-o", "out")
    assert cleanplate(*words).code == 0
    assert "1 done before and skipped" in cleanplate(*words).stdout
    Image.new("RGB", (60, 80), (200, 20, 20)).save(folder / "beach.png")
    assert cleanplate(*words, "--overwrite").stdout.startswith("out: 1 done in")


def test_a_folder_says_how_many_pictures_have_nobody(cleanplate, folder):
    (folder / "in").mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(two_people()).save(folder / "in" / name)
    ran = cleanplate("cutout", "in", *NOBODY, "-o", "out")
    assert ran.code == 0, ran.stderr
    assert "2 done, 2 of them with nobody in the picture" in ran.stdout


def test_in_place(cleanplate, folder):
    ran = cleanplate("background", "p.jpg", "--with", "white", "--in-place", *RED)
    assert ran.code == 0, ran.stderr
    assert np.asarray(Image.open(folder / "p.jpg"))[2, 2].min() > 250
    assert cleanplate("cutout", "p.jpg", "--in-place", *RED).code == 2
    assert listing(folder) == {"p.jpg", "red.onnx", "nobody.onnx"}


def test_without_a_network_the_error_says_how_to_get_one(cleanplate, folder, monkeypatch):
    monkeypatch.setattr("cleanplate.weights.choice.whereabouts", lambda record: None)
    ran = cleanplate("cutout", "p.jpg", "-o", "x.png")
    assert ran.code == 6
    assert "needs a network that mattes pictures ('matte-lite0'), and none is installed" in ran.error


@pytest.mark.parametrize("kind", ["L", "P", "RGBA", "CMYK", "1"])
def test_every_kind_of_picture(cleanplate, folder, kind):
    source = Image.fromarray(two_people())
    if kind == "RGBA":
        source.putalpha(Image.new("L", source.size, 128))
    else:
        source = source.convert(kind)
    name = "k.jpg" if kind == "CMYK" else "k.png"
    source.save(folder / name)
    network = constant(folder / "all.onnx", 0.6) if kind in ("L", "1") else folder / "red.onnx"
    assert cleanplate("cutout", name, "--weights", network, "-o", "cut.png").code == 0
    with Image.open(folder / "cut.png") as image:
        assert image.mode in ("RGBA", "LA")
        alpha = np.asarray(image)[..., -1]
    assert alpha.max() == (128 if kind == "RGBA" else alpha.max()) > 100
    assert (
        cleanplate("background", name, "--with", "#0000ff", "--weights", network, "-o", f"new{Path(name).suffix}").code
        == 0
    )
    with Image.open(folder / f"new{Path(name).suffix}") as image:
        corner = np.asarray(image.convert("RGB"))[2, 2].astype(int)
    if kind not in ("L", "1"):
        assert corner[2] > corner[0] + 60


def test_edges_are_solved_for_only_where_it_is_asked_for(cleanplate, folder, monkeypatch):
    seen = []

    def solve(image, known, *, solver):
        seen.append((image.shape[:2], known.shape, solver))
        return (known > 0).astype(np.float32)

    monkeypatch.setattr("cleanplate.tasks.cutout.solved", solve)
    assert cleanplate("cutout", "p.jpg", "--network", "red.onnx", "-o", "a.png").code == 0
    assert not seen
    assert cleanplate("cutout", "p.jpg", "--network", "red.onnx", "--edges", "knn", "-o", "b.png").code == 0
    (picture, known, solver) = seen[0]
    assert picture == known
    assert solver == "knn"
    assert cleanplate("cutout", "p.jpg", *NOBODY, "--edges", "knn", "-o", "c.png").code == 0
    assert len(seen) == 1
    assert (rgba(folder / "b.png")[..., 3] > 0).sum() > (rgba(folder / "a.png")[..., 3] > 0).sum()
