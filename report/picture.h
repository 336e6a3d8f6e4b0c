/* report/picture.h - one slice of a case with its reference and prediction outlined, as SVG in mm.
 */
#pragma once
#include "lib/base/text.h"
#include "lib/image/volume.h"

/* All arrays on the image's grid as stored. */
typedef struct rp_picture {
    const rp_volume *image;
    const uint8_t *reference, *prediction; /* [voxels] labels */
    uint8_t label;                         /* which of them is outlined */
    bool is_hounsfield; /* window -160..240 HU; else 0 to the slice's 99.5th percentile */
    const char *title;  /* for those who hear it */
} rp_picture;

typedef struct rp_picture_facts {
    int axis;              /* of the plane: 0 axial, 1 coronal, 2 sagittal */
    int64_t slice, slices; /* from 1, counted towards the head, the back or the left */
    double position_mm;    /* LPS coordinate of the slice's centre along that axis */
    double low, high;      /* window */
    double bar_mm;         /* length of the scale bar */
} rp_picture_facts;

/* "axial", ...; 'z', ... */
const char *rp_picture_plane(int axis);
char rp_picture_letter(int axis);

/* Appends the drawing: the slice with the largest area of the reference (of the prediction where
 * the reference is empty; ties: the lowest slice), seen as radiologists do (patient's right on the
 * left), cut to the outlines with room around.  The plane is axial unless slices along one other
 * axis are over 1.5 times as far apart as along both others.  The picture is 8-bit PNG inside;
 * outlines follow the voxels' borders. Errors: RP_ENONE (neither has a voxel of the label), RP_ENUM
 * (a value of the slice is not finite), RP_EMEM. */
RP_MUST rp_status rp_picture_draw(const rp_picture *p, rp_text *svg, rp_picture_facts *facts);
