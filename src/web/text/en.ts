/**
 * All texts of the annotator, in one place for translation: copy this file, translate it and import the copy instead.
 * Only index.html has further texts, which the browser needs before any script runs: language, title, description and
 * the sentence for browsers without JavaScript. Errors that only a bug can cause keep their English message
 * (app/failureText.ts).
 */

/** A model that cannot be read. */
const BAD_MODEL = [
  'The model is damaged or not supported by this page.',
  'Reload the page. If that does not help, send this code to whoever runs the server: {code}.',
] as const;

/** The page never sets prompts outside the image; an opened file may. */
const BAD_PROMPT = [
  'A click or box of this object is outside the image, so it gets no mask.',
  'Remove it (Backspace), or open prompts that were made on this image.',
] as const;

const OPEN_AGAIN = 'Export it again from the program that wrote it, or copy it again.';

const DICOM_AGAIN = 'Export it again from the scanner or the PACS.';

const READ_AGAIN = ['The model has to process this image again.', 'Open the image again.'] as const;

const ASK_ADMIN = 'Ask whoever runs the server.';

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

/** Images, and how many of their frames where they are clips. */
const countFrames = (images: number, frames: number): string =>
  `${count(images, 'image', 'images')}${frames > images ? ` (${frames} frames)` : ''}`;

export const text = {
  notice: 'Research use only, not for diagnosis.',
  close: 'Close',
  open: {
    files: 'Open images',
    folder: 'Open a folder',
    masks: 'Open masks to correct',
    sample: 'Try a sample',
    filesShort: 'Open',
    folderShort: 'Folder',
    masksShort: 'Masks',
    sampleShort: 'Sample',
    begin: 'Open an ultrasound image',
    drop: 'Drop images or DICOM files here, a folder or a zip archive. Masks to correct can be label PNG, NIfTI, COCO JSON or DICOM SEG.',
    dropNow: 'Drop to open',
    private: 'Images never leave this machine.',
    nothing: 'No image found in these files.',
    nothingHint: (formats: string): string =>
      `This page opens ${formats} images, and folders and zip archives that contain them.`,
    /** Kinds of files that are left out of a folder; others are named by their endings. */
    leftOut: { clip: 'video', object: 'DICOM without an image' },
    noEnding: 'no file extension',
    skipped: (kinds: readonly (readonly [kind: string, count: number])[]): string => {
      const total = kinds.reduce((sum, [, n]) => sum + n, 0);
      return `Skipped ${count(total, 'file', 'files')}: ${kinds.map(([kind, n]) => `${n} ${kind}`).join(', ')}.`;
    },
    skippedHint: 'Export the frames you need from videos as PNG.',
    likelyMasks: (n: number, first: string): string =>
      n === 1 ? `${first} looks like a mask.` : `${n} files look like masks, such as ${first}.`,
    openLikely: 'Open as masks',
    unopened: (n: number, first: string, why: string): string =>
      n === 1 ? `${first} cannot be opened: ${why}` : `${first} and ${n - 1} more cannot be opened: ${why}`,
    listed: (n: number): string =>
      n === 1 ? 'This image is already in the list.' : `${n} of these images are already in the list.`,
    unread: (n: number, first: string): string =>
      n === 1
        ? `${first} could not be read and was skipped.`
        : `${first} and ${n - 1} more could not be read and were skipped.`,
    unreadHint: 'They may have been moved, changed or blocked. Open them again.',
    opening: 'Opening…',
    reading: 'Reading the whole file. You can work on it in a moment.',
    failed: 'This image cannot be opened',
  },
  /** Shown on plain HTTP from another machine. */
  insecure: {
    what: 'At this address, the browser uses one processor core only and the page does not work offline.',
    hint: 'Browsers allow more at https addresses: ask whoever runs the server to set one up.',
  },
  list: {
    title: 'Images',
    position: (at: number, of: number): string => `${at} of ${of}`,
    progress: (done: number, frames: number): string =>
      frames > done ? `${done} with masks (${frames} frames)` : `${done} with masks`,
    next: 'Next image',
    previous: 'Previous image',
    last: 'This is the last image.',
    first: 'This is the first image.',
    remove: (name: string): string => `Remove ${name} from list`,
    clear: 'Remove all',
    clearAsk: 'Remove all images from the list? Your work on them is kept and restored when you open them again.',
    objects: (n: number, frames: number): string =>
      `${count(n, 'object', 'objects')}${frames > 1 ? ` on ${frames} frames` : ''}`,
    failed: 'cannot be opened',
    carried: (n: number): string =>
      n === 0 ? 'Nothing was carried over.' : `${count(n, 'object', 'objects')} carried over from the previous image.`,
    outside: (n: number): string =>
      n === 0
        ? ''
        : `${count(n, 'click or box was', 'clicks or boxes were')} outside this image: clicks were dropped, boxes cropped.`,
    carry: 'Carry prompts to the next image or frame',
  },
  frames: {
    title: 'Frames',
    slider: 'Frame',
    position: (frame: number, frames: number): string => `Frame ${frame} of ${frames}`,
    short: (frame: number, frames: number): string => `${frame} / ${frames}`,
    time: (seconds: string): string => `${seconds} s`,
    withMasks: 'with masks',
    play: 'Play',
    pause: 'Pause',
    next: 'Next frame',
    previous: 'Previous frame',
    leap: 'Ten frames on or back',
    first: 'First frame',
    last: 'Last frame',
    isFirst: 'This is the first frame.',
    isLast: 'This is the last frame.',
    damaged: (frame: number): string => `Frame ${frame} cannot be shown.`,
    damagedFrames: (frames: readonly number[]): string =>
      `Damaged: ${frames.length === 1 ? 'frame' : 'frames'} ${frames.slice(0, 8).join(', ')}${frames.length > 8 ? ', …' : ''}.`,
    isDamaged: 'damaged',
    cutOff: (frames: number, stated: number): string =>
      `The file is cut off: it has ${frames} of its ${count(stated, 'frame', 'frames')}.`,
    copyAgain: 'Copy the file again.',
    marks: (n: number): string => (n === 0 ? 'No frame has masks.' : `${count(n, 'frame has', 'frames have')} masks.`),
    carried: (n: number): string =>
      n === 0 ? 'Nothing was carried over.' : `${count(n, 'object', 'objects')} carried over from the previous frame.`,
    elsewhere: 'not on this frame',
    goOn: (name: string): string => `${name} is not on this frame. The next click or stroke starts its mask here.`,
  },
  tools: {
    title: 'Tools',
    click: 'Click',
    box: 'Box',
    brush: 'Brush',
    eraser: 'Eraser',
    calibrate: 'Calibrate',
    add: 'Add',
    remove: 'Remove',
    sign: 'Clicks',
    notTaken: {
      points: 'This model takes no clicks. Draw a box (key B).',
      box: 'This model takes no boxes. Click the structure (key V).',
    },
    adds: 'Clicks now add to the object.',
    removes: 'Clicks now remove from the object.',
    size: 'Brush size',
    pixels: (n: number): string => `${n} px`,
    preview: 'Preview under the pointer',
    multimask: 'Suggest 3 masks on first click',
    clean: 'Clean masks',
    cleanHelp: 'Fill holes and keep the part under the clicks (G)',
    cleanOn: 'Masks are cleaned: holes are filled, and the part under the clicks is kept.',
    cleanOff: 'Masks are shown as the model returns them.',
  },
  box: { second: 'First corner set. Move the crosshair to the opposite corner and press Enter.' },
  everything: {
    run: 'Find everything',
    stop: 'Stop',
    stopped: 'Stopped.',
    left: 'Find everything was stopped because you opened another image.',
    running: (done: number, total: number): string =>
      total > 0 ? `Searching: ${Math.round((100 * done) / total)} %` : 'Searching',
    found: (n: number): string => (n === 0 ? 'No objects found.' : `${count(n, 'proposal', 'proposals')} found.`),
    known: (n: number): string =>
      n === 0
        ? ''
        : `${count(n, 'structure was', 'structures were')} left out: ${n === 1 ? 'it is' : 'they are'} annotated already.`,
    hint: (n: number): string =>
      n === 0 ? 'Click a structure to segment it.' : 'Click a proposal to accept it. Escape discards the rest.',
    proposals: (n: number): string => count(n, 'proposal', 'proposals'),
    acceptAll: 'Accept all',
    discard: 'Discard',
  },
  classMap: {
    run: 'Segment all classes',
    found: (n: number): string => (n === 0 ? 'No new object found.' : `${count(n, 'object', 'objects')} added.`),
    noPrompts: 'This model takes no clicks or boxes. Use “Segment all classes” (key A), or draw.',
  },
  history: { undo: 'Undo', redo: 'Redo' },
  objects: {
    title: 'Objects',
    window: 'Objects, measurements, view',
    none: 'Click a structure in the image to start.',
    begin: 'New object',
    commit: 'Finish object',
    commitShort: 'Finish',
    remove: 'Delete object',
    name: 'Name',
    class: 'Class',
    color: 'Object colour',
    show: (name: string): string => `Show ${name}`,
    hide: (name: string): string => `Hide ${name}`,
    select: (name: string, state: string): string => `Select ${name}: ${state}`,
    selected: (name: string): string => `${name} selected.`,
    committed: (name: string): string => `${name} is finished. Click to start a new object.`,
    deleted: (name: string): string => `${name} deleted. Use Undo to restore it.`,
    emptyCommit: 'This object has no mask yet.',
    next: 'Click to start a new object.',
    nothingToRemoveFrom: 'There is no object to remove from. Add one first.',
    nothingToErase: 'Select an object to erase from.',
    score: (score: number): string => `Score ${score.toFixed(2)}`,
    scoreHelp: "The model's own estimate of how well the mask fits (predicted IoU)",
    state: {
      asking: 'segmenting…',
      empty: 'no mask',
      absent: 'no object here',
      done: 'finished',
      drawn: 'drawn',
      file: 'from a file',
      carried: 'carried over',
      misses: 'misses its clicks',
    },
    clicks: (n: number): string => count(n, 'click', 'clicks'),
    parts: (n: number): string => `${n} parts`,
  },
  classes: {
    title: 'Classes',
    current: 'Class for new objects',
    add: 'Add a class',
    name: (id: number): string => `Name of class ${id}`,
    color: (id: number): string => `Colour of class ${id}`,
    remove: (name: string): string => `Remove class ${name}`,
    inUse: (name: string, image: string): string => `${name} is used by an object in ${image}.`,
    taken: (name: string): string => `Another class is already named ${name}.`,
    fallback: (id: number): string => (id === 1 ? 'object' : `class-${id}`),
  },
  view: {
    title: 'View',
    canvas: (name: string): string =>
      `Image ${name}. Arrow keys move the crosshair, Enter applies the selected tool, question mark lists all keys.`,
    crosshair: (x: number, y: number): string => `Pixel ${x}, ${y}`,
    zoom: (percent: number): string => `${percent} %`,
    zoomIn: 'Zoom in',
    zoomOut: 'Zoom out',
    fit: 'Fit to window',
    actual: 'Actual pixels',
    brightness: 'Brightness',
    contrast: 'Contrast',
    percent: (n: number): string => `${n} %`,
    resetLight: 'Reset brightness and contrast',
  },
  measure: {
    title: 'Measurements',
    show: 'Show diameters in the image',
    area: 'Area',
    perimeter: 'Perimeter',
    longest: 'Longest',
    shortest: 'Short axis',
    px: 'px',
    px2: 'px²',
    mm: 'mm',
    mm2: 'mm²',
    none: 'Select an object to measure it.',
    parts: (n: number): string => `The mask has ${n} parts; the largest one is measured.`,
    scaleFile: (mm: string): string => `Scale from the file: ${mm} mm/pixel`,
    scaleSet: (mm: string): string => `Scale from calibration: ${mm} mm/pixel`,
    noScale: 'No scale. Use Calibrate on two ticks of the depth scale.',
    byPlace: 'Millimetres are known in the calibrated regions of this image.',
    /** @param why as src/formats/dicom/regions.ts says it */
    whyNot: (why: string): string => {
      const [, reasons] = /^no region measures: (.+)$/.exec(why) ?? [];
      if (reasons !== undefined) return `No millimetres, because no region measures lengths (${reasons}).`;
      const known: Readonly<Record<string, string>> = {
        'outside of the calibrated region': 'this object lies outside the calibrated region',
        'the file states no spacing': 'the file does not specify a pixel size',
        'regions have different spacings': 'this object lies in regions with different scales',
      };
      return why in known ? `No millimetres: ${known[why]}.` : `No millimetres (${why}).`;
    },
    forgetScale: 'Clear calibration',
  },
  /** Of an open DICOM file. */
  facts: {
    title: 'DICOM file',
    sopClass: 'SOP class',
    transferSyntax: 'Transfer syntax',
    size: 'Size',
    pixels: (columns: number, rows: number): string => `${columns} × ${rows}`,
    frames: 'Frames',
    framesOf: (frames: number, stated: number): string => `${frames} of ${stated}, the file is cut off`,
    photometric: 'Photometric interpretation',
    times: 'Time per frame',
    ms: (ms: string): string => `${ms} ms`,
    region: (n: number): string => `Region ${n}`,
    pixel: 'Pixel',
    mm: (mm: string): string => `${mm} mm/pixel`,
    noMm: (why: string): string => `no millimetres, ${why}`,
    showPatient: 'Show patient data',
    stored: 'The whole file with its patient data is stored in this browser until you remove it from the list.',
    patient: {
      name: 'Patient',
      id: 'Patient ID',
      birthDate: 'Birth date',
      sex: 'Sex',
      age: 'Age',
      studyDate: 'Study date',
      studyDescription: 'Study',
      accessionNumber: 'Accession number',
    },
    sopClasses: {
      '': 'none',
      '1.2.840.10008.5.1.4.1.1.6.1': 'Ultrasound Image',
      '1.2.840.10008.5.1.4.1.1.3.1': 'Ultrasound Multi-frame Image',
      '1.2.840.10008.5.1.4.1.1.6': 'Ultrasound Image (retired)',
      '1.2.840.10008.5.1.4.1.1.3': 'Ultrasound Multi-frame Image (retired)',
      '1.2.840.10008.5.1.4.1.1.6.2': 'Enhanced US Volume',
      '1.2.840.10008.5.1.4.1.1.7': 'Secondary Capture Image',
      '1.2.840.10008.5.1.4.1.1.7.4': 'Multi-frame True Color Secondary Capture',
    },
    transferSyntaxes: {
      '1.2.840.10008.1.2': 'Implicit VR Little Endian',
      '1.2.840.10008.1.2.1': 'Explicit VR Little Endian',
      '1.2.840.10008.1.2.1.99': 'Deflated Explicit VR Little Endian',
      '1.2.840.10008.1.2.2': 'Explicit VR Big Endian',
      '1.2.840.10008.1.2.5': 'RLE Lossless',
      '1.2.840.10008.1.2.4.50': 'JPEG Baseline',
      '1.2.840.10008.1.2.4.51': 'JPEG Extended',
      '1.2.840.10008.1.2.4.57': 'JPEG Lossless',
      '1.2.840.10008.1.2.4.70': 'JPEG Lossless, first-order prediction',
      '1.2.840.10008.1.2.4.80': 'JPEG-LS Lossless',
      '1.2.840.10008.1.2.4.81': 'JPEG-LS Near-Lossless',
      '1.2.840.10008.1.2.4.90': 'JPEG 2000 Lossless',
      '1.2.840.10008.1.2.4.91': 'JPEG 2000',
      '1.2.840.10008.1.2.4.201': 'High-Throughput JPEG 2000 Lossless',
      '1.2.840.10008.1.2.4.202': 'High-Throughput JPEG 2000 Lossless, RPCL',
      '1.2.840.10008.1.2.4.203': 'High-Throughput JPEG 2000',
    },
  },
  calibrate: {
    title: 'Calibrate',
    begin: 'Click two ticks of the depth scale.',
    second: 'Now click the second tick.',
    question: (pixels: string): string => `The two ticks are ${pixels} pixels apart. How many millimetres is that?`,
    label: 'Distance in mm',
    apply: 'Calibrate',
    done: (mm: string): string => `Calibrated: ${mm} mm/pixel.`,
    invalid: 'Enter a number above 0.',
    unbelievable: 'A pixel would be smaller than 0.0001 mm or larger than 100 mm.',
    aspect: 'Pixel aspect ratio (width / height)',
    aspectHelp: '1 where pixels are square, as on most scanners.',
  },
  engine: {
    title: 'Run model on',
    choose: 'Model',
    browser: 'This browser',
    server: 'The server',
    notReady: 'The image is still being prepared. Try again in a moment.',
    none: 'Not started',
    loading: 'Loading the model',
    model: (loaded: string, total: string | null): string =>
      total === null ? `Loading the model: ${loaded} MB` : `Loading the model: ${loaded} of ${total} MB`,
    session: 'Starting the model',
    encoding: 'Preparing image…',
    ready: 'Ready',
    thinking: 'Segmenting…',
    failed: 'The model cannot run',
    retry: 'Try again',
    name: (model: string, place: string): string => `${model} · ${place}`,
    /** By what runs the model. */
    places: { wasm: 'in browser', webgpu: 'in browser (GPU)', cpu: 'on server' },
    noServer: 'The server does not answer. This page may have been loaded offline.',
  },
  learn: {
    title: 'Learn from my corrections',
    open: 'Learn…',
    what: 'Trains the model for a few minutes on the images whose masks you finished, then tests it on some of them that were held out.',
    private: 'Everything runs in this browser: images, masks and models never leave this machine.',
    missing: (missing: number, have: number): string =>
      `Finish a mask (key C) on ${count(missing, 'more image', 'more images')}. So far there ${have === 1 ? 'is' : 'are'} ${have}.`,
    ready: (have: number): string => `${have} images with finished masks. The largest mask of each image is used.`,
    tooMany: (n: number): string =>
      `Only the first ${n} images fit in the memory of this page; the others are not used.`,
    start: 'Start learning',
    again: 'Learn again',
    stop: 'Stop',
    stopped: 'Learning was stopped. Nothing has changed.',
    stages: {
      gathering: 'Collecting images',
      before: 'Testing the current model',
      preparing: 'Preparing to train (up to a minute)',
      training: 'Training',
      after: 'Testing the adapted model',
    },
    step: (done: number, total: number): string => `${done} of ${total}`,
    loss: (loss: number): string => `Loss ${loss.toFixed(3)}`,
    left: (seconds: number): string =>
      seconds < 10
        ? 'a few seconds left'
        : seconds < 90
          ? `about ${Math.ceil(seconds / 10) * 10} s left`
          : `about ${Math.ceil(seconds / 60)} min left`,
    better: 'The adapted model is better on the held-out images.',
    notBetter: (model: string): string => `The adapted model is not better, so ${model} stays in use.`,
    forgot: (model: string): string =>
      `The adapted model is better on the held-out images but much worse on phantoms, so ${model} stays in use.`,
    counts: (trained: number, heldOut: number): string =>
      `Trained on ${count(trained, 'image', 'images')}; tested on ${heldOut} held-out ${heldOut === 1 ? 'image' : 'images'} and on phantoms.`,
    few: 'Too few images to be conclusive.',
    difference: 'Difference on held-out images',
    gain: (mean: string, interval: readonly [low: string, high: string] | null): string =>
      interval ? `${mean} (95 % CI ${interval[0]} to ${interval[1]})` : mean,
    chance: 'The interval includes 0: the difference may be chance.',
    uncorrected:
      'None of these masks was corrected, so the model would only learn its own answers. Correct some first.',
    learnedUncorrected: 'None of the masks was corrected: the model learned its own answers.',
    partlyCorrected: (n: number): string =>
      `${n} of them ${n === 1 ? 'has a corrected mask' : 'have corrected masks'}.`,
    scores: 'Mean Dice from one click',
    before: 'Before',
    after: 'After',
    heldOut: 'Held-out images',
    phantoms: 'Phantoms',
    use: 'Use the adapted model',
    used: 'The adapted model is now in use. It stays in use after a reload.',
    bundled: 'Back to the bundled model',
    bundledUsed: 'The bundled model is in use again.',
    download: 'Download',
    downloadHelp: 'A zipped model folder for samus segment --model',
    downloadWorse: 'Download anyway',
    kept: 'Adapted model',
    keptInUse: (name: string): string => `${name} is in use.`,
    keptNotInUse: (name: string): string => `${name} is stored in this browser but not in use.`,
    notKept: 'This browser does not let the page store the adapted model.',
    notKeptHint: 'It is used until you close the page. Download it to use it later.',
    inUse: 'Adapted model in use',
    engine: 'This browser, adapted model',
  },
  saving: {
    saved: 'Saved in this browser',
    pending: 'Saving…',
    unavailable: 'Not saved',
    forget: 'Delete everything stored',
    forgetAsk:
      'Delete all images, annotations, class names and adapted models that this page has stored in this browser? Exported files are not affected.',
    forgotten: 'All images, annotations, class names and adapted models were deleted from this browser.',
    forgottenHint:
      'Settings such as the preview, and the offline copy of the page, are kept. Clear the site data in your browser to delete them.',
  },
  exports: {
    open: 'Export',
    title: 'Export',
    scope: 'Images',
    current: (frames: number): string => (frames > 1 ? `This clip (${frames} frames)` : 'This image'),
    all: (images: number, frames: number, prompts: boolean): string =>
      `${images > 1 ? 'All ' : ''}${countFrames(images, frames)} with ${prompts ? 'masks or prompts' : 'masks'}`,
    format: 'Format',
    formats: {
      masks: ['Masks as PNG', 'One black and white image per object'],
      us30k: ['Training set (US30K layout)', 'Images, class labels and lists for samus train'],
      'coco-rle': ['COCO JSON, run lengths', 'Pixel-exact, for pycocotools and most programs'],
      'coco-polygons': ['COCO JSON, polygons', 'For programs that edit outlines'],
      nifti: ['NIfTI', 'Class labels as .nii.gz, for ITK-SNAP and 3D Slicer'],
      prompts: [
        'JSON with every prompt',
        'Clicks, boxes, strokes and masks. Opens here again, and samus segment can recreate the masks',
      ],
      dcmseg: ['DICOM Segmentation', 'Masks of all frames of a DICOM image, for a PACS, OHIF or 3D Slicer'],
      dcmsr: ['DICOM report', 'Measurements (TID 1500), with the segmentation that they refer to'],
      dcmsc: ['DICOM pictures', 'Secondary Capture with the masks drawn in, for viewers without segmentations'],
    },
    patient: 'These files contain the patient and the study of the image.',
    geometry: {
      title: 'Geometry',
      choices: { auto: 'With a frame of reference, which viewers need', none: 'None, as the standard allows' },
    },
    kind: {
      title: 'Kind',
      choices: { binary: 'Binary', labelmap: 'Label map, which few viewers support yet' },
    },
    notDicom: (n: number): string =>
      n === 0 ? '' : `${count(n, 'image is', 'images are')} not DICOM and ${n === 1 ? 'was' : 'were'} left out.`,
    unmeasured: (n: number): string =>
      n === 0 ? '' : '3D Slicer rejects the segmentation unless the pixel size is known for every mask.',
    shortened: (n: number): string =>
      n === 0
        ? ''
        : `${count(n, 'label was', 'labels were')} cut to 64 characters; the descriptions contain the full names.`,
    dataset: 'Dataset name',
    datasetDefault: 'My-Annotations',
    download: 'Download',
    beside: 'Save next to images',
    besideHelp: 'Writes to a new folder inside samus-export, in the folder that each image was opened from.',
    besideRest: (n: number): string =>
      n === 0
        ? ''
        : `${count(n, 'image was', 'images were')} skipped because ${n === 1 ? 'it was' : 'they were'} not opened from a writable folder: use Download.`,
    besideNone: 'Nothing was written: the browser does not allow the page to write to this folder.',
    besideNoneHint: 'Allow it when the browser asks, or use Download.',
    working: (done: number, total: number): string => `Writing ${done} of ${total}`,
    nothing: (prompts: boolean): string => `There are no masks ${prompts ? 'or prompts ' : ''}to export yet.`,
    done: (images: number, frames: number, names: readonly string[]): string =>
      `${countFrames(images, frames)} written to ${names.join(' and ')}.`,
    unread: (n: number): string =>
      n === 0 ? '' : `${count(n, 'image could', 'images could')} not be read and ${n === 1 ? 'was' : 'were'} skipped.`,
    unseen: (n: number): string =>
      n === 0
        ? ''
        : `${count(n, 'object was', 'objects were')} carried over but not checked, and ${n === 1 ? 'is' : 'are'} not exported.`,
    unanswered: (n: number): string =>
      n === 0
        ? ''
        : `${count(n, 'object has', 'objects have')} prompts that the model has not processed yet: written without a mask or with the previous one.`,
    invalidName: 'Use letters, digits, dots, dashes and underscores.',
  },
  pacs: {
    title: 'Open from PACS',
    short: 'PACS',
    patientId: 'Patient ID',
    patientName: 'Patient name (* for any text)',
    date: 'Study date',
    modality: 'Modality',
    ultrasound: 'Ultrasound (US)',
    allModalities: 'All',
    patients: 'Show names, dates and descriptions',
    search: 'Search',
    stop: 'Stop',
    searching: 'Asking the PACS…',
    fetching: (done: number, total: number): string => `Fetching ${done + 1} of ${total}`,
    none: 'The PACS has no such study.',
    more: (n: number): string => `Only the first ${n} studies are listed. Narrow the search.`,
    unusable: (n: number): string =>
      `${count(n, 'entry has', 'entries have')} no valid UID in the PACS and cannot be listed.`,
    studies: 'Studies',
    series: 'Series',
    instances: 'Images',
    study: (modalities: string, series: number | null, instances: number | null): string =>
      [
        modalities,
        series === null ? '' : `${series} series`,
        instances === null ? '' : count(instances, 'file', 'files'),
      ]
        .filter(Boolean)
        .join(' · '),
    seriesTitle: (modality: string, number: number | null): string =>
      [modality, number === null ? '' : `series ${number}`].filter(Boolean).join(' · '),
    instanceCount: (n: number | null): string => (n === null ? '' : count(n, 'file', 'files')),
    instanceTitle: (number: number, masks: boolean): string => `${masks ? 'Masks' : 'Image'} ${number}`,
    instance: (columns: number | null, rows: number | null, frames: number | null): string =>
      [
        columns === null || rows === null ? '' : `${columns} × ${rows}`,
        frames === null ? '' : count(frames, 'frame', 'frames'),
      ]
        .filter(Boolean)
        .join(' · '),
    open: (number: number, masks: boolean): string => `Open ${masks ? 'masks' : 'image'} ${number}`,
    openAll: (n: number): string => `Open all ${n}`,
    noImages: 'These files contain neither images nor masks.',
    masksHint: 'Open the image that these masks belong to first.',
  },
  send: {
    title: 'Send to PACS',
    short: 'Send',
    what: 'Masks of the open image as',
    patient: 'These files contain the name and study of the patient, like the image, and become part of the study.',
    empty: 'The open image has no masks yet.',
    working: 'Sending…',
    send: 'Send',
    done: (n: number): string => `The PACS has stored ${count(n, 'file', 'files')}.`,
  },
  masksIn: {
    added: (objects: number, images: number, frames: number): string =>
      objects === 0
        ? 'No new objects were opened.'
        : `${count(objects, 'object', 'objects')} opened on ${countFrames(images, frames)}.`,
    rest: (known: number, lost: number, failures: readonly string[], leftOut: readonly string[]): string =>
      [
        known > 0
          ? `${count(known, 'object was', 'objects were')} opened before and ${known === 1 ? 'keeps its' : 'keep their'} current state. Delete an object first to restore it from the file.`
          : '',
        lost > 0 ? `${count(lost, 'file matches', 'files match')} no image in the list, or more than one.` : '',
        failures.length > 0 ? `${count(failures.length, 'file', 'files')} could not be opened: ${failures[0]}` : '',
        leftOut.length > 0
          ? `${count(leftOut.length, 'entry is', 'entries are')} unusable and left out: ${leftOut[0]}${leftOut.length > 1 ? '; …' : '.'}`
          : '',
      ]
        .filter(Boolean)
        .join(' '),
    nowhere: (name: string): string => `No image in the list matches ${name || 'these masks'}.`,
    nowhereHint: 'Open the images first. Masks are matched by name.',
  },
  help: {
    open: 'Keys and help',
    title: 'Keys and help',
    intro:
      'Left-click to add, right-click to remove. Drag to move the image; use the wheel or two fingers to zoom. Shift-click to select the object under the pointer.',
    groups: {
      tools: 'Tools',
      canvas: 'Image',
      objects: 'Objects',
      work: 'Files and history',
      frames: 'Frames',
      view: 'View',
    },
    everything: 'Find everything, or segment all classes (again: stop)',
    sign: 'Switch between add and remove',
    brushSmaller: 'Smaller brush',
    brushLarger: 'Larger brush',
    clean: 'Clean masks on or off',
    preview: 'Toggle preview under the pointer',
    crosshair: 'Move the crosshair',
    crosshairFast: 'Move the crosshair by ten pixels',
    act: 'Apply the tool at the crosshair',
    actOpposite: 'Apply the opposite (remove, erase)',
    removePrompt: 'Remove the last click',
    cancel: 'Cancel; stop a search; deselect the object',
    classNumber: 'Choose class by number',
    previousObject: 'Previous object',
    nextObject: 'Next object',
    hide: 'Hide or show object',
    hideAll: 'Hide or show all objects',
    measures: 'Show or hide diameters in the image',
    space: 'Hold and drag to move the image with any tool',
    tap: 'Play or pause a clip (a tap)',
  },
  errors: {
    defect: (what: string): string => `Something went wrong in this page: ${what}.`,
    defectHint: 'Your work is saved. Reload the page if it stops responding.',
    cannotSave: 'This browser does not let the page save your work.',
    cannotSaveHint: 'Export it before you close the page. The usual causes are private windows and full disks.',
    otherTab: 'The annotator is open in another tab, so this tab does not save your work.',
    otherTabHint: 'Continue there, or close that tab and reload this one.',
    cannotForget: 'The data stored in this browser could not be deleted.',
    cannotForgetHint: 'Close other annotator tabs and try again, or clear the site data in your browser settings.',
    dismiss: 'Dismiss',
  },
  /** A file that the page does not open; `{kind}` in the failures. */
  fileKind: (title: string | null, unusual: boolean): string => {
    if (title === null) return 'a file of unknown type';
    return unusual ? `an unusual kind of ${title} file` : `a file of type ${title}`;
  },
  /** What went wrong and what to do, by error code; {names} are filled in from the error's details. */
  failures: {
    IMAGE_TOO_LARGE: [
      'This image has {width} × {height} pixels ({millions} million); the limit is {maxMillions} million.',
      'Crop it or make it smaller. A side can have at most 32 767 pixels.',
    ],
    IMAGE_FRAME: ['This file has no frame {frame}; it has {frames}.', 'Choose another frame.'],
    IMAGE_FRAME_BROWSER: [
      'This browser shows only the first frame of GIF and WebP files.',
      'Use a current version of Chrome, Edge or Firefox, over https if the page comes from another machine.',
    ],
    IMAGE_CLIP: [
      'This is a video clip; this page opens single images.',
      'Pause the clip at the frame you need, save it as PNG and open the PNG.',
    ],
    IMAGE_CORRUPT: ['This image file is empty, damaged or incomplete.', 'Copy or export it again.'],
    IMAGE_UNSUPPORTED: [
      'This is {kind}, which this page does not open.',
      'Save the image as PNG or JPEG and open that file.',
    ],
    IMAGE_UNREADABLE: [
      'The browser could not read this file. It may have been moved, changed or blocked.',
      'Open it again.',
    ],
    PACS_ANSWER: ['The response of the PACS is not DICOMweb.', ASK_ADMIN],
    PACS_BUSY: ['The PACS is busy.', 'Try again in a minute.'],
    PACS_DENIED: ['The PACS denies access to this server.', ASK_ADMIN],
    PACS_LIMIT: ['The response of the PACS exceeds the limit.', ASK_ADMIN],
    PACS_NOT_FOUND: ['The PACS no longer has this.', 'Search again.'],
    PACS_NOT_SERVED: ['This server was started without a PACS.', ASK_ADMIN],
    PACS_REDIRECT: ['The PACS redirects to another host, which is not allowed.', ASK_ADMIN],
    PACS_REFUSED: ['The PACS does not accept this file.', 'See the log of the PACS, or ask whoever runs it.'],
    PACS_UNREACHABLE: [
      'The server cannot reach the PACS.',
      'Try again. If that does not help, ask whoever runs the server.',
    ],
    DICOM_CODEC: [
      'This DICOM file uses an unsupported kind of JPEG, or its decoder could not be loaded.',
      'Check the connection and reload the page, or have the PACS send the file uncompressed.',
    ],
    DICOM_CORRUPT: ['This DICOM file is damaged: its parts contradict each other.', DICOM_AGAIN],
    DICOM_FRAME: ['This DICOM file has no frame {frame}; it has {frames}.', 'Choose another frame.'],
    DICOM_LIMIT: ['This DICOM file is too large or too complex for this page.', 'Export the frames that you need.'],
    DICOM_NO_PIXELS: [
      'This DICOM file contains no image (SOP class: {sopClass}).',
      'Open a file of the study that contains images.',
    ],
    DICOM_PHOTOMETRIC: [
      'The pixels of this DICOM file are of an unsupported kind.',
      'Export the frames as 8-bit RGB or grey.',
    ],
    DICOM_PIXELS_DAMAGED: ['A frame of this DICOM file is damaged.', DICOM_AGAIN],
    DICOM_SC_SIZE: [
      'The frames of this DICOM image differ in size, so their pictures cannot be in one file.',
      DICOM_AGAIN,
    ],
    DICOM_SEG_EMPTY: ['There is no mask to write into a DICOM file.', 'Segment something on the image first.'],
    DICOM_SEG_OVERLAP: [
      'Some objects overlap, which a label map cannot represent.',
      'Export a binary segmentation, or erase the overlap.',
    ],
    DICOM_SEG_REFERENCE: [
      'The DICOM segmentation and its image do not match, or the image is not in the list.',
      'Open the DICOM image that the masks were made on, unchanged, then the segmentation.',
    ],
    DICOM_SR_EMPTY: ['There is no measurement to write into a DICOM report.', 'Segment something on the image first.'],
    DICOM_TRANSFER_SYNTAX: [
      'This DICOM file has an unsupported transfer syntax ({transferSyntax}).',
      'Have the PACS send the file uncompressed or as JPEG.',
    ],
    DICOM_TRUNCATED: ['This DICOM file ends before its pixels do.', 'Copy it again from the PACS.'],
    DICOM_VIDEO: [
      'This DICOM file contains a video (transfer syntax {transferSyntax}).',
      'Extract it with dcmdump +W and convert it to PNG files with ffmpeg, or have the PACS send JPEG.',
    ],
    IMAGE_FORMAT: [
      'Mask images have to be PNG files, or black and white; this file is neither.',
      'Save the masks as PNG. Other formats may change their values.',
    ],
    CLASS_PNG_COLOURS: [
      'This image has colours or values above 255, but pixels of a mask image are class numbers.',
      'Save it as 8-bit grey or with a palette, with 0 as the background.',
    ],
    ANNOTATIONS_JSON: [
      'Cannot read masks from {path}: {where} is missing or invalid.',
      'Open COCO JSON, or JSON written by this page or by samus segment.',
    ],
    ANNOTATION_VERSION: [
      'A newer version of samus wrote {path}.',
      'Update this page, or export the annotations again with this version.',
    ],
    COCO_INVALID: ['This COCO JSON is incomplete or damaged.', OPEN_AGAIN],
    COCO_SIZE: [
      'Expected masks of {width} × {height} pixels in this COCO JSON, got {rleWidth} × {rleHeight}.',
      OPEN_AGAIN,
    ],
    RLE_INVALID: ['A mask in this file is damaged.', OPEN_AGAIN],
    POLYGON_INVALID: ['A polygon in this file has too few corners, or corners that are not numbers.', OPEN_AGAIN],
    MASK_SIZE: [
      'Expected masks of {askedWidth} × {askedHeight} pixels for {name}, got {width} × {height}.',
      'Open masks that were made for this image at this size.',
    ],
    MASK_CONTENT: [
      'The masks of {name} belong to another file of the same name.',
      'Open the image that they were made on, then the masks.',
    ],
    MASK_FRAME: [
      'The masks of {name} belong to frame {frame}; the image has {frames}.',
      'Open the file that the masks were made on.',
    ],
    EXPORT_DICOM: [
      'None of these images is DICOM, so there is no study to add DICOM files to.',
      'Choose another format.',
    ],
    EXPORT_IMAGE: [
      'Nothing was exported: the browser can no longer read {path}.',
      'Open it again, remove it from the list, or export masks only.',
    ],
    EXPORT_WRITE: [
      'Could not write the results to {name}.',
      'Check that the folder exists and has room, or use Download. No partial files were left behind.',
    ],
    CLASSES_FULL: ['There are more than 255 classes.', 'Remove classes that no object uses.'],
    VOLUME_FORMAT: [
      'This volume cannot be read as masks.',
      'Open a NIfTI label of one slice (.nii or .nii.gz), as this page writes it.',
    ],
    VOLUME_RANGE: [
      'This volume contains values that are not class numbers from 0 to 255.',
      'Open a NIfTI label, not an image volume.',
    ],
    VOLUME_CORRUPT: ['This volume is damaged or incomplete.', OPEN_AGAIN],
    VOLUME_TOO_LARGE: ['This volume is too large for this page.', 'Open a NIfTI label of one slice.'],
    ARCHIVE_CORRUPT: ['This zip archive is damaged or not supported.', 'Unpack it and open the folder.'],
    ARCHIVE_TOO_LARGE: ['This zip archive contains more than 1 GB of files.', 'Unpack it and open the folder.'],
    DATA_NAME: [
      'The name {name} cannot be used for a file in a dataset.',
      'Use only letters, digits, spaces and _ . ( ) + - in the names of images and of the dataset.',
    ],
    IMPORT_NAMES: ['Two images would both be named {name} in the dataset.', 'Rename one of them and open it again.'],
    PROMPT_POINTS: ['This object has too many clicks.', 'Remove some of them (Backspace).'],
    PROMPT_POINT_OUTSIDE: BAD_PROMPT,
    PROMPT_BOX_OUTSIDE: BAD_PROMPT,
    PROMPT_BOX_EMPTY: BAD_PROMPT,
    ADAPT_TOO_FEW: [
      'There are too few images with finished masks to learn from.',
      'Finish the masks of a few more images (key C).',
    ],
    ADAPT_NAN: ['Training diverged and was stopped. Nothing has changed.', 'Check the masks and try again.'],
    WORKER_BROKEN: ['A background task of this page has stopped.', 'Reload the page. Your work is saved.'],
    RUNTIME_OUT_OF_MEMORY: [
      'There is not enough memory.',
      'Choose a smaller model, close other tabs and programs and try again, or run the model on the server.',
    ],
    RUNTIME_FAILED: ['The model could not be run in this browser.', 'Try again, or run the model on the server.'],
    PROVIDER_UNAVAILABLE: [
      'This browser cannot run the model.',
      'Use a current version of Chrome, Edge, Firefox or Safari, or run the model on the server.',
    ],
    ENGINE_IMAGE_UNKNOWN: READ_AGAIN,
    IMAGE_UNKNOWN: READ_AGAIN,
    MODEL_UNREACHABLE: ['The model could not be loaded.', 'Check the connection to the server and reload the page.'],
    MODEL_INVALID: BAD_MODEL,
    MODEL_OUTPUT: ['The model returned values that are not numbers.', 'Try again, or use another model.'],
    MODEL_CLASSES: ['This model does not return classes.', 'Use a model that returns a map of classes.'],
    MODEL_PROMPTS: ['This model does not accept this kind of prompt.', 'Use another tool or another model.'],
    MODEL_QUANTISED: BAD_MODEL,
    MODEL_ARCHITECTURE_UNKNOWN: BAD_MODEL,
    MODEL_ARCHITECTURE_UNSUPPORTED: BAD_MODEL,
    CONFIG_ARCHITECTURE: BAD_MODEL,
    CONFIG_FIELD: BAD_MODEL,
    CONFIG_INVALID: BAD_MODEL,
    CHECKPOINT_AMBIGUOUS: BAD_MODEL,
    CHECKPOINT_BOOL_VALUE: BAD_MODEL,
    CHECKPOINT_KEY: BAD_MODEL,
    CHECKPOINT_MEMORY: BAD_MODEL,
    CHECKPOINT_NAN: BAD_MODEL,
    CHECKPOINT_PARTIAL: BAD_MODEL,
    CHECKPOINT_TENSOR_DTYPE: BAD_MODEL,
    CHECKPOINT_TENSOR_MISSING: BAD_MODEL,
    CHECKPOINT_TENSOR_SHAPE: BAD_MODEL,
    CHECKPOINT_TRUNCATED: BAD_MODEL,
    FILE_TRUNCATED: BAD_MODEL,
    SAFETENSORS_DTYPE: BAD_MODEL,
    SAFETENSORS_DUPLICATE_KEY: BAD_MODEL,
    SAFETENSORS_HEADER: BAD_MODEL,
    SAFETENSORS_HEADER_SIZE: BAD_MODEL,
    SAFETENSORS_HEADER_START: BAD_MODEL,
    SAFETENSORS_METADATA: BAD_MODEL,
    SAFETENSORS_OFFSETS: BAD_MODEL,
    SAFETENSORS_SHAPE: BAD_MODEL,
    SERVER_UNREACHABLE: ['The server does not answer.', 'Check that it is running, or run the model in this browser.'],
    SERVER_BUSY: ['The server is busy.', 'Try again in a moment, or run the model in this browser.'],
    SERVER_ANSWER: [
      'The server sent an unexpected response (status {status}).',
      'Reload the page: its version and the server’s may differ.',
    ],
    TOKEN_MISSING: ['The server no longer recognises this browser.', 'Open the address with the token again.'],
    TOKEN_WRONG: [
      'The server uses a different token now.',
      'Ask whoever runs the server for the address with the new token.',
    ],
    ORIGIN_FOREIGN: [
      'The server treats this page as part of another site.',
      'Ask whoever runs the server to have its proxy pass the Host header on.',
    ],
    HOST_UNKNOWN: [
      'The server does not accept the host name in this address.',
      'Ask whoever runs the server to allow it (--allow-host).',
    ],
    REQUEST_TOO_LARGE: ['This image is larger than the server accepts.', 'Run the model in this browser.'],
    MODEL_UNKNOWN: ['The server no longer has this model.', 'Reload the page.'],
    INTERNAL: ['The server failed to process this request.', 'Try again, or run the model in this browser.'],
  },
  /** The README.md of a downloaded model, as Markdown. */
  card: {
    research: '**Research use only, not for diagnosis.** This is not a medical device.',
    notBetter: (from: string): string =>
      `**This adapted model was not better than ${from}.** The page did not offer it for use; it is provided for study only.`,
    made: (from: string, day: string): string =>
      `${from}, adapted to one person's masks in the samus annotator on ${day}. The weights were trained further, then averaged with the original ones. \`config.json\` contains all sizes, \`model.safetensors\` the weights in 16 bits.`,
    use: 'Use',
    learned: 'Training data',
    learnedFrom: (trained: number, steps: number, heldOut: number): string =>
      `${trained} images with one mask each (the largest finished one), ${steps} steps. ${heldOut} more images were held out for testing. This folder contains no images, but weights can contain traces of their training data: protect the file like the images.`,
    scores: 'Scores',
    meanDice: 'Mean Dice of the mask from one click:',
    columns: ['tested on', 'images', 'before', 'after'],
    heldOut: 'held-out images',
    phantoms: 'phantoms',
    fixed: 'fixed',
    hint: 'The held-out images are few, come from the same source, and also decided whether the model counts as better, so these scores are only an indication. Measure the model with `samus evaluate` on images that were not used for training.',
    limits: 'Limits',
    limitsOf: (from: string): string =>
      `The limits of ${from} apply. In addition, results may be worse on images that differ from those above.`,
  },
} as const;

/** Error codes that have a text here. */
export type FailureCode = keyof typeof text.failures;
/** File types that are not opened and have a name here. */
