"""
Reads DICOM objects back with other programs' libraries, for judges.mjs: each line of standard input is a JSON object
{"kind", "path", ...}, each line of standard output its verdict {"judge", "ok", "note"}.
"""
import glob
import gzip
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
import highdicom
import numpy as np

TOOLS = os.path.dirname(sys.executable)


def digest(mask):
    return hashlib.sha256(np.ascontiguousarray(mask.astype(np.uint8)).tobytes()).hexdigest()


def by_highdicom(task):
    """Every mask, found by its source frame, has the hash that was written."""
    seg = highdicom.seg.segread(task["path"])
    wrong = 0
    for one in task["masks"]:
        if task["multiframe"]:
            pixels = seg.get_pixels_by_source_frame(
                source_sop_instance_uid=task["source"], source_frame_numbers=[one["frame"]], segment_numbers=[one["segment"]]
            )
        else:
            pixels = seg.get_pixels_by_source_instance(
                source_sop_instance_uids=[task["source"]], segment_numbers=[one["segment"]]
            )
        wrong += digest(pixels[0, ..., 0]) != one["sha256"]
    return wrong == 0, f"{len(task['masks'])} masks, {wrong} differ"


def by_dcmqi(task):
    """Areas by segment, slice by slice: a slice for each frame from the first to the last that has a mask."""
    with tempfile.TemporaryDirectory() as folder:
        command = [os.path.join(TOOLS, "segimage2itkimage"), "--inputDICOM", task["path"], "--outputDirectory", folder, "-t", "nii"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            return False, (done.stderr or done.stdout).strip().splitlines()[-1][:120]
        first = min(one["frame"] for one in task["masks"])
        wrong = 0
        for path in sorted(glob.glob(os.path.join(folder, "*.nii.gz"))):
            segment = int(os.path.basename(path).split(".")[0].split("-")[-1])
            volume = nifti(path)
            areas = {first + z: int((plane != 0).sum()) for z, plane in enumerate(volume) if plane.any()}
            expected = {one["frame"]: one["area"] for one in task["masks"] if one["segment"] == segment}
            wrong += areas != expected
        found = len(glob.glob(os.path.join(folder, "*.nii.gz")))
        return wrong == 0 and found > 0, f"{found} segments, {wrong} differ"


def nifti(path):
    raw = gzip.open(path).read()
    shape = np.frombuffer(raw, "<i2", 8, 40)
    code = int(np.frombuffer(raw, "<i2", 1, 70)[0])
    kind = {2: "u1", 4: "<i2", 512: "<u2", 8: "<i4"}[code]
    start = int(np.frombuffer(raw, "<f4", 1, 108)[0])
    columns, rows, planes = (int(side) for side in shape[1:4])
    return np.frombuffer(raw, kind, columns * rows * planes, start).reshape(planes, rows, columns)


def by_tid1500reader(task):
    """The groups of measurements that dcmqi finds."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.json")
        command = [os.path.join(TOOLS, "tid1500reader"), "--inputDICOM", task["path"], "--outputMetadata", out]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0 or not os.path.exists(out):
            return False, (done.stderr or done.stdout).strip().splitlines()[-1][:120]
        groups = json.load(open(out)).get("Measurements", [])
        values = sum(len(group.get("measurementItems", [])) for group in groups)
        return len(groups) == task["groups"], f"{len(groups)} groups, {values} values"


def by_highdicom_sr(task):
    report = highdicom.sr.srread(task["path"])
    groups = report.content.get_planar_roi_measurement_groups()
    values = [float(item.value) for group in groups for item in group.get_measurements()]
    close = len(values) == len(task["values"]) and np.allclose(values, task["values"], rtol=1e-6)
    return len(groups) == task["groups"] and close, f"{len(groups)} groups, {len(values)} values"


JUDGES = {
    "highdicom": by_highdicom,
    "dcmqi": by_dcmqi,
    "tid1500reader": by_tid1500reader,
    "highdicom-sr": by_highdicom_sr,
}

for line in sys.stdin:
    task = json.loads(line)
    try:
        ok, note = JUDGES[task["judge"]](task)
    except Exception as error:
        ok, note = False, f"{type(error).__name__}: {error}"[:160]
    print(json.dumps({"ok": bool(ok), "note": note}), flush=True)
