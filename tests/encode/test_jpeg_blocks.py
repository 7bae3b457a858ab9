"""A JPEG written back as JPEG: untouched blocks bit for bit, the loss elsewhere bounded."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cleanplate.container import jpeg
from cleanplate.decode.image import read_picture
from cleanplate.encode.coefficients import block_grid, read_coefficients, write_scans
from cleanplate.encode.image import EncodeOptions, encode, prepare
from cleanplate.picture import turn_back, turn_upright
from tests.decode.builders import exif_block, noise, picture, saved

KINDS = {
    "444": ("RGB", {"subsampling": 0}),
    "422": ("RGB", {"subsampling": 1}),
    "420": ("RGB", {"subsampling": 2}),
    "440": ("RGB", {"subsampling": "4:4:0"}),
    "progressive": ("RGB", {"progressive": True}),
    "optimized": ("RGB", {"optimize": True, "quality": 93}),
    "restarts": ("RGB", {"restart_marker_blocks": 2}),
    "rgb": ("RGB", {"keep_rgb": True}),
    "grey": ("L", {}),
    "grey progressive": ("L", {"progressive": True}),
    "cmyk": ("CMYK", {}),
}


def jpeg_file(kind, height=67, width=45, **more):
    mode, options = KINDS[kind]
    image = picture(mode, height=height, width=width)
    if options.get("subsampling") == "4:4:0":
        return four_four_zero(image, more)
    return saved(image, "JPEG", **options, **more)


def four_four_zero(image, more):
    """Pillow does not write 4:4:0: turn a 4:2:2 file of the turned picture by its coefficients."""
    data = saved(image.transpose(Image.Transpose.TRANSPOSE), "JPEG", subsampling=1, **more)
    old = jpeg.parse(data)
    planes = [
        np.ascontiguousarray(p.reshape(*p.shape[:2], 8, 8).transpose(1, 0, 3, 2)).reshape(p.shape[1], p.shape[0], 64)
        for p in read_coefficients(old, data)
    ]
    frame = next(s for s in old.segments if s.marker in jpeg.FRAMES)
    head = bytearray(frame.payload)
    head[1:5] = head[3:5] + head[1:3]
    for at in range(7, len(head), 3):
        head[at] = (head[at] & 15) << 4 | head[at] >> 4
    tables = []
    for number, table in jpeg.quantisation_tables(old).items():
        turned = np.array(table).reshape(8, 8).T.ravel()
        tables.append(jpeg.Segment(jpeg.DQT, bytes([number, *(int(turned[i]) for i in jpeg.ZIGZAG)])))
    app = [s for s in old.segments if 0xE0 <= s.marker <= 0xEF]
    start = b"\xff\xd8" + b"".join(s.encoded for s in [*app, *tables, jpeg.Segment(0xC0, bytes(head))])
    empty = jpeg.JpegStructure((), 0xC0, 8, image.height, image.width, components(head), 0)
    [(headers, scan)] = write_scans(empty, planes, optimize=False)
    return start + b"".join(s.encoded for s in headers) + scan + b"\xff\xd9"


def components(head):
    return tuple(
        jpeg.Component(head[i], head[i + 1] >> 4, head[i + 1] & 15, head[i + 2]) for i in range(6, len(head), 3)
    )


def edited(data, box, colour=(220, 40, 90)):
    source = read_picture(data)
    pixels, changed = source.pixels.copy(), np.zeros(source.pixels.shape[:2], bool)
    top, left, bottom, right = box
    changed[top:bottom, left:right] = True
    pixels[changed] = 77 if source.mode == "L" else colour
    return source, pixels, changed, encode(source, pixels, changed=changed)


def touched_blocks(structure, changed):
    """By the definition, one block after the other."""
    across = max(part.across for part in structure.components)
    down = max(part.down for part in structure.components)
    for part, (rows, columns) in zip(structure.components, block_grid(structure), strict=True):
        high, wide = 8 * down // part.down, 8 * across // part.across
        found = np.zeros((rows, columns), bool)
        for row in range(rows):
            for column in range(columns):
                found[row, column] = changed[row * high : (row + 1) * high, column * wide : (column + 1) * wide].any()
        yield found


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("orientation", [1, 6])
def test_untouched_blocks_are_copied(kind, orientation):
    data = jpeg_file(kind, exif=exif_block(orientation=orientation))
    source, _, changed, written = edited(data, (20, 12, 35, 30))
    old, new = jpeg.parse(data), jpeg.parse(written.data)
    assert jpeg.quantisation_tables(new) == jpeg.quantisation_tables(old)
    assert new.components == old.components
    stored = turn_back(changed, source.orientation)
    before, after = read_coefficients(old, data), read_coefficients(new, written.data)
    for one, other, touched in zip(before, after, touched_blocks(new, stored), strict=True):
        assert (one[~touched] == other[~touched]).all()
        assert (one[touched] != other[touched]).any()
    back = read_picture(written.data)
    assert back.orientation == source.orientation == orientation
    assert back.mode == source.mode
    assert new.progressive == old.progressive


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_decoded_pixels_differ_only_near_the_change(kind):
    """Beyond the touched blocks (16 x 16 pixels at most) chroma upsampling carries a change one pixel further."""
    source, pixels, changed, written = edited(jpeg_file(kind, 160, 170), (50, 60, 77, 95))
    back = read_picture(written.data)
    differs = (back.pixels != source.pixels).any(axis=2)
    reach = np.zeros_like(changed)
    reach[48 - 1 : 80 + 1, 48 - 1 : 96 + 1] = True
    assert not differs[~reach].any()
    # In a flat colour the block itself is exact up to quantisation; the inner part has no neighbour to mix with.
    inside = np.abs(back.pixels[56:72, 68:88].astype(int) - pixels[56:72, 68:88]).mean()
    assert inside < 8


@pytest.mark.parametrize("kind", ["444", "420", "grey"])
def test_loss_in_touched_blocks_outside_the_mask_is_bounded(kind):
    """One more quantisation of blocks that the mask cuts: at quality 95 some levels, not a new picture."""
    mode, options = KINDS[kind]
    image = picture(mode, height=128, width=128)
    source = read_picture(saved(image, "JPEG", **options, quality=95))
    pixels, changed = source.pixels.copy(), np.zeros((128, 128), bool)
    changed[41:60, 43:70] = True
    pixels[changed] = np.clip(pixels[changed].astype(int) + 9, 0, 255).astype(np.uint8)
    back = read_picture(encode(source, pixels, changed=changed).data)
    error = np.abs(back.pixels.astype(int) - source.pixels)[~changed]
    assert error.max() <= 16
    assert error.mean() < 0.5


def test_nothing_of_the_old_samples_survives_in_changed_ones():
    """The new block depends on new pixels alone where all of its pixels changed."""
    one, two = picture(seed=1, height=64, width=64), picture(seed=2, height=64, width=64)
    results = []
    for image in (one, two):
        source = read_picture(saved(image, "JPEG", quality=90, subsampling=2))
        pixels = np.broadcast_to(noise(64, 64, seed=3), source.pixels.shape).copy()
        written = encode(source, pixels, changed=np.ones((64, 64), bool)).data
        results.append(read_coefficients(jpeg.parse(written), written))
    for left, right in zip(*results, strict=True):
        assert (left == right).all()


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(KINDS)),
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(1, 8),
    st.data(),
)
def test_any_size_orientation_and_mask(kind, height, width, orientation, data):
    if height * width == 1:
        height = 2
    file = jpeg_file(kind, height, width, exif=exif_block(orientation=orientation))
    source = read_picture(file)
    upright = source.pixels.shape[:2]
    changed = np.zeros(upright, bool)
    top, left = data.draw(st.integers(0, upright[0] - 1)), data.draw(st.integers(0, upright[1] - 1))
    changed[top : top + data.draw(st.integers(1, 20)), left : left + data.draw(st.integers(1, 20))] = True
    pixels = source.pixels.copy()
    pixels[changed] = 255 - pixels[changed]
    if source.mode == "L":
        pixels[...] = pixels[..., :1]
    written = encode(source, pixels, changed=changed)
    new = jpeg.parse(written.data)
    stored = turn_back(changed, orientation)
    before, after = read_coefficients(jpeg.parse(file), file), read_coefficients(new, written.data)
    for one, other, touched in zip(before, after, touched_blocks(new, stored), strict=True):
        assert (one[~touched] == other[~touched]).all()
    assert read_picture(written.data).pixels.shape == source.pixels.shape


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_are_inverse_and_agree_with_pillow(orientation):
    from PIL import ImageOps

    array = np.arange(24, dtype=np.uint8).reshape(4, 6)
    assert (turn_back(turn_upright(array, orientation), orientation) == array).all()
    image = Image.open(io.BytesIO(saved(picture(), "JPEG", exif=exif_block(orientation=orientation))))
    shown = np.asarray(ImageOps.exif_transpose(image))
    mine = read_picture(saved(picture(), "JPEG", exif=exif_block(orientation=orientation)))
    assert (mine.pixels == shown).all()


def test_coefficients_can_be_read_ahead():
    source = read_picture(jpeg_file("420"))
    ahead = prepare(source)
    assert ahead is not None
    changed = np.zeros(source.pixels.shape[:2], bool)
    changed[3:9, 3:9] = True
    one = encode(source, source.pixels, changed=changed, prepared=ahead)
    assert one.data == encode(source, source.pixels, changed=changed).data
    assert prepare(read_picture(saved(picture(), "PNG"))) is None


def test_a_quality_that_is_asked_for_makes_a_new_file_and_says_so():
    source = read_picture(jpeg_file("420"))
    written = encode(source, source.pixels, changed=None, options=EncodeOptions(quality=30))
    assert len(written.data) < len(source.source)
    assert any("anew" in note for note in written.notes)


def test_large_progressive_files_become_sequential_and_say_so(monkeypatch):
    monkeypatch.setattr("cleanplate.encode.jpeg._MOST_PROGRESSIVE", 100)
    written = edited(jpeg_file("progressive"), (5, 5, 40, 40))[3]
    assert not jpeg.parse(written.data).progressive
    assert any("progressive" in note for note in written.notes)


def test_coefficients_that_no_encoder_writes_lead_to_a_new_file(monkeypatch, capfd):
    data = jpeg_file("420")
    planes = read_coefficients(jpeg.parse(data), data)
    planes[0][0, 0, 5] = 2000
    monkeypatch.setattr("cleanplate.encode.jpeg.read_coefficients", lambda *_: planes)
    written = edited(data, (30, 5, 40, 40))[3]
    assert any("anew" in note for note in written.notes)
    assert read_picture(written.data).pixels.shape == (67, 45, 3)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_where_files_in_memory_do_not_exist(monkeypatch, tmp_path):
    """Other systems than Linux: a folder for temporary files, empty afterwards."""
    monkeypatch.delattr("os.memfd_create", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    data = jpeg_file("420")
    assert edited(data, (5, 5, 40, 40))[3].data
    assert list(tmp_path.iterdir()) == []


def test_many_threads_at_once():
    from concurrent.futures import ThreadPoolExecutor

    files = [jpeg_file(kind, 120, 90) for kind in sorted(KINDS)]
    expected = [edited(data, (5, 5, 40, 40))[3].data for data in files]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda data: edited(data, (5, 5, 40, 40))[3].data, files * 3))
    assert found == expected * 3
