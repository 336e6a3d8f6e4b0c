/* io/dicom_shim.cc - DCMTK behind plain C functions.  Every function catches what DCMTK may throw.
 */
#include "io/dicom_shim.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <dcmtk/oflog/oflog.h>

#include <cstdio>

struct rp_shim {
    DcmFileFormat file;
    DcmXfer syntax;
    rp_shim() : syntax(EXS_Unknown) {}
};

namespace
{

DcmItem *of(rp_shim_item *item) { return reinterpret_cast<DcmItem *>(item); }

rp_shim_item *as(DcmItem *item) { return reinterpret_cast<rp_shim_item *>(item); }

DcmTagKey key(uint32_t tag)
{
    return DcmTagKey(static_cast<Uint16>(tag >> 16), static_cast<Uint16>(tag & 0xFFFFu));
}

void say(char *why, const char *text) { std::snprintf(why, RP_SHIM_WHY, "%s", text); }

DcmElement *element(rp_shim_item *item, uint32_t tag)
{
    DcmElement *e = nullptr;
    return of(item)->findAndGetElement(key(tag), e).good() ? e : nullptr;
}

DcmPixelData *pixels(rp_shim *f)
{
    DcmElement *e = nullptr;
    if (f->file.getDataset()->findAndGetElement(DCM_PixelData, e).bad()) return nullptr;
    return dynamic_cast<DcmPixelData *>(e);
}

DcmPixelSequence *sequence(rp_shim *f)
{
    DcmPixelData *p = pixels(f);
    DcmPixelSequence *s = nullptr;
    E_TransferSyntax xfer;
    const DcmRepresentationParameter *parameter = nullptr;
    if (!p) return nullptr;
    p->getOriginalRepresentationKey(xfer, parameter);
    return p->getEncapsulatedRepresentation(xfer, parameter, s).good() ? s : nullptr;
}

template <typename T> long spread(const T *from, unsigned long n, long max, double out[])
{
    for (unsigned long i = 0; i < n && static_cast<long>(i) < max; i++)
        out[i] = static_cast<double>(from[i]);
    return static_cast<long>(n);
}

/* Arrays of DCMTK are counted in bytes. */
long binary_numbers(DcmElement *e, long max, double out[])
{
    Uint16 *u16 = nullptr;
    Sint16 *s16 = nullptr;
    Uint32 *u32 = nullptr;
    Sint32 *s32 = nullptr;
    Float32 *f32 = nullptr;
    Float64 *f64 = nullptr;
    const unsigned long bytes = e->getLength();
    switch (e->ident()) {
    case EVR_US:
    case EVR_xs:
        return e->getUint16Array(u16).good() && u16 ? spread(u16, bytes / 2, max, out) : -2;
    case EVR_SS:
        return e->getSint16Array(s16).good() && s16 ? spread(s16, bytes / 2, max, out) : -2;
    case EVR_UL:
        return e->getUint32Array(u32).good() && u32 ? spread(u32, bytes / 4, max, out) : -2;
    case EVR_SL:
        return e->getSint32Array(s32).good() && s32 ? spread(s32, bytes / 4, max, out) : -2;
    case EVR_FL:
        return e->getFloat32Array(f32).good() && f32 ? spread(f32, bytes / 4, max, out) : -2;
    case EVR_FD:
        return e->getFloat64Array(f64).good() && f64 ? spread(f64, bytes / 8, max, out) : -2;
    default: return -2;
    }
}

} // namespace

extern "C" bool rp_shim_start(void)
{
    try {
        OFLog::configure(OFLogger::OFF_LOG_LEVEL);
        DJDecoderRegistration::registerCodecs();
        DJLSDecoderRegistration::registerCodecs();
        DcmRLEDecoderRegistration::registerCodecs();
        return dcmDataDict.isDictionaryLoaded();
    } catch (...) {
        return false;
    }
}

extern "C" void rp_shim_end(void)
{
    try {
        DcmRLEDecoderRegistration::cleanup();
        DJLSDecoderRegistration::cleanup();
        DJDecoderRegistration::cleanup();
    } catch (...) {
    }
}

extern "C" rp_shim *rp_shim_load(const char *path, rp_shim_depth depth, char why[RP_SHIM_WHY])
{
    rp_shim *f = nullptr;
    try {
        why[0] = 0;
        f = new rp_shim;
        /* Values longer than this are left in the file until asked for, and then a cut is noticed;
         * a short cut value would be given as if it were whole. */
        const Uint32 longest = depth == RP_SHIM_PIXELS ? 64 : 4096;
        const OFCondition status = f->file.loadFileUntilTag(
            OFFilename(path), EXS_Unknown, EGL_noChange, longest, ERM_autoDetect,
            depth == RP_SHIM_HEADER ? DCM_PixelData : DCM_UndefinedTagKey);
        if (status.bad()) say(why, status.text());
        if (status.bad() && f->file.getDataset()->card() == 0) {
            delete f;
            return nullptr;
        }
        f->syntax = DcmXfer(f->file.getDataset()->getOriginalXfer());
        /* Texts that cannot be turned stay as they are: the caller cleans them. */
        (void)f->file.getDataset()->convertToUTF8();
        return f;
    } catch (...) {
        say(why, "the DICOM library gave up");
        delete f;
        return nullptr;
    }
}

extern "C" rp_shim *rp_shim_new(void)
{
    try {
        return new rp_shim;
    } catch (...) {
        return nullptr;
    }
}

extern "C" void rp_shim_free(rp_shim *f)
{
    try {
        delete f;
    } catch (...) {
    }
}

extern "C" rp_shim_item *rp_shim_top(rp_shim *f) { return as(f->file.getDataset()); }

extern "C" const char *rp_shim_syntax(rp_shim *f) { return f->syntax.getXferID(); }

extern "C" const char *rp_shim_syntax_name(rp_shim *f) { return f->syntax.getXferName(); }

extern "C" long rp_shim_items(rp_shim_item *item, uint32_t tag)
{
    try {
        DcmSequenceOfItems *s = nullptr;
        if (of(item)->findAndGetSequence(key(tag), s).bad() || !s) return -1;
        return static_cast<long>(s->card());
    } catch (...) {
        return -1;
    }
}

extern "C" rp_shim_item *rp_shim_item_at(rp_shim_item *item, uint32_t tag, long i)
{
    try {
        DcmSequenceOfItems *s = nullptr;
        if (of(item)->findAndGetSequence(key(tag), s).bad() || !s) return nullptr;
        return as(s->getItem(static_cast<unsigned long>(i)));
    } catch (...) {
        return nullptr;
    }
}

extern "C" uint32_t rp_shim_private(rp_shim_item *item, uint16_t group, const char *creator,
                                    uint8_t element)
{
    try {
        /* One walk: asking for each of 240 possible blocks took most of the time of a header. */
        for (DcmObject *o = of(item)->nextInContainer(nullptr); o;
             o = of(item)->nextInContainer(o)) {
            const uint32_t block = o->getETag();
            OFString name;
            if (o->getGTag() != group || block < 0x10 || block > 0xFF) continue;
            if (of(item)->findAndGetOFString(o->getTag(), name).good() && name == creator)
                return static_cast<uint32_t>(group) << 16 | block << 8 | element;
        }
        return 0;
    } catch (...) {
        return 0;
    }
}

extern "C" bool rp_shim_has(rp_shim_item *item, uint32_t tag)
{
    try {
        DcmElement *e = element(item, tag);
        return e && e->getLength() > 0;
    } catch (...) {
        return false;
    }
}

extern "C" bool rp_shim_text(rp_shim_item *item, uint32_t tag, const char **bytes, size_t *n)
{
    try {
        DcmElement *e = element(item, tag);
        char *text = nullptr;
        Uint8 *raw = nullptr;
        Uint32 length = 0;
        if (!e || e->getLength() == 0) return false;
        const DcmEVR vr = e->ident(); /* private text in implicit VR comes as bytes */
        if (vr == EVR_UN || vr == EVR_UNKNOWN || vr == EVR_UNKNOWN2B || vr == EVR_OB) {
            if (e->getUint8Array(raw).bad() || !raw) return false;
            *bytes = reinterpret_cast<const char *>(raw);
            *n = e->getLength();
            return true;
        }
        if (e->getString(text, length).bad() || !text || length == 0) return false;
        *bytes = text;
        *n = length;
        return true;
    } catch (...) {
        return false;
    }
}

extern "C" long rp_shim_numbers(rp_shim_item *item, uint32_t tag, long max, double out[])
{
    try {
        DcmElement *e = element(item, tag);
        return !e || e->getLength() == 0 ? -1 : binary_numbers(e, max, out);
    } catch (...) {
        return -2;
    }
}

extern "C" int64_t rp_shim_pixel_bytes(rp_shim *f)
{
    try {
        DcmPixelData *p = pixels(f);
        if (!p) return -2;
        if (f->syntax.isEncapsulated()) return -1;
        return static_cast<int64_t>(p->getLengthField());
    } catch (...) {
        return -2;
    }
}

extern "C" bool rp_shim_pixel_part(rp_shim *f, int64_t offset, int64_t n, void *out,
                                   char why[RP_SHIM_WHY])
{
    try {
        DcmPixelData *p = pixels(f);
        const OFCondition status =
            p ? p->getPartialValue(out, static_cast<Uint32>(offset), static_cast<Uint32>(n))
              : EC_TagNotFound;
        if (status.bad()) say(why, status.text());
        return status.good();
    } catch (...) {
        say(why, "the DICOM library gave up");
        return false;
    }
}

extern "C" long rp_shim_fragments(rp_shim *f)
{
    try {
        DcmPixelSequence *s = sequence(f);
        return s ? static_cast<long>(s->card()) : -1;
    } catch (...) {
        return -1;
    }
}

extern "C" bool rp_shim_fragment(rp_shim *f, long i, const uint8_t **bytes, size_t *n)
{
    try {
        DcmPixelSequence *s = sequence(f);
        DcmPixelItem *p = nullptr;
        Uint8 *data = nullptr;
        if (!s || s->getItem(p, static_cast<unsigned long>(i)).bad() || !p) return false;
        *n = p->getLength();
        *bytes = nullptr;
        if (*n == 0) return true;
        if (p->getUint8Array(data).bad() || !data) return false;
        *bytes = data;
        return true;
    } catch (...) {
        return false;
    }
}

extern "C" bool rp_shim_decode(rp_shim *f, long frame, long first, size_t n, void *out,
                               char why[RP_SHIM_WHY])
{
    try {
        DcmPixelData *p = pixels(f);
        OFString colour;
        Uint32 fragment = static_cast<Uint32>(first);
        if (!p) return false;
        const OFCondition status =
            p->getUncompressedFrame(f->file.getDataset(), static_cast<Uint32>(frame), fragment, out,
                                    static_cast<Uint32>(n), colour);
        if (status.bad()) say(why, status.text());
        return status.good();
    } catch (...) {
        say(why, "the DICOM library gave up");
        return false;
    }
}

extern "C" bool rp_shim_put_text(rp_shim_item *item, uint32_t tag, const char *vr,
                                 const char *value)
{
    try {
        DcmTag t = vr ? DcmTag(key(tag), DcmVR(vr)) : DcmTag(key(tag));
        return of(item)->putAndInsertString(t, value, OFTrue).good();
    } catch (...) {
        return false;
    }
}

extern "C" rp_shim_item *rp_shim_add_item(rp_shim_item *item, uint32_t tag)
{
    try {
        DcmItem *made = nullptr;
        return of(item)->findOrCreateSequenceItem(DcmTag(key(tag)), made, -2).good() ? as(made)
                                                                                     : nullptr;
    } catch (...) {
        return nullptr;
    }
}

extern "C" bool rp_shim_put_pixels8(rp_shim_item *item, size_t n, const uint8_t bytes[])
{
    try {
        return of(item)->putAndInsertUint8Array(DcmTag(DCM_PixelData, EVR_OB), bytes, n).good();
    } catch (...) {
        return false;
    }
}

extern "C" bool rp_shim_put_pixels16(rp_shim_item *item, size_t n, const uint16_t words[])
{
    try {
        return of(item)->putAndInsertUint16Array(DcmTag(DCM_PixelData, EVR_OW), words, n).good();
    } catch (...) {
        return false;
    }
}

extern "C" bool rp_shim_save(rp_shim *f, const char *path, char why[RP_SHIM_WHY])
{
    try {
        const OFCondition status = f->file.saveFile(OFFilename(path), EXS_LittleEndianExplicit,
                                                    EET_ExplicitLength, EGL_recalcGL, EPD_noChange);
        if (status.bad()) say(why, status.text());
        return status.good();
    } catch (...) {
        say(why, "the DICOM library gave up");
        return false;
    }
}
