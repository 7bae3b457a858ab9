"""Pixels through files: exact where the type is lossless, near where it is not; depth, alpha and colour kind kept."""

import io

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cleanplate.container import png, tiff
from cleanplate.decode.image import read_picture
from cleanplate.encode.image import EncodeOptions, encode, encode_picture, format_of
from cleanplate.errors import ArgumentError, ArrayError, OutputError
from tests.decode.builders import exif_block, heic, noise, opencv, picture, samples, saved, tiff_of

FILES = samples()


def edited(data, **options):
    source = read_picture(data)
    pixels, changed = source.pixels.copy(), np.zeros(source.pixels.shape[:2], bool)
    changed[5:31, 7:29] = True
    full = np.iinfo(pixels.dtype).max
    pixels[changed] = full // 3 if source.mode != "1" else 0
    return source, pixels, changed, encode(source, pixels, changed=changed, options=EncodeOptions(**options))


@pytest.mark.parametrize("name", sorted(FILES))
def test_kind_depth_and_alpha_are_kept(name):
    source, pixels, changed, written = edited(FILES[name])
    found = read_picture(written.data)
    assert (found.format, found.mode, found.depth) == (source.format, source.mode, source.depth)
    assert found.pixels.dtype == source.pixels.dtype
    assert (found.alpha is None) == (source.alpha is None)
    assert (found.lossless, found.orientation) == (source.lossless, source.orientation)
    if source.lossless:
        assert (found.pixels == pixels).all()
        if source.alpha is not None:
            assert (found.alpha == source.alpha).all()
    if source.ink is not None and source.lossless:
        assert (found.ink[~changed] == source.ink[~changed]).all()


@pytest.mark.parametrize("name", sorted(name for name in FILES if name.startswith(("avif", "heic", "webp-lossy"))))
def test_loss_of_lossy_types(name):
    """Quality 92, subsampling as the source: near, on average."""
    source, pixels, changed, written = edited(FILES[name])
    found = read_picture(written.data)
    scale = np.iinfo(pixels.dtype).max / 255
    away = np.ones_like(changed)
    away[:40, :38] = False
    error = np.abs(found.pixels.astype(float) - pixels)[away] / scale
    assert error.mean() < 6
    if source.alpha is not None:
        assert np.abs(found.alpha.astype(float) - source.alpha).max() / scale <= 4


@pytest.mark.parametrize("name", ["png-16-3", "png-16-4", "png-16-1", "tiff-16", "tiff-16-tiles", "tiff-16-planar"])
def test_sixteen_bits_are_read_exactly(name):
    channels = {"png-16-4": 4, "png-16-1": 1}.get(name, 3)
    expected = noise(channels=channels, bits=16)
    found = read_picture(FILES[name])
    assert found.depth == 16
    if name.startswith("png") and channels > 1:  # OpenCV wrote BGR
        expected = expected[..., [2, 1, 0, 3][:channels]]
    assert (found.pixels == expected[..., :3]).all()
    if channels == 4:
        assert (found.alpha == expected[..., 3]).all()


def test_ten_bit_samples_fill_the_range():
    white = np.full((32, 32, 3), 1023, np.uint16)
    data = opencv(".avif", white, cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 100)
    found = read_picture(data)
    assert found.depth == 10
    assert found.pixels.min() > 65300
    assert heic("RGB;16")
    assert read_picture(heic("RGB;16")).pixels.max() > 60000


LAYOUTS = st.sampled_from(
    [("PNG", mode) for mode in ("L", "LA", "RGB", "RGBA", "P", "1")]
    + [("TIFF", mode) for mode in ("L", "LA", "RGB", "RGBA", "CMYK", "P", "1")]
    + [("BMP", mode) for mode in ("L", "RGB", "P", "1")]
    + [("WEBP", mode) for mode in ("RGB", "RGBA")]
)


@settings(max_examples=60, deadline=None)
@given(LAYOUTS, st.integers(1, 40), st.integers(1, 40), st.integers(1, 8), st.integers(0, 99), st.data())
def test_lossless_types_of_any_size(layout, height, width, orientation, seed, data):
    kind, mode = layout
    if height * width == 1:
        width = 2
    base = {"P": "RGB", "1": "RGB"}.get(mode, mode)
    image = picture(base, height=height, width=width, seed=seed)
    image = image.quantize(16) if mode == "P" else image.convert("1") if mode == "1" else image
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    if kind != "BMP":
        options["exif"] = exif_block(orientation=orientation)
    if kind == "TIFF":
        options = {
            "tiffinfo": {274: orientation},
            "compression": data.draw(st.sampled_from(["raw", "tiff_lzw", "zstd"])),
        }
    source = read_picture(saved(image, kind, **options))
    expected = np.asarray(image.convert("RGBA" if source.alpha is not None else "RGB")) if mode != "CMYK" else None
    if kind != "BMP":
        assert source.orientation == orientation
    if expected is not None and source.orientation == 1:
        assert (source.pixels == expected[..., :3]).all()
    changed = np.random.default_rng(seed).random(source.pixels.shape[:2]) < 0.3
    pixels = source.pixels.copy()
    pixels[changed] = 0
    found = read_picture(encode_picture(source, pixels, changed=changed))
    assert (found.pixels == pixels).all()
    if source.alpha is not None:
        assert (found.alpha == source.alpha).all()
    if source.ink is not None:
        assert (found.ink[~changed] == source.ink[~changed]).all()


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["minisblack", "miniswhite", "rgb", "rgba", "separated"]),
    st.integers(1, 40),
    st.integers(2, 40),
    st.sampled_from([None, "zlib", "lzma"]),
    st.booleans(),
    st.sampled_from(["<", ">"]),
    st.sampled_from([None, (16, 16), (32, 16)]),
    st.booleans(),
    st.sampled_from([8, 16]),
)
def test_tiff_layouts(photometric, height, width, compression, predictor, order, tile, big, bits):
    channels = {"minisblack": 1, "miniswhite": 1, "rgb": 3, "rgba": 4, "separated": 4}[photometric]
    values = noise(height, width, channels, bits, seed=height * 50 + width)
    values = values[..., 0] if channels == 1 else values
    data = tiff_of(
        values,
        photometric=photometric.removesuffix("a"),
        extrasamples=["unassalpha"] if photometric == "rgba" else None,
        compression=compression,
        predictor=(predictor and compression is not None) or None,
        byteorder=order,
        tile=tile,
        bigtiff=big,
    )
    source = read_picture(data)
    full = (1 << bits) - 1
    if channels == 1:
        shown = full - values if photometric == "miniswhite" else values
        assert (source.pixels == shown[..., None]).all()
    elif channels == 3 or photometric == "rgba":
        assert (source.pixels == values[..., :3]).all()
    else:
        assert (source.ink == values).all()
    changed = np.zeros((height, width), bool)
    changed[0, : width // 2] = True
    pixels = source.pixels.copy()
    pixels[changed] = full // 2
    written = encode_picture(source, pixels, changed=changed)
    found = read_picture(written)
    assert (found.pixels[~changed] == pixels[~changed]).all()
    assert np.abs(found.pixels[changed].astype(int) - pixels[changed]).max() <= (1 if source.ink is not None else 0)
    old, new = tiff.parse(data), tiff.parse(written)
    assert (new.order, new.big) == (old.order, old.big)
    tag = tiff.COMPRESSION
    assert new.number(new.pages[0], tag, 0) == old.number(old.pages[0], tag, 0)
    assert tifffile.imread(io.BytesIO(written)).shape == values.shape  # another reader


def test_all_pages_of_a_tiff_are_kept():
    pages = [noise(seed=1), noise(seed=2, bits=16), noise(seed=3, channels=1)[..., 0], noise(30, 50, seed=4)]
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for number, page in enumerate(pages):
            compression = [None, "zlib", None, "lzma"][number]
            writer.write(page, photometric="rgb" if page.ndim == 3 else "minisblack", compression=compression)
    _, pixels, _, written = edited(file.getvalue())
    found = list(tifffile.TiffFile(io.BytesIO(written.data)).pages)
    assert len(found) == 4
    assert (found[0].asarray() == pixels).all()
    for page, expected in zip(found[1:], pages[1:], strict=True):
        assert (page.asarray() == expected).all()


def test_further_channels_of_a_tiff_are_kept():
    values = noise(channels=5)
    data = tiff_of(values, photometric="rgb", extrasamples=["unspecified", "unspecified"])
    source, pixels, _, written = edited(data)
    assert source.alpha is None
    found = tifffile.imread(io.BytesIO(written.data))
    assert (found[..., :3] == pixels).all()
    assert (found[..., 3:] == values[..., 3:]).all()


def test_png_of_grey_with_sixteen_bit_alpha():
    base = read_picture(FILES["png-16-1"])
    alpha = noise(channels=1, bits=16, seed=4)[..., 0]
    written = encode(base, base.pixels, changed=None, alpha=alpha)
    head = png.header(png.chunks(written.data))
    assert (head.colour, head.depth) == (4, 16)
    found = read_picture(written.data)
    assert (found.pixels == base.pixels).all()
    assert (found.alpha == alpha).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "BMP"])
def test_a_new_alpha_is_written(kind):
    source = read_picture(FILES["png-RGB"])
    alpha = noise(channels=1, seed=4)[..., 0]
    found = read_picture(encode(source, source.pixels, changed=None, alpha=alpha, options=EncodeOptions(kind)).data)
    assert (found.alpha == alpha).all()
    assert (found.pixels == source.pixels).all()


def test_transparent_colours_of_a_palette_and_of_one_colour():
    image = picture().quantize(20)
    keyed = saved(image, "PNG", transparency=3)
    source = read_picture(keyed)
    assert set(np.unique(source.alpha)) == {0, 255}
    found = read_picture(encode(source, source.pixels, changed=None).data)
    assert found.mode == "P"
    assert (found.alpha == source.alpha).all()
    colour = opencv(".png", noise(bits=16))
    chunks = png.chunks(colour)
    key = read_picture(colour).pixels[3, 4].astype(">u2").tobytes()
    deep = read_picture(png.assemble([chunks[0], png.Chunk(b"tRNS", key), *chunks[1:]]))
    assert deep.alpha[3, 4] == 0
    assert deep.alpha.max() == 65535


def test_a_palette_that_overflows_becomes_true_colour_and_says_so():
    source = read_picture(FILES["png-P"])
    pixels = noise(seed=8)
    written = encode(source, pixels, changed=None)
    assert any("256 colours" in note for note in written.notes)
    assert (read_picture(written.data).pixels == pixels).all()


@pytest.mark.parametrize("target", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIF", "BMP"])
@pytest.mark.parametrize(
    "name", ["jpeg-420", "jpeg-cmyk", "jpeg-L", "png-RGBA", "png-16-4", "png-P", "tiff-16-cmyk", "heic-10"]
)
def test_every_type_to_every_type(name, target):
    source, pixels, changed, written = edited(FILES[name], format=target)
    found = read_picture(written.data)
    assert found.format == target
    shown, wanted = found.pixels, pixels
    if shown.dtype != wanted.dtype:
        wanted = (wanted.astype(np.uint32) * 255 // 65535).astype(np.uint8) if shown.dtype == np.uint8 else wanted
    if source.alpha is not None and found.alpha is None:
        assert any("white" in note for note in written.notes)
        return
    error = np.abs(shown.astype(float) - wanted) / np.iinfo(shown.dtype).max
    assert error[changed].mean() < 0.03
    if target in ("PNG", "TIFF") and source.mode != "CMYK":
        assert (shown == pixels).all()
    if source.depth > 8 and target in ("JPEG", "WEBP", "BMP"):
        assert any("8 bits" in note for note in written.notes)
    if source.mode == "CMYK" and target not in ("JPEG", "TIFF"):
        assert any("CMYK" in note for note in written.notes)


def test_cmyk_goes_through_its_profile_to_rgb():
    """No free CMYK profile is at hand, so a broken one shows that it is neither trusted nor embedded."""
    data = saved(picture("CMYK"), "JPEG", icc_profile=b"broken profile" * 20)
    _, _, _, written = edited(data, format="PNG")
    assert read_picture(written.data).metadata.icc is None
    assert any("profile" in note for note in written.notes)


def test_sides_that_a_type_cannot_have():
    wide = read_picture(saved(Image.new("RGB", (20000, 2)), "PNG"))
    with pytest.raises(OutputError, match="too large"):
        encode(wide, wide.pixels, changed=None, options=EncodeOptions("WEBP"))


def test_wrong_arrays_are_refused():
    source = read_picture(FILES["png-RGB"])
    with pytest.raises(ArrayError):
        encode(source, source.pixels[1:], changed=None)
    with pytest.raises(ArrayError):
        encode(source, source.pixels.astype(np.uint16), changed=None)
    with pytest.raises(ArrayError):
        encode(source, source.pixels, changed=np.zeros((3, 3), bool))
    with pytest.raises(ArrayError):
        encode(source, source.pixels, changed=None, alpha=np.zeros((3, 3), np.uint8))


def test_options_are_checked():
    for wrong in ({"format": "GIF"}, {"quality": 0}, {"quality": 101}):
        with pytest.raises(ArgumentError):
            EncodeOptions(**wrong)
    assert format_of("a/b/C.JPG") == "JPEG"
    assert format_of("x.heic") == "HEIF"
    for wrong in ("noending", "a.gif", "a.tar.gz"):
        with pytest.raises(ArgumentError):
            format_of(wrong)


def test_the_input_is_left_alone():
    for name in sorted(FILES):
        source = read_picture(FILES[name])
        copies = source.pixels.copy(), None if source.ink is None else source.ink.copy()
        pixels = source.pixels.copy()
        pixels[:9] = 7
        before = pixels.copy()
        encode(source, pixels, changed=None)
        assert (pixels == before).all()
        assert (source.pixels == copies[0]).all()
        assert source.ink is None or (source.ink == copies[1]).all()
