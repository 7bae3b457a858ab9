"""EXIF, XMP, ICC, IPTC and resolution through every path; place and AI mark on request."""

import io

import numpy as np
import pytest
from PIL import Image

from cleanplate.container import exif, jpeg, photoshop, png, tiff, xmp
from cleanplate.decode.image import read_picture
from cleanplate.encode.image import EncodeOptions, encode
from tests.decode.builders import IPTC, SRGB, XMP, exif_block, heic, jpeg_with, noise, picture, saved, tiff_of

NOTE = b"MAKER\0" + bytes(range(1, 200))
PACKET = XMP % (
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"'
    b' xmlns:dc="http://purl.org/dc/elements/1.1/" tiff:Orientation="6" exif:GPSLatitude="48,51.5N">'
    b"<exif:GPSLongitude>2,21E</exif:GPSLongitude><dc:title><rdf:Alt>"
    b'<rdf:li xml:lang="x-default">Pont &amp; Seine \xc3\xa9</rdf:li></rdf:Alt></dc:title></rdf:Description>'
)
AI = b"http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


def source_of(kind, orientation=1, order="<"):
    block = exif_block(order=order, orientation=orientation, maker_note=NOTE, gps=True, size=(45, 67))
    image = picture()
    if kind == "JPEG":
        data = saved(image, "JPEG", exif=block, icc_profile=SRGB, dpi=(240, 240))
        extra = b"Photoshop 3.0\0" + photoshop.iptc_block(IPTC)
        return jpeg_with(data, (0xED, extra), (0xE1, jpeg.XMP_PREFIX + PACKET), (0xFE, b"a comment"))
    if kind == "PNG":
        found = png.chunks(saved(image, "PNG", icc_profile=SRGB, dpi=(240, 240)))
        more = [png.Chunk(b"eXIf", block), png.xmp_chunk(PACKET)]
        more.append(png.raw_profile_chunk(b"iptc", photoshop.iptc_block(IPTC)))
        return png.assemble([found[0], *more, *found[1:]])
    if kind == "TIFF":
        data = tiff_of(
            noise(),
            photometric="rgb",
            resolution=(240, 240),
            resolutionunit=2,
            iccprofile=SRGB,
            byteorder=order,
            extratags=[(700, 1, len(PACKET), PACKET, True), (33723, 7, len(IPTC), IPTC, True)],
        )
        parsed = tiff.parse(data)
        described = tiff.parse(block).pages[0]
        page = parsed.pages[0]
        page.tables |= described.tables
        page.fields |= {tag: value for tag, value in described.fields.items() if tag not in (274,)}
        page.fields[274] = parsed.short(orientation)
        return tiff.assemble(parsed)
    if kind == "HEIF":
        return heic(exif=block, xmp=PACKET)
    return saved(
        image, kind, exif=block, icc_profile=SRGB, xmp=PACKET, **({"lossless": True} if kind == "WEBP" else {})
    )


def written_from(data, **options):
    source = read_picture(data)
    changed = np.zeros(source.pixels.shape[:2], bool)
    changed[3:30, 3:30] = True
    pixels = source.pixels.copy()
    pixels[changed] = 200
    return source, encode(source, pixels, changed=changed, options=EncodeOptions(**options))


def exif_of(data):
    found = Image.Exif()
    found.load(data)
    return found


KINDS = ["JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIF"]


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ["<", ">"])
def test_from_every_type_to_every_type(kind, target, order):
    source, written = written_from(source_of(kind, order=order), format=target)
    found = read_picture(written.data)
    assert found.format == written.format == target
    before, after = exif_of(source.metadata.exif), exif_of(found.metadata.exif)
    assert after[0x010F] == "Testmaker"
    assert after[0x8298] == "(c) somebody"
    assert after.get_ifd(0x8769)[0x9003] == before.get_ifd(0x8769)[0x9003] == "2026:01:02 03:04:05"
    assert after.get_ifd(0x8769)[0x829A] == before.get_ifd(0x8769)[0x829A]
    assert after.get_ifd(0x8769)[0x927C] == NOTE
    assert after.get_ifd(0x8825)[2] == before.get_ifd(0x8825)[2]
    assert "Pont &amp; Seine é".encode() in found.metadata.xmp
    if kind != "HEIF":
        assert found.metadata.icc == SRGB
    if {kind, target} <= {"JPEG", "PNG", "TIFF"}:
        assert found.metadata.iptc == IPTC
        assert found.metadata.dpi == pytest.approx((240, 240), rel=1e-3)


def test_exif_bytes_stay_where_nothing_had_to_change():
    source, written = written_from(source_of("JPEG"))
    assert read_picture(written.data).metadata.exif == source.metadata.exif
    assert read_picture(written.data).metadata.xmp == source.metadata.xmp
    assert b"a comment" in written.data


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("target", KINDS)
def test_orientation_is_said_once_and_right(orientation, target):
    """A JPEG keeps its frame and tag; all else is written upright with the tag 1, in EXIF and in XMP."""
    data = source_of("JPEG", orientation)
    source, written = written_from(data, format=target)
    found = read_picture(written.data)
    kept = orientation if target == "JPEG" else 1
    assert found.orientation == exif.orientation(found.metadata.exif) == kept
    assert found.pixels.shape == source.pixels.shape
    assert np.abs(found.pixels[40:].astype(int) - source.pixels[40:]).mean() < 12
    if target != "JPEG":
        assert b'tiff:Orientation="1"' in found.metadata.xmp
        inner = exif_of(found.metadata.exif).get_ifd(0x8769)
        assert (inner[0xA002], inner[0xA003]) == (source.width, source.height)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", [3, 5, 6, 8])
def test_lossless_types_with_an_orientation_come_back_upright(kind, orientation):
    data = source_of(kind, orientation)
    source, written = written_from(data)
    found = read_picture(written.data)
    assert source.orientation == orientation
    assert found.orientation == 1
    assert (found.pixels[31:] == source.pixels[31:]).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ["<", ">"])
def test_strip_gps(kind, order):
    source, written = written_from(source_of(kind, order=order), strip_gps=True)
    found = read_picture(written.data).metadata
    assert exif_of(source.metadata.exif).get_ifd(0x8825)
    assert not exif_of(found.exif).get_ifd(0x8825)
    assert 0x8825 not in exif_of(found.exif)
    place = np.array([48, 1, 51, 1, 30, 1], order + "u4").tobytes()
    assert place in source.source
    assert place not in written.data
    assert b"GPSL" not in written.data
    after = exif_of(found.exif)
    assert after[0x010F] == "Testmaker"
    assert after[0x8298] == "(c) somebody"
    assert after.get_ifd(0x8769)[0x927C] == NOTE


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("with_packet", [True, False])
def test_mark_ai(kind, with_packet):
    bare = heic() if kind == "HEIF" else saved(picture(), kind)
    data = source_of(kind) if with_packet else bare
    _, written = written_from(data, mark_ai=True)
    packet = read_picture(written.data).metadata.xmp
    assert packet.count(AI) == 1
    assert b"Iptc4xmpExt:DigitalSourceType" in packet
    assert xmp.parses(packet)
    assert (b"Pont" in packet) == with_packet
    again = encode(
        read_picture(written.data), read_picture(written.data).pixels, changed=None, options=EncodeOptions(mark_ai=True)
    )
    assert read_picture(again.data).metadata.xmp.count(AI) == 1


def test_bmp_says_what_it_cannot_hold():
    _, written = written_from(source_of("PNG"), format="BMP")
    assert any("BMP cannot hold EXIF, XMP, ICC, IPTC" in note for note in written.notes)


def test_other_readers_agree():
    """Pillow finds in the written files what we say is there."""
    for target in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
        _, written = written_from(source_of("JPEG", 6), format=target)
        with Image.open(io.BytesIO(written.data)) as image:
            image.load()
            assert image.getexif()[0x010F] == "Testmaker"
            assert image.info["icc_profile"] == SRGB
            assert image.getexif().get(0x0112) == (6 if target == "JPEG" else 1)


def test_colours_of_png_are_not_reinterpreted():
    found = png.chunks(saved(picture(), "PNG"))
    gamma, chroma = png.Chunk(b"gAMA", (45455).to_bytes(4, "big")), png.Chunk(b"cHRM", bytes(range(32)))
    data = png.assemble([found[0], gamma, chroma, *found[1:]])
    source, written = written_from(data)
    assert (read_picture(written.data).pixels[40:] == source.pixels[40:]).all()
    assert {b"gAMA", b"cHRM"} <= {chunk.kind for chunk in png.chunks(written.data)}
