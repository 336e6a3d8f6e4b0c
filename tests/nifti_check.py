"""nifti_check.py make FOLDER | check FILE - what nibabel makes for us to read, and what it reads of ours."""
import sys
import nibabel
import numpy

def affine():
    a = numpy.array([[0.0, -0.9, 0.1, 10.25], [1.5, 0.05, 0.0, -20.5], [0.0, 0.2, 3.0, 5.125], [0, 0, 0, 1]])
    return a

def make(folder):
    values = (numpy.arange(2 * 3 * 4) * 7 - 60).reshape(2, 3, 4)
    for name in 'int8 uint8 int16 uint16 int32 uint32 int64 uint64 float32 float64'.split():
        data = (values % 100 if name[0] == 'u' else values).astype(name)
        for kind, cls in (('1', nibabel.Nifti1Image), ('2', nibabel.Nifti2Image)):
            for order in '<>':
                head = cls.header_class(endianness=order)
                head.set_data_dtype(data.dtype.newbyteorder(order))
                im = cls(data, affine(), head)
                im.set_sform(affine(), 1)
                im.set_qform(None, 0)
                im.header.set_xyzt_units('mm')
                tail = '.nii.gz' if order == '>' else '.nii'
                nibabel.save(im, f'{folder}/{name}_{kind}_{"b" if order == ">" else "l"}{tail}')
    im = nibabel.Nifti1Image(values.astype('int16'), None)
    q, _ = numpy.linalg.qr(affine()[:3, :3])
    a = numpy.eye(4)
    a[:3, :3] = q * [1.5, 0.75, 3]
    a[:3, 3] = [1, 2, 3]
    im.set_sform(None, 0)
    im.set_qform(a, 1)
    im.header.set_slope_inter(0.5, -3)
    nibabel.save(im, f'{folder}/qform.nii')
    im = nibabel.Nifti1Image(numpy.zeros((2, 3, 4, 5), 'uint8'), affine())
    nibabel.save(im, f'{folder}/four.nii')
    im.set_sform(None, 0)
    im.set_qform(None, 0)
    nibabel.save(im.slicer[..., 0], f'{folder}/lost.nii')
    print(' '.join('%.17g' % x for x in a.ravel()))

def check(path):
    im = nibabel.load(path)
    print(type(im).__name__, im.shape, im.header.get_data_dtype().name, int(im.header['sform_code']), int(im.header['qform_code']))
    print(' '.join('%.9g' % x for x in im.header.get_sform().ravel()[:12]))
    print('%.3g' % abs(im.get_sform() - im.get_qform()).max() if im.header['qform_code'] else 'sheared')
    print(' '.join('%g' % x for x in im.get_fdata().ravel(order='F')[:6]), '%.17g' % im.get_fdata().sum())

dict(make=make, check=check)[sys.argv[1]](sys.argv[2])
