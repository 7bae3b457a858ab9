"""What was erased shows nowhere in the written file: not in a thumbnail, preview, second picture, layer or clip."""

import io
import struct
import zlib
from base64 import b64encode

import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image

from cleanplate.container import exif, jpeg, png, tiff, xmp
from cleanplate.decode.image import read_picture
from cleanplate.encode.image import EncodeOptions, encode
from tests.decode.builders import HEIGHT, WIDTH, XMP, exif_block, jpeg_with, noise, picture, saved, tiff_of

SECRET = saved(picture(height=40, width=48, seed=9), "JPEG", quality=85)
MARK = SECRET[-120:-60]  # entropy-coded data that only the preview has
RAW_MARK = noise(seed=9)[:20].tobytes()


def erased(data, **options):
    """The file with a corner painted over."""
    source = read_picture(data)
    pixels, changed = source.pixels.copy(), np.zeros(source.pixels.shape[:2], bool)
    changed[5:20, 5:20] = True
    pixels[changed] = 128
    return encode(source, pixels, changed=changed, options=EncodeOptions(**options))


def assert_clean(data, marks=(MARK,)):
    for mark in marks:
        assert len(mark) >= 20
        assert mark not in data
        assert b64encode(mark)[4:-4] not in data
    assert data[4:].count(b"\xff\xd8\xff") == 0


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("target", [None, "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_exif_thumbnail(order, target):
    block = exif_block(order=order, thumbnail=SECRET)
    source = saved(picture(), "JPEG", exif=block)
    assert MARK in source
    written = erased(source, format=target)
    assert_clean(written.data)
    assert b"Testmaker" in written.data


@pytest.mark.parametrize("changed_first_byte", [False, True])
def test_previews_inside_maker_notes(changed_first_byte):
    preview = b"\x02" + SECRET[1:] if changed_first_byte else SECRET
    note = b"MAKER\0\1\2settings before" + preview + b"settings after"
    written = erased(saved(picture(), "JPEG", exif=exif_block(maker_note=note)))
    assert_clean(written.data)
    kept = read_picture(written.data).metadata.exif
    assert b"settings before" in kept
    assert b"settings after" in kept
    assert len(kept) == len(exif_block(maker_note=note))


def test_jfif_and_jfxx_thumbnails():
    plain = saved(picture(), "JPEG")
    tiny = noise(height=16, width=16, seed=9).tobytes()
    at = plain.index(b"JFIF\0")
    size = struct.unpack_from(">H", plain, at - 2)[0]
    head = plain[at : at + 12] + bytes((16, 16)) + tiny
    rest = plain[at - 2 + size :]
    data = b"\xff\xd8\xff\xe0" + struct.pack(">H", len(head) + 2) + head
    data += b"\xff\xe0" + struct.pack(">H", len(SECRET) + 8) + b"JFXX\0\x10" + SECRET + rest
    assert tiny[:60] in data
    assert MARK in data
    written = erased(data)
    assert_clean(written.data, (MARK, tiny[:60]))
    assert jpeg.parse(written.data).payloads(jpeg.APP0, b"JFIF\0")[0][-2:] == b"\0\0"


def test_photoshop_thumbnails_go_and_iptc_stays():
    from tests.decode.builders import IPTC

    def block(number, body):
        return b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + b"\0" * (len(body) % 2)

    head = struct.pack(">7IHH"[:-2], 1, 48, 40, 144, 5760, len(SECRET), 24) + b"\0\1\0\0"
    body = block(0x0404, IPTC) + block(0x040C, head + SECRET) + block(0x0409, SECRET) + block(0x03ED, bytes(16))
    written = erased(jpeg_with(saved(picture(), "JPEG"), (0xED, b"Photoshop 3.0\0" + body)))
    assert_clean(written.data)
    assert read_picture(written.data).metadata.iptc == IPTC
    assert block(0x03ED, bytes(16)) in written.data


def test_multi_picture_files_gain_maps_and_clips_behind_the_picture():
    plain = saved(picture(), "JPEG")
    clip = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 4
    index = b"MPF\0II*\0\x08\0\0\0" + bytes(80)
    packet = XMP % (
        b'<rdf:Description xmlns:GCamera="http://ns.google.com/photos/1.0/camera/"'
        b' xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" xmlns:Container="http://ns.google.com/photos/1.0/container/"'
        b' xmlns:dc="http://purl.org/dc/elements/1.1/" GCamera:MotionPhoto="1" GCamera:MicroVideoOffset="900"'
        b' hdrgm:Version="1.0" hdrgm:GainMapMax="2" dc:format="image/jpeg">'
        b'<Container:Directory><rdf:Seq><rdf:li rdf:parseType="Resource"/></rdf:Seq></Container:Directory>'
        b"</rdf:Description>"
    )
    data = jpeg_with(
        plain, (0xE2, index), (0xE1, jpeg.XMP_PREFIX + packet), (0xEB, b"HDR_RI ver=11" + SECRET), trailer=SECRET + clip
    )
    written = erased(data)
    assert_clean(written.data, (MARK, clip[-64:]))
    assert written.data.endswith(b"\xff\xd9")
    assert jpeg.parse(written.data).trailer == len(written.data)
    for word in (b"MPF\0", b"MotionPhoto", b"MicroVideo", b"GainMapMax", b"Directory", b"HDR_RI"):
        assert word not in written.data
    assert b"image/jpeg" in read_picture(written.data).metadata.xmp
    assert any("behind the picture" in note for note in written.notes)


def test_pictures_inside_xmp():
    encoded = b64encode(SECRET)
    packet = XMP % (
        b'<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/"'
        b' xmlns:GImage="http://ns.google.com/photos/1.0/image/" xmlns:own="http://example.org/own/" own:shot="'
        + encoded
        + b'" GImage:Data="'
        + encoded
        + b'" xmp:Rating="4"><xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource"><xmpGImg:image>'
        + encoded
        + b"</xmpGImg:image></rdf:li></rdf:Alt></xmp:Thumbnails></rdf:Description>"
    )
    for data in (
        jpeg_with(saved(picture(), "JPEG"), (0xE1, jpeg.XMP_PREFIX + packet)),
        saved(picture(), "WEBP", lossless=True, xmp=packet),
    ):
        assert encoded in data
        written = erased(data)
        assert encoded[:40] not in written.data
        assert b'xmp:Rating="4"' in read_picture(written.data).metadata.xmp


def test_extended_xmp_goes():
    plain = saved(picture(), "JPEG")
    packet = XMP % (
        b'<rdf:Description xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="0123456789ABCDEF"/>'
    )
    extended = jpeg.EXTENDED_XMP_PREFIX + b"0123456789ABCDEF" * 2 + struct.pack(">II", 99, 0) + b64encode(SECRET)
    written = erased(jpeg_with(plain, (0xE1, jpeg.XMP_PREFIX + packet), (0xE1, extended)))
    assert_clean(written.data)
    assert b"HasExtendedXMP" not in written.data


@pytest.mark.parametrize("marker", [0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xEB, 0xEF])
def test_unknown_application_segments(marker):
    written = erased(jpeg_with(saved(picture(), "JPEG"), (marker, b"maker\0" + SECRET)))
    assert_clean(written.data)
    assert any(f"APP{marker & 15}" in note for note in written.notes)


def test_png_animation_and_private_chunks():
    frames = [picture(seed=seed) for seed in (1, 9)]
    animated = saved(frames[0], "PNG", save_all=True, append_images=frames[1:])
    assert b"fdAT" in animated
    found = png.chunks(animated)
    layers = png.Chunk(b"mkBT", SECRET)
    text = png.Chunk(b"tEXt", b"Preview\0" + b64encode(SECRET))
    profile = png.raw_profile_chunk(b"exif", b"Exif\0\0" + exif_block(thumbnail=SECRET))
    data = png.assemble([found[0], layers, text, profile, png.Chunk(b"tEXt", b"Author\0me"), *found[1:]])
    written = erased(data)
    kinds = {chunk.kind for chunk in png.chunks(written.data)}
    assert kinds <= {b"IHDR", b"IDAT", b"IEND", b"tEXt", b"eXIf"}
    assert_clean(written.data)
    assert b"Author\0me" in written.data
    assert b"Testmaker" in written.data
    assert zlib.decompress(b"".join(c.data for c in png.chunks(written.data) if c.kind == b"IDAT"))
    assert "animation" in read_picture(data).notes[0]


def test_webp_animation():
    frames = [picture(seed=seed) for seed in (1, 9)]
    animated = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert b"ANMF" in animated
    written = erased(animated)
    assert b"ANMF" not in written.data
    assert Image.open(io.BytesIO(written.data)).n_frames == 1


def test_tiff_previews_layers_and_reduced_pages():
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        options = {"photometric": "rgb", "compression": None, "metadata": None}
        writer.write(
            noise(seed=1),
            subifds=1,
            extratags=[
                (37724, 7, len(SECRET), b"Adobe Photoshop Document Data Block\0" + SECRET[36:], True),
                (50000, 7, len(SECRET), SECRET, True),
                (51000, 7, 70000, bytes(70000), True),
                (51001, 7, 12, b"small words!", True),
            ],
            **options,
        )
        writer.write(noise(seed=9), subfiletype=1, **options)  # a sub-page of the first
        writer.write(noise(seed=9), subfiletype=1, **options)  # a reduced copy as a page
        writer.write(noise(seed=5), **options)  # another page
    data = file.getvalue()
    assert data.count(RAW_MARK) == 2
    written = erased(data)
    assert_clean(written.data, (MARK, RAW_MARK))
    assert b"small words!" in written.data
    assert bytes(70000) not in written.data
    pages = tiff.parse(written.data).pages
    assert len(pages) == 2
    assert noise(seed=5).tobytes() in written.data


def test_tiff_old_pixels_are_not_left_in_gaps():
    samples = noise(seed=9)
    source = read_picture(tiff_of(samples, photometric="rgb"))
    grey = np.full_like(source.pixels, 99)
    written = encode(source, grey, changed=np.ones(samples.shape[:2], bool)).data
    assert RAW_MARK not in written
    assert len(written) < len(source.source) + 200


def test_heic_thumbnails_and_auxiliary_pictures():
    image = pillow_heif.from_bytes("RGB", (WIDTH * 6, HEIGHT * 6), noise(HEIGHT * 6, WIDTH * 6).tobytes())
    image.info["thumbnails"] = [64]
    file = io.BytesIO()
    image.save(file, quality=80, thumbnails=[64], exif=exif_block(thumbnail=SECRET))
    second = pillow_heif.from_bytes("RGB", (96, 96), noise(96, 96, seed=9).tobytes())
    image.add_frombytes("RGB", (96, 96), second.data)
    file = io.BytesIO()
    image.save(file, quality=80, exif=exif_block(thumbnail=SECRET))
    written = erased(file.getvalue())
    found = pillow_heif.open_heif(io.BytesIO(written.data))
    assert len(found) == 1
    assert not found.info.get("thumbnails")
    assert_clean(written.data)


@pytest.mark.parametrize("packet", [b"<not closed", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", b"<a/>"])
def test_xmp_that_cannot_be_checked_does_not_stay(packet):
    written = erased(jpeg_with(saved(picture(), "JPEG"), (0xE1, jpeg.XMP_PREFIX + packet)))
    assert packet not in written.data
    assert xmp.edited(packet, xmp.XmpEdit()) is None


def test_exif_that_cannot_be_checked_does_not_stay():
    for block in (b"II*\0\xff\xff\0\0" + SECRET, b"nonsense" + SECRET, exif_block(thumbnail=SECRET)[:-900] + b"\xff"):
        written = erased(jpeg_with(saved(picture(), "JPEG"), (0xE1, b"Exif\0\0" + block)))
        assert_clean(written.data)
    assert exif.edited(b"nonsense", exif.ExifEdit()) is None
