/**
 * Every word that the annotator shows, in one place, to be translated: copy this file, translate it, and import the
 * copy in its stead. Beside it stand only, in index.html, what a browser needs before any of this runs: the language
 * and the title of the page, its description, and the sentence for a browser without JavaScript. What nobody but a
 * defect of the page can cause speaks for itself, in English (app/failureText.ts).
 */

/** A model that cannot be read, in whatever way. */
const BAD_MODEL = [
  'The model is damaged, or of a kind that this page does not run.',
  'Reload the page; if it stays so, tell whoever runs the server: {code}.',
] as const;

/** The page itself sets none outside; a file may. */
const BAD_PROMPT = [
  'A click or box of this object lies outside of the image, so the model gives it no mask.',
  'Take it back (Backspace), or open prompts that were made on this image.',
] as const;

const OPEN_AGAIN = 'Export it again in the program that it comes from, or copy it again.';

const READ_AGAIN = ['The model has to read this image again.', 'Open the image again.'] as const;

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

export const text = {
  notice: 'Research use only, not for diagnosis.',
  close: 'Close',
  open: {
    files: 'Open images',
    folder: 'Open a folder',
    masks: 'Open masks for correction',
    sample: 'Try a sample',
    filesShort: 'Open',
    folderShort: 'Folder',
    masksShort: 'Masks',
    sampleShort: 'Sample',
    begin: 'Open an ultrasound image',
    drop: 'Drop it here, or a folder, a zip archive, or masks to correct (label PNG, COCO JSON)',
    dropNow: 'Drop to open',
    private: 'Images stay on this machine.',
    nothing: 'No image was found among these files.',
    nothingHint: 'PNG, JPEG, BMP, WebP and GIF are opened, and folders and zip archives of them.',
    listed: (n: number): string =>
      n === 1 ? 'This image is in the list already.' : `${n} of these images are in the list already.`,
    unread: (n: number, first: string): string =>
      n === 1
        ? `${first} could not be read and is left out.`
        : `${first} and ${n - 1} more could not be read and are left out.`,
    unreadHint: 'What was moved, changed or is not allowed can be opened again.',
    opening: 'Opening…',
    failed: 'This image cannot be opened',
  },
  /** On plain HTTP from another machine. */
  insecure: {
    what: 'At this address the browser computes with one processor core, and the page does not work offline.',
    hint: 'Browsers allow more at an https address only: whoever runs the server can set that up.',
  },
  list: {
    title: 'Images',
    position: (at: number, of: number): string => `${at} of ${of}`,
    progress: (done: number): string => `${done} with masks`,
    next: 'Next image',
    previous: 'Previous image',
    last: 'This is the last image.',
    first: 'This is the first image.',
    remove: (name: string): string => `Take ${name} off the list`,
    clear: 'Empty the list',
    clearAsk: 'Take all images off the list? Work on them stays stored and comes back when they are opened again.',
    objects: (n: number): string => count(n, 'object', 'objects'),
    failed: 'cannot be opened',
    carried: (n: number): string =>
      n === 0 ? 'Nothing was carried over.' : `${count(n, 'object', 'objects')} carried over from the last image.`,
    outside: (n: number): string =>
      n === 0
        ? ''
        : `${count(n, 'click or box lies', 'clicks or boxes lie')} outside of this image: clicks were left out, boxes cut.`,
    carry: 'Carry prompts along',
  },
  tools: {
    title: 'Tools',
    click: 'Click',
    box: 'Box',
    brush: 'Brush',
    eraser: 'Eraser',
    calibrate: 'Set the scale',
    add: 'Add',
    remove: 'Remove',
    sign: 'What a click means',
    adds: 'Clicks add to the object.',
    removes: 'Clicks remove from the object.',
    size: 'Brush size',
    pixels: (n: number): string => `${n} px`,
    preview: 'Preview under the pointer',
    multimask: 'Try three masks at a first click',
  },
  box: { second: 'First corner set. Move the crosshair and press Enter for the opposite corner.' },
  everything: {
    run: 'Find everything',
    stop: 'Stop',
    stopped: 'Stopped.',
    left: 'Find everything was stopped, because the image was left.',
    running: (done: number, total: number): string =>
      total > 0 ? `Looking everywhere: ${Math.round((100 * done) / total)} %` : 'Looking everywhere',
    found: (n: number): string => (n === 0 ? 'Nothing stood out clearly.' : `${count(n, 'object', 'objects')} found.`),
    noneHint: 'Click on what you are looking for instead.',
    foundHint: 'Delete what you do not need; Undo takes all of them back.',
  },
  history: { undo: 'Undo', redo: 'Redo' },
  objects: {
    title: 'Objects',
    window: 'Objects, measurements, view',
    none: 'Click on a structure in the image to begin.',
    begin: 'New object',
    commit: 'Done with this object',
    commitShort: 'Done',
    remove: 'Delete this object',
    name: 'Name',
    class: 'Class',
    color: 'Colour of this object',
    show: (name: string): string => `Show ${name}`,
    hide: (name: string): string => `Hide ${name}`,
    select: (name: string, state: string): string => `Work on ${name}: ${state}`,
    selected: (name: string): string => `${name} selected.`,
    committed: (name: string): string => `${name} is done. The next click begins a new object.`,
    deleted: (name: string): string => `${name} deleted. Undo brings it back.`,
    emptyCommit: 'This object has no mask yet.',
    next: 'The next click begins a new object.',
    nothingToRemoveFrom: 'Add something first: there is no object to remove from.',
    nothingToErase: 'Select an object to erase from.',
    score: (score: number): string => `Score ${score.toFixed(2)}`,
    scoreHelp: "The model's own guess of how well the mask fits (predicted IoU)",
    state: { asking: 'asking…', empty: 'no mask', done: 'done', drawn: 'drawn', file: 'from a file' },
    clicks: (n: number): string => count(n, 'click', 'clicks'),
  },
  classes: {
    title: 'Classes',
    current: 'Class of new objects',
    add: 'Add a class',
    name: (id: number): string => `Name of class ${id}`,
    color: (id: number): string => `Colour of class ${id}`,
    remove: (name: string): string => `Remove class ${name}`,
    inUse: (name: string, image: string): string => `${name} is used by an object of ${image}.`,
    taken: (name: string): string => `Another class has the name ${name}.`,
    fallback: (id: number): string => (id === 1 ? 'object' : `class-${id}`),
  },
  view: {
    title: 'View',
    canvas: (name: string): string =>
      `Image ${name}. Arrows move the crosshair, Enter acts with the chosen tool, question mark lists all keys.`,
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
    shortest: 'Across it',
    px: 'px',
    px2: 'px²',
    mm: 'mm',
    mm2: 'mm²',
    none: 'Select an object to measure it.',
    scaleFile: (mm: string): string => `Scale from the file: ${mm} mm a pixel`,
    scaleSet: (mm: string): string => `Scale as you set it: ${mm} mm a pixel`,
    noScale: 'No scale: set it on two ticks of the depth scale.',
    forgetScale: 'Forget the scale',
  },
  calibrate: {
    title: 'Set the scale',
    begin: 'Click on two ticks of the depth scale.',
    second: 'Now the second tick.',
    question: (pixels: string): string => `The ticks are ${pixels} pixels apart. How far is that in millimetres?`,
    label: 'Distance in mm',
    apply: 'Set the scale',
    done: (mm: string): string => `The scale is set: ${mm} mm a pixel.`,
    invalid: 'A number above 0 is needed.',
  },
  engine: {
    title: 'Where masks are computed',
    browser: 'This browser',
    server: 'The server',
    notReady: 'The image is not read yet; a moment.',
    none: 'Not started',
    loading: 'Loading the model',
    model: (loaded: string, total: string | null): string =>
      total === null ? `Loading the model: ${loaded} MB` : `Loading the model: ${loaded} of ${total} MB`,
    session: 'Starting the model',
    encoding: 'Reading the image',
    ready: 'Ready',
    thinking: 'Thinking',
    failed: 'Masks cannot be computed',
    retry: 'Try again',
    name: (model: string, provider: string): string => `${model} · ${provider}`,
    noServer: 'The server does not answer; this page may have been loaded without it.',
  },
  learn: {
    title: 'Learn from my corrections',
    open: 'Learn…',
    what: 'The model goes on training on the images whose masks you marked as done, for some minutes, and is then tried on a few of them that it did not learn from.',
    private: 'All of it happens in this browser: no image, no mask and no model leaves this machine.',
    missing: (missing: number, have: number): string =>
      `${count(missing, 'more image', 'more images')} with a mask marked as done (key C) ${missing === 1 ? 'is' : 'are'} needed; there ${have === 1 ? 'is' : 'are'} ${have}.`,
    ready: (have: number): string => `${have} images with masks marked as done; of each, the largest mask counts.`,
    tooMany: (n: number): string => `The memory of a page holds no more: it learns from the first ${n} images.`,
    start: 'Start learning',
    again: 'Learn again',
    stop: 'Stop',
    stopped: 'Learning was stopped; nothing has changed.',
    stages: {
      gathering: 'Gathering the images',
      before: 'Trying the model as it is',
      preparing: 'Preparing to learn: up to a minute',
      training: 'Learning',
      after: 'Trying the adapted model',
    },
    step: (done: number, total: number): string => `${done} of ${total}`,
    loss: (loss: number): string => `Loss ${loss.toFixed(3)}`,
    left: (seconds: number): string =>
      seconds < 10
        ? 'a few seconds left'
        : seconds < 90
          ? `about ${Math.ceil(seconds / 10) * 10} s left`
          : `about ${Math.ceil(seconds / 60)} min left`,
    better: 'The adapted model is better on the images that were held out.',
    notBetter: (model: string): string => `The adapted model is not better, so ${model} stays in use.`,
    forgot: (model: string): string =>
      `The adapted model gained on the images held out but lost too much on phantoms, so ${model} stays in use.`,
    counts: (trained: number, heldOut: number): string =>
      `Learned from ${count(trained, 'image', 'images')}, judged by ${heldOut} held out and by phantoms.`,
    few: 'So few images are a hint and no proof.',
    scores: 'Mean Dice of one click',
    before: 'Before',
    after: 'After',
    heldOut: 'Images held out',
    phantoms: 'Phantoms',
    use: 'Use the adapted model',
    used: 'The adapted model is in use, after a reload too.',
    bundled: 'Back to the bundled model',
    bundledUsed: 'The bundled model is in use again.',
    download: 'Download',
    downloadHelp: 'A zip of a model folder, for samus segment --model',
    downloadWorse: 'Download it nevertheless',
    kept: 'Adapted model',
    keptInUse: (name: string): string => `${name} is in use.`,
    keptNotInUse: (name: string): string => `${name} is kept in this browser and not in use.`,
    notKept: 'This browser does not let the page keep the choice of model.',
    notKeptHint: 'It holds until the page is closed; download the adapted model to have it later.',
    inUse: 'Adapted model in use',
    engine: 'This browser, adapted model',
  },
  saving: {
    saved: 'Saved in this browser',
    pending: 'Saving…',
    unavailable: 'Not saved',
    forget: 'Delete everything stored',
    forgetAsk:
      'Delete all images, all work, the names of classes and any adapted model that this page has stored in this browser? What was exported stays where it is.',
    forgotten: 'Images, work, names of classes and adapted models are deleted from this browser.',
    forgottenHint:
      'Switches such as the preview stay as they are, and so does what the page itself needs without a network; the settings of the browser delete those.',
  },
  exports: {
    open: 'Export',
    title: 'Export',
    scope: 'Which images',
    current: 'This image',
    all: (n: number, prompts: boolean): string => {
      const what = prompts ? 'masks or prompts' : 'masks';
      return n === 1 ? `The one image with ${what}` : `All ${n} images with ${what}`;
    },
    format: 'Format',
    formats: {
      masks: ['Masks as PNG', 'One black and white picture for each object'],
      us30k: ['Training set (US30K layout)', 'Images, class labels and lists that samus train reads'],
      'coco-rle': ['COCO JSON, run lengths', 'Exact, for pycocotools and most programs'],
      'coco-polygons': ['COCO JSON, polygons', 'For programs that edit outlines'],
      nifti: ['NIfTI', 'Class labels as .nii.gz, for ITK-SNAP and 3D Slicer'],
      prompts: [
        'JSON with every prompt',
        'Clicks, boxes, strokes and masks: opens here again, and samus segment makes the masks anew',
      ],
    },
    dataset: 'Name of the data set',
    datasetDefault: 'My-Annotations',
    download: 'Download',
    beside: 'Save beside the images',
    besideHelp: 'Writes into a new folder inside samus-export, in the folder that each image was opened from.',
    besideRest: (n: number): string =>
      n === 0
        ? ''
        : `${count(n, 'image is', 'images are')} left out, not opened from a folder that may be written to: download ${n === 1 ? 'it' : 'them'}.`,
    besideNone: 'Nothing was written beside the images: the browser does not allow it.',
    besideNoneHint: 'Allow it when the browser asks, or download the results.',
    working: (done: number, total: number): string => `Writing ${done} of ${total}`,
    nothing: (prompts: boolean): string => `There is no mask ${prompts ? 'or prompt ' : ''}to export yet.`,
    done: (n: number, names: readonly string[]): string =>
      `${count(n, 'image', 'images')} written to ${names.join(' and ')}.`,
    unread: (n: number): string =>
      n === 0
        ? ''
        : `${count(n, 'file of the list could', 'files of the list could')} not be read and ${n === 1 ? 'is' : 'are'} left out.`,
    unanswered: (n: number): string =>
      n === 0
        ? ''
        : `${count(n, 'object has', 'objects have')} clicks or a box without an answer yet: written without a mask, or with the one from before.`,
    invalidName: 'A name of letters, digits, points, dashes and underscores is needed.',
  },
  masksIn: {
    added: (objects: number, images: number): string =>
      objects === 0
        ? 'No new object was opened.'
        : `${count(objects, 'object', 'objects')} opened on ${count(images, 'image', 'images')}.`,
    rest: (known: number, lost: number, failures: readonly string[]): string =>
      [
        known > 0
          ? `${count(known, 'object was', 'objects were')} opened before and ${known === 1 ? 'stays as it is' : 'stay as they are'} now: delete first what is to come back as in the file.`
          : '',
        lost > 0 ? `${count(lost, 'file fits', 'files fit')} no image of the list, or several.` : '',
        failures.length > 0 ? `${count(failures.length, 'file', 'files')} could not be opened: ${failures[0]}` : '',
      ]
        .filter(Boolean)
        .join(' '),
    nowhere: (name: string): string => `No image of the list has the name of ${name || 'these masks'}.`,
    nowhereHint: 'Open the images first; masks are matched by name.',
  },
  help: {
    open: 'Keys and help',
    title: 'Keys and help',
    intro:
      'Left click adds, right click removes. Drag moves the image; the wheel or two fingers zoom it. Shift and click selects the object under the pointer.',
    groups: { tools: 'Tools', canvas: 'On the image', objects: 'Objects', work: 'Files and steps', view: 'View' },
    everything: 'Find everything; once more: stop',
    sign: 'Switch between add and remove',
    brushSmaller: 'Smaller brush',
    brushLarger: 'Larger brush',
    preview: 'Preview under the pointer on or off',
    crosshair: 'Move the crosshair',
    crosshairFast: 'Move the crosshair by ten pixels',
    act: 'Act at the crosshair (click, corner of a box, dab, tick)',
    actOpposite: 'The opposite at the crosshair (remove, erase)',
    removePrompt: 'Take the last click back',
    cancel: 'Give up what is half done; stop a search; let go of the object',
    classNumber: 'Class by number',
    previousObject: 'Previous object',
    nextObject: 'Next object',
    hide: 'Hide or show the object',
    hideAll: 'Hide or show all objects',
    measures: 'Diameters in the image on or off',
    space: 'Hold and drag to move the image with any tool',
  },
  errors: {
    defect: (what: string): string => `Something in this page failed: ${what}.`,
    defectHint: 'Your work is kept. Reload the page if it does not go on.',
    cannotSave: 'This browser does not let the page keep your work.',
    cannotSaveHint: 'Export it before you close the page; private windows and full disks are the usual reasons.',
    otherTab: 'The annotator is open in another tab, so nothing is saved in this one.',
    otherTabHint: 'Go on there, or close that tab and reload this one.',
    cannotForget: 'What is stored in this browser could not be deleted.',
    cannotForgetHint:
      'Close other tabs of the annotator and try again, or delete the data of this site in the settings of the browser.',
    dismiss: 'Dismiss this message',
  },
  /** Files that are not opened, in `{kind}` of the failures. */
  fileKinds: {
    tiff: 'a TIFF picture',
    nifti: 'a NIfTI volume',
    metaimage: 'a MetaImage volume',
    svg: 'a drawing (SVG)',
    pdf: 'a PDF document',
    zip: 'a ZIP archive',
    gzip: 'a compressed file (gzip)',
    heif: 'a HEIF or AVIF picture',
    jpeg2000: 'a JPEG 2000 picture',
    bitmap: 'a bitmap of an unusual kind',
    unknown: 'a file of an unknown kind',
  },
  /** Why something was not done, and what to do, by the code of the error; {names} are its details. */
  failures: {
    IMAGE_TOO_LARGE: [
      'This picture has {width} × {height} pixels, {millions} million in all; at most {maxMillions} million are taken here.',
      'Cut it to the part that matters, or make it smaller; a side may have 32 767 pixels.',
    ],
    IMAGE_DICOM: [
      'This is a DICOM file, and this page opens ordinary pictures.',
      'Export the frame you need as PNG from your viewer and open that.',
    ],
    IMAGE_CLIP: [
      'This is a clip, and this page opens single pictures.',
      'Pause the clip at the frame you need, save it as PNG and open that.',
    ],
    IMAGE_CORRUPT: ['This picture is empty, damaged or incomplete and cannot be opened.', 'Copy or export it again.'],
    IMAGE_UNSUPPORTED: [
      'This is {kind}, which this page does not open.',
      'Save the picture as PNG or JPEG and open that.',
    ],
    IMAGE_UNREADABLE: [
      'The browser could not read this file: it was moved, changed or is not allowed.',
      'Open it again.',
    ],
    IMAGE_FORMAT: [
      'Masks as a picture are opened from PNG files, and this is none.',
      'Save the masks as PNG: other formats may change their values.',
    ],
    CLASS_PNG_COLOURS: [
      'This picture holds colours or values over 255, and masks as a picture hold numbers of classes.',
      'Save it as 8-bit grey or with a palette, 0 being the background.',
    ],
    ANNOTATIONS_JSON: [
      'No masks can be read from {path}: {where} is missing or wrong.',
      'COCO JSON and the JSON of this page and of samus segment are read.',
    ],
    COCO_INVALID: ['This COCO JSON is incomplete or damaged.', OPEN_AGAIN],
    COCO_SIZE: [
      'Masks of {width} × {height} pixels were expected in this COCO JSON, there are some of {rleWidth} × {rleHeight}.',
      OPEN_AGAIN,
    ],
    RLE_INVALID: ['A mask of this file is damaged.', OPEN_AGAIN],
    POLYGON_INVALID: ['An outline of this file has too few corners, or corners that are no numbers.', OPEN_AGAIN],
    MASK_SIZE: [
      'Masks of {askedWidth}x{askedHeight} pixels were expected for {name}, {width}x{height} came.',
      'Open masks that were made on this image at this size.',
    ],
    MASK_CONTENT: [
      'The masks of {name} were expected to be made on an image of the list, they were made on another file of that name.',
      'Open the image that they were made on, and then the masks.',
    ],
    EXPORT_IMAGE: [
      'Nothing was exported: the browser could not read {path} any more.',
      'Open it again, take it off the list, or export masks alone.',
    ],
    EXPORT_WRITE: [
      'The results could not be written into {name}.',
      'Nothing of this export was left there. See that the folder is still there and has room, or download.',
    ],
    CLASSES_FULL: ['At most 255 classes were expected, there are more.', 'Remove classes that no object has.'],
    ARCHIVE_CORRUPT: ['This zip archive is damaged or of a kind that is not read.', 'Unpack it and open the folder.'],
    ARCHIVE_TOO_LARGE: ['This zip archive holds more than 1 GB of files.', 'Unpack it and open the folder.'],
    DATA_NAME: [
      'The name {name} cannot be one of a file of a data set.',
      'Use letters, digits, spaces and _ . ( ) + - in names of images and of the data set.',
    ],
    IMPORT_NAMES: ['Two images would both become {name} in the data set.', 'Rename one of them and open it again.'],
    PROMPT_POINT_OUTSIDE: BAD_PROMPT,
    PROMPT_BOX_OUTSIDE: BAD_PROMPT,
    PROMPT_BOX_EMPTY: BAD_PROMPT,
    ADAPT_TOO_FEW: [
      'There are too few images with a mask marked as done to learn from.',
      'Mark the masks of a few more images as done (key C).',
    ],
    ADAPT_NAN: ['Learning went astray and was ended; nothing has changed.', 'Look through the masks and try again.'],
    WORKER_BROKEN: ['A background task of this page has ended.', 'Reload the page; your work is kept.'],
    RUNTIME_OUT_OF_MEMORY: [
      'There is not enough memory.',
      'Close other tabs and programs and try again, or have the server compute.',
    ],
    RUNTIME_FAILED: ['The model could not be run in this browser.', 'Try again, or have the server compute.'],
    PROVIDER_UNAVAILABLE: [
      'This browser cannot run the model.',
      'Use a current version of Chrome, Edge, Firefox or Safari, or have the server compute.',
    ],
    ENGINE_IMAGE_UNKNOWN: READ_AGAIN,
    IMAGE_UNKNOWN: READ_AGAIN,
    MODEL_UNREACHABLE: ['The model could not be loaded.', 'Check the connection to the server and reload the page.'],
    MODEL_INVALID: BAD_MODEL,
    MODEL_QUANTISED: BAD_MODEL,
    MODEL_ARCHITECTURE_UNKNOWN: BAD_MODEL,
    MODEL_ARCHITECTURE_UNSUPPORTED: BAD_MODEL,
    CONFIG_ARCHITECTURE: BAD_MODEL,
    CONFIG_FIELD: BAD_MODEL,
    CONFIG_INVALID: BAD_MODEL,
    CHECKPOINT_BOOL_VALUE: BAD_MODEL,
    CHECKPOINT_MEMORY: BAD_MODEL,
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
    SERVER_UNREACHABLE: [
      'The server does not answer.',
      'Check that it still runs, or switch to working in the browser.',
    ],
    SERVER_BUSY: [
      'The server has more to do than it can take.',
      'Try again in a moment, or switch to working in the browser.',
    ],
    SERVER_ANSWER: [
      'The server gave an answer that was not understood (status {status}).',
      'Reload the page; its version and the server’s may differ.',
    ],
    TOKEN_MISSING: [
      'The server does not know this browser any more.',
      'Open the address with the token again, as you did the first time.',
    ],
    TOKEN_WRONG: [
      'The server has another token now.',
      'Ask whoever runs the server for the address with the new token, and open that.',
    ],
    ORIGIN_FOREIGN: [
      'The server takes this page for one of another site.',
      'Tell whoever runs the server: what stands in front of it has to hand the Host header on.',
    ],
    HOST_UNKNOWN: [
      'The server does not know itself by the name in this address.',
      'Tell whoever runs the server: the name has to be allowed (--allow-host).',
    ],
    REQUEST_TOO_LARGE: ['This image is larger than the server takes.', 'Switch to working in the browser.'],
    MODEL_UNKNOWN: ['The server does not have this model any more.', 'Reload the page.'],
    INTERNAL: ['The server failed on this.', 'Try again, or switch to working in the browser.'],
  },
  /** The README.md that goes with a downloaded model, as Markdown. */
  card: {
    research: '**Research use only, not for diagnosis.** This is no medical device.',
    notBetter: (from: string): string =>
      `**This adaptation was not better than ${from}.** By the rule of the page it was not put to use; it is kept for study.`,
    made: (from: string, day: string): string =>
      `${from}, adapted in the annotator of samus to the masks of one person on ${day}: adapters, CNN branch and position adapter were trained further, all other weights are as they were. \`config.json\` has all sizes, \`model.safetensors\` the weights in 16 bits.`,
    use: 'Use',
    learned: 'What it learned from',
    learnedFrom: (trained: number, steps: number, heldOut: number): string =>
      `${trained} images with one mask each (the largest that was marked as done), ${steps} steps. ${heldOut} further images were held out to judge by. None of the images is in this folder; weights can still carry traces of what they were trained on, so treat the file as you treat the images.`,
    scores: 'Scores',
    meanDice: 'Mean Dice of the mask that one click gives:',
    columns: ['judged by', 'images', 'before', 'after'],
    heldOut: 'images held out',
    phantoms: 'phantoms',
    fixed: 'fixed',
    hint: 'The images held out are few, from the same source, and they also decided whether the model is better: the score after is a hint and no measurement. `samus evaluate` on images that nobody trained on is one.',
    limits: 'Limits',
    limitsOf: (from: string): string =>
      `Those of ${from}, and: what is not like the images above may have become worse.`,
  },
} as const;

/** Codes of errors that have words here. */
export type FailureCode = keyof typeof text.failures;
/** Files that are not opened and have a name here. */
export type FileKind = keyof typeof text.fileKinds;
