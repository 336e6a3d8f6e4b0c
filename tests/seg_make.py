"""seg_make.py FILE BINARY|FRACTIONAL - a DICOM SEG of 3 frames of 5x5, every third pixel set."""
import sys
import numpy
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence

path, kind = sys.argv[1:]
meta = FileMetaDataset()
meta.MediaStorageSOPClassUID = '1.2.840.10008.5.1.4.1.1.66.4'
meta.MediaStorageSOPInstanceUID = '1.2.3.8'
meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
d = FileDataset(path, {}, file_meta=meta, preamble=b'\0' * 128)
d.is_little_endian, d.is_implicit_VR = True, False
d.SOPClassUID, d.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
d.Modality, d.PatientID = 'SEG', 'P001'
d.Rows = d.Columns = 5
d.NumberOfFrames = 3
d.SamplesPerPixel, d.PhotometricInterpretation, d.PixelRepresentation = 1, 'MONOCHROME2', 0
d.SegmentationType = kind
mask = (numpy.arange(75) % 3 == 0).astype('uint8')
if kind == 'BINARY':
    d.BitsAllocated, d.BitsStored, d.HighBit = 1, 1, 0
    d.PixelData = numpy.packbits(mask, bitorder='little').tobytes()
else:
    d.BitsAllocated, d.BitsStored, d.HighBit = 8, 8, 7
    d.SegmentationFractionalType, d.MaximumFractionalValue = 'PROBABILITY', 200
    d.PixelData = (mask * 200).tobytes() + b'\0'
d['PixelData'].VR = 'OB'


def item(**values):
    one = Dataset()
    for name, value in values.items():
        setattr(one, name, value)
    return one


d.SegmentSequence = Sequence([item(SegmentNumber=1, SegmentLabel='Tumour'), item(SegmentNumber=2, SegmentLabel='Node')])
d.ReferencedSeriesSequence = Sequence([item(SeriesInstanceUID='1.2.3.4.5')])
d.SharedFunctionalGroupsSequence = Sequence([item(
    PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]),
    PixelMeasuresSequence=Sequence([item(PixelSpacing=[0.75, 0.75], SliceThickness=3)]))])
d.PerFrameFunctionalGroupsSequence = Sequence([item(
    SegmentIdentificationSequence=Sequence([item(ReferencedSegmentNumber=2 if k == 2 else 1)]),
    PlanePositionSequence=Sequence([item(ImagePositionPatient=[0, 0, 3 * k])])) for k in range(3)])
d.save_as(path)
